import type { ClientBase } from 'pg';
import { parseJson } from '../core/json.ts';
import type { Written } from '../core/fold.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { withParents } from '../records/received.ts';
import { stageInSteps } from '../records/stage-records.ts';
import type { StagedRecord } from '../core/staged.ts';
import { postgresLineWriter, type PostgresLines } from '../targets/postgres/page-lines.ts';
import type { LoggedEvent } from '../core/logged-event.ts';
import { readLog, type EventRange } from '../store/log/read-log.ts';
import { RefusedRow, type PageToWrite } from '../targets/postgres/write-rows.ts';

/** Events of the log, checked and staged as if they had just come, under their own numbers. */
export interface StagedEvents {
  readonly written: readonly Written<StagedRecord>[];
  /** One for each of `written`, by its `page`. */
  readonly pages: readonly PageToWrite[];
}

/** An event that fitted when it came and fits no longer: the schema has changed since. */
export interface UnfitEvent extends LoggedEvent {
  readonly path: string;
  readonly reason: string;
}

export interface LogWork {
  readonly write: (staged: StagedEvents) => Promise<void>;
  /** Records of these keys, as the log calls them, are gone. */
  readonly remove?: (keys: readonly string[]) => Promise<void>;
  readonly unfit: (events: readonly UnfitEvent[]) => Promise<void>;
  /** Does the work of a chunk in a transaction. Left out: the caller has one. */
  readonly inTransaction?: (work: () => Promise<void>) => Promise<void>;
  /** How many events were read so far, and the number of the last one. */
  readonly read?: (events: number, last: number) => void;
}

/**
 * Goes through those events of a part of the log that may change a table, a chunk at a time. A row that PostgreSQL refuses counts as unfit, and the chunk is written
 * again without it. Returns how many there are.
 */
export async function throughLog(
  client: ClientBase,
  { stream, range }: { readonly stream: CompiledStream; readonly range: EventRange },
  work: LogWork,
): Promise<number> {
  const { inTransaction = (write) => write() } = work;
  let events = 0;
  for await (const chunk of readLog(client, range, { operations: ['u', 'd'] })) {
    events += chunk.length;
    await inTransaction(async () => {
      for (const part of partsOf(chunk)) {
        if (part[0]?.operation === 'd') {
          await work.remove?.(part.flatMap(({ key }) => (key === null ? [] : [key])));
          continue;
        }
        const unfit = await writeChunk(client, { stream, chunk: part, write: work.write });
        if (unfit.length > 0) await work.unfit(unfit);
      }
    });
    work.read?.(events, chunk.at(-1)?.event ?? 0);
  }
  return events;
}

/** Events of one operation that follow one another. */
function partsOf(chunk: readonly LoggedEvent[]): LoggedEvent[][] {
  const parts: LoggedEvent[][] = [];
  for (const event of chunk) {
    const part = parts.at(-1);
    if (part?.[0]?.operation === event.operation) part.push(event);
    else parts.push([event]);
  }
  return parts;
}

interface Chunk {
  readonly stream: CompiledStream;
  readonly chunk: readonly LoggedEvent[];
  readonly write: LogWork['write'];
}

async function writeChunk(client: ClientBase, { stream, chunk, write }: Chunk): Promise<UnfitEvent[]> {
  const unfit: UnfitEvent[] = [];
  let events = chunk;
  for (;;) {
    const { lines, rejected, ...staged } = await stageEvents(stream, events);
    await client.query('savepoint chunk');
    try {
      await write(staged);
      await client.query('release savepoint chunk');
      return [...unfit, ...rejected];
    } catch (error) {
      if (!(error instanceof RefusedRow)) throw error;
      await client.query('rollback to savepoint chunk');
      const refused = staged.written.find(({ record }) => record.ordinal === error.ordinal);
      if (refused === undefined) throw error;
      const { key, hash } = refused.record;
      const event = events[error.ordinal] as LoggedEvent;
      unfit.push({ ...event, key, hash, path: error.path, reason: error.message });
      events = events.filter((other) => other !== event);
    } finally {
      lines.release();
    }
  }
}

export interface StagedChunk extends StagedEvents {
  readonly lines: PostgresLines;
  readonly rejected: readonly UnfitEvent[];
}

/** `again`: they are logged anew, received with a page in which the first of them has this place. */
export async function stageEvents(
  stream: CompiledStream,
  events: readonly LoggedEvent[],
  again = { firstOrdinal: 0, receivedAt: '' },
): Promise<StagedChunk> {
  const { firstOrdinal, receivedAt } = again;
  const complete = withParents(stream);
  const received = events.map(({ payload, parents }) => {
    return { payload, ascii: false, record: complete(parseJson(payload), parents) };
  });
  const chars = events.reduce((sum, { payload }) => sum + payload.length, 0);
  const writer = postgresLineWriter({ receivedAt, chars, records: events.length });
  const { records, rejected } = await stageInSteps(stream, received, writer, firstOrdinal);
  const lines = writer.finish() as PostgresLines;
  const eventOf = ({ ordinal }: { readonly ordinal: number }): LoggedEvent =>
    events[ordinal - firstOrdinal] as LoggedEvent;
  return {
    lines,
    written: records.map((record, page) => ({
      record: withReceived(record, eventOf(record)),
      page,
      event: eventOf(record).event,
    })),
    pages: records.map((record) => ({ page: eventOf(record).page, run: eventOf(record).run, lines })),
    rejected: rejected.map(({ key, path, reason, hash, ...at }) => ({ ...eventOf(at), key, path, reason, hash })),
  };
}

/** A staged record reads its version and hash from its line: it is no object that can be spread. */
const withReceived = (record: StagedRecord, { received }: LoggedEvent): StagedRecord => {
  const { ordinal, key, version, hash, line } = record;
  return { ordinal, key, version, hash, line, received };
};
