import type { ClientBase } from 'pg';
import type { CompiledStream } from '../definitions/compiled.ts';
import { withoutFreeze } from '../definitions/contract.ts';
import { fillFromLog } from './fill-from-log.ts';
import type { Asked } from '../store/log/event-row.ts';
import { nextListing } from '../store/log/listings.ts';
import { quoted } from '../core/sql-text.ts';
import type { RebuildScope } from './rebuild-scope.ts';
import type { UnfitEvent } from './stage-log.ts';
import { createTarget } from './create-target.ts';

/** How far a rebuild has come. */
export interface RebuildProgress {
  /** Up to which event the log was read. */
  readonly events: number;
  /** The last event there was when that part of the log was begun. */
  readonly of: number;
}

/** An event that fits no longer, without what it says. */
export type Unfit = Pick<UnfitEvent, 'event' | 'key' | 'hash' | 'path' | 'reason'>;

export const buildOf = ({ schema }: CompiledStream, streamId: number): string =>
  `${quoted(schema)}.${quoted(`_build_${streamId}`)}`;

interface Build {
  readonly stream: CompiledStream;
  readonly streamId: number;
  /** Reads the log while the other connection writes what was read before. */
  readonly reader: Asked;
  /** Left out: all of the log is read. */
  readonly scope?: RebuildScope | undefined;
}

/** A table beside the live one, made of the log from its beginning. Nobody waits for it: only its last events need the stream's lock. */
export class BuildTable {
  readonly name: string;
  /** By their numbers. */
  readonly unfit = new Map<number, Unfit>();
  #upTo = 0;
  readonly #client: ClientBase;
  readonly #reader: Asked;
  readonly #stream: CompiledStream;
  readonly #streamId: number;
  readonly #scope: RebuildScope | undefined;

  private constructor(client: ClientBase, { stream, streamId, reader, scope }: Build) {
    this.#client = client;
    this.#reader = reader;
    // An event that fits no longer is told to whoever asked; it does not stop the others.
    this.#stream = withoutFreeze(stream);
    this.#streamId = streamId;
    this.#scope = scope;
    this.name = buildOf(stream, streamId);
  }

  /** One that an interrupted rebuild left behind goes. */
  static async begin(client: ClientBase, asked: Build): Promise<BuildTable> {
    const build = new BuildTable(client, asked);
    await build.drop();
    await client.query(createTarget(asked.stream, build.name, 'unlogged'));
    return build;
  }

  /** Reads on in transactions of its own, until it has nearly caught up. */
  async catchUp(progress: (at: RebuildProgress) => void): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const of = await lastEvent(this.#client, this.#streamId);
      if (round > 0 && (await this.isNear(of))) return;
      await this.#fill(of, progress, true);
      progress({ events: of, of });
      await this.#client.query(`analyze ${this.name}`);
    }
  }

  /** What is left takes a moment. A listing takes effect as a whole, however long ago it began. */
  async isNear(lastEventNow: number): Promise<boolean> {
    if (this.#stream.definition.disposition !== 'replace') return lastEventNow - this.#upTo <= NEAR;
    const range = { streamId: this.#streamId, after: this.#upTo, to: lastEventNow };
    return (await nextListing(this.#client, { ...range, keyed: this.#stream.keyColumns.length > 0 })) === undefined;
  }

  /** Reads the last events in the caller's transaction. */
  async finish(upTo: number): Promise<void> {
    await this.#fill(upTo, () => {}, false);
  }

  async drop(): Promise<void> {
    await this.#client.query(`drop table if exists ${this.name}`);
  }

  async #fill(upTo: number, progress: (at: RebuildProgress) => void, inParts: boolean): Promise<void> {
    const scope = this.#scope;
    await scope?.gather({ after: this.#upTo, to: upTo });
    // Its tables are its connection's own: no other one can read by them.
    const beside = scope === undefined ? { reader: this.#reader } : {};
    await fillFromLog(this.#client, {
      stream: this.#stream,
      streamId: this.#streamId,
      table: this.name,
      after: this.#upTo,
      to: upTo,
      ...(scope === undefined ? {} : { only: scope.events, clears: true }),
      read: (_, events) => progress({ events, of: upTo }),
      unfit: async (events) => {
        for (const { event, key, hash, path, reason } of events)
          this.unfit.set(event, { event, key, hash, path, reason });
      },
      ...(inParts ? { ...beside, inTransaction: (work) => inTransaction(this.#client, work) } : {}),
    });
    this.#upTo = upTo;
  }
}

/** So many events may be read while the stream's writers wait. */
const NEAR = 5000;
/** A stream that is written faster than it is read anew would never be caught up: the rest is then read under its lock. */
const MOST_ROUNDS = 20;

async function inTransaction(client: ClientBase, work: () => Promise<void>): Promise<void> {
  await client.query('begin');
  try {
    await work();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

export async function lastEvent(client: ClientBase, streamId: number, lock: '' | 'for update' = ''): Promise<number> {
  const { rows } = await client.query<{ last_event: string }>(
    `select last_event from streams where stream_id = $1 ${lock}`,
    [streamId],
  );
  return Number(rows[0]?.last_event);
}
