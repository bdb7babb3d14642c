import type { ClientBase } from 'pg';
import type { Head } from '../core/decide.ts';
import type { Folded } from '../core/fold.ts';
import { needId, type Need } from '../core/need.ts';
import type { StagedPage, StagedRecord } from '../core/staged.ts';
import { turnsOf, type Turn } from '../core/turns.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { needsThere } from './needs-there.ts';
import { lockRelated, type LockedStream } from './related-locks.ts';
import { releaseFor } from './release-waiting.ts';
import { ordersByArrival } from '../store/quarantine/supersede.ts';
import { waitingContents } from '../store/waiting/find-waiting.ts';
import { noteWaiting, supersedeWaiting, waitAgain } from '../store/waiting/note-waiting.ts';
import { headKey, withHeadKey } from '../targets/postgres/heads.ts';
import { holdersOf, type Holders } from '../targets/postgres/present.ts';
import { stagingOf } from '../targets/postgres/write-rows.ts';

type Records = readonly (readonly StagedRecord[])[];

/** What the commit of a stream does that needs others, or that others need: who waits, and who waits no longer. */
export class RelatedCommit {
  readonly #client: ClientBase;
  readonly #stream: CompiledStream;
  readonly #locked: ReadonlyMap<string, LockedStream>;
  readonly #fresh: Place[] = [];
  readonly #again: Place[] = [];
  #pages: Records = [];
  #firstPage = 0;

  private constructor(client: ClientBase, stream: CompiledStream, locked: ReadonlyMap<string, LockedStream>) {
    this.#client = client;
    this.#stream = stream;
    this.#locked = locked;
  }

  /** Takes the locks: the first thing that a commit does. undefined: the stream has no relations. */
  static async begin(client: ClientBase, stream: CompiledStream): Promise<RelatedCommit | undefined> {
    if (stream.relations === undefined) return undefined;
    // Without dependents the commit's own lock is enough.
    const locked = stream.relations.dependents.length === 0 ? new Map() : await lockRelated(client, stream);
    return new RelatedCommit(client, stream, locked);
  }

  /** Looks at what the records need. undefined: all of it is there, and they are decided in the order in which they came. */
  async turns(
    streamId: number,
    came: { readonly pages: Records; readonly firstPage: number; readonly heads: ReadonlyMap<string, Head> },
  ): Promise<Generator<Turn<StagedRecord>, void, boolean> | undefined> {
    this.#pages = came.pages;
    this.#firstPage = came.firstPage;
    const { relations, name } = this.#stream;
    const needing = came.pages.flat().filter(({ needs }) => needs !== undefined);
    if (relations === undefined || needing.length === 0) return undefined;
    const needs = needing.flatMap((record) => record.needs ?? []);
    const there = await needsThere(this.#client, relations, needs);
    const lacking = needing.filter((record) => record.needs?.some((need) => !there.has(needId(need))) === true);
    // What is there now may be gone before the record's turn.
    const mayGo = relations.dependents.includes(name) && came.pages.some((page) => page.some(isDelete));
    if (lacking.length === 0 && !mayGo) return undefined;
    const keys = lacking.flatMap(({ key }) => key ?? []);
    const contents = await waitingContents(this.#client, { streamId, keys });
    const holders = mayGo ? await this.#holders(came.pages, needs) : undefined;
    return this.#noted(
      turnsOf({
        holders,
        pages: came.pages.map((records, at) => records.map((record) => placed(record, came.firstPage + at))),
        stream: name,
        isThere: (need) => there.has(needId(need)),
        isKnown: (record) => {
          const head = came.heads.get(headKey(this.#stream, record) ?? '');
          return head?.hash === record.hash && head.deletedAt === undefined;
        },
        isWaiting: ({ key, hash }) => contents.has(`${key} ${hash}`),
        late: (record, { passedBy }) => ({
          ...record,
          late: true,
          superseded:
            record.superseded === true ||
            passedBy === 'delete' ||
            (passedBy === 'record' && ordersByArrival(this.#stream)),
        }),
      }),
    );
  }

  /** Who has what is needed of this stream by a field, while its records may go. */
  async #holders(pages: Records, needs: readonly Need[]): Promise<ReadonlyMap<string, Holders> | undefined> {
    const { name, relations } = this.#stream;
    const own = needs.filter(({ stream, field }) => stream === name && field !== '');
    if (own.length === 0) return undefined;
    const keys = [...new Set(pages.flat().flatMap((record) => (isDelete(record) ? (record.key ?? []) : [])))];
    const found = new Map<string, Holders>();
    for (const field of new Set(own.map((need) => need.field))) {
      const columns = relations?.offers.find((offer) => offer.field === field)?.columns ?? [];
      const values = own.flatMap((need) => (need.field === field ? [need.value] : []));
      for (const [value, holders] of await holdersOf(this.#client, { stream: this.#stream, columns, values, keys }))
        found.set(needId({ stream: name, field, value }), holders);
    }
    return found;
  }

  /** The same turns, by the keys of the heads; who waits is kept in mind. */
  *#noted(turns: Generator<Turn<StagedRecord>, void, boolean>): Generator<Turn<StagedRecord>, void, boolean> {
    for (let turn = turns.next(true); turn.done !== true;) {
      const { record, page, waits } = turn.value;
      if (waits === 'new') this.#fresh.push({ record, page });
      if (waits === 'again') this.#again.push({ record, page });
      turn = turns.next(yield { ...turn.value, record: withHeadKey(this.#stream, record) });
    }
  }

  /** The records that were told to the table, page by page. */
  told(): readonly Pick<StagedPage, 'records'>[] {
    const waits = new Set([...this.#fresh, ...this.#again].map(({ record, page }) => `${page} ${record.ordinal}`));
    return this.#pages.map((records, page) => ({
      records: waits.size === 0 ? records : records.filter(({ ordinal }) => !waits.has(`${page} ${ordinal}`)),
    }));
  }

  /** Notes who waits, and releases who waited for what came. Call it when the pages are in the ledger. */
  async finish(streamId: number, folded: Folded<StagedRecord>): Promise<void> {
    const { relations } = this.#stream;
    if (relations === undefined) return;
    const client = this.#client;
    if (relations.needs.length > 0) await this.#note(streamId, folded);
    if (relations.dependents.length === 0) return;
    const brought = [...folded.inserts, ...folded.updates, ...folded.behindDeletes].flatMap(({ record, event }) =>
      (record.offers ?? []).map((offer) => ({ ...offer, event })),
    );
    if (brought.length === 0) return;
    if (folded.updates.length > 0) await client.query(`drop table ${stagingOf(streamId)}`);
    await releaseFor(client, { locked: this.#locked, stream: this.#stream.name, brought });
  }

  async #note(streamId: number, { events }: Folded<StagedRecord>): Promise<void> {
    const within = new Map((this.#stream.relations?.needs ?? []).map(({ name, withinMs }) => [name, withinMs]));
    const logged = events.filter(({ waits }) => waits === true);
    const fresh = this.#fresh.map(({ record, page }, at) => {
      const { key, hash, needs = [] } = record;
      const withinMs = Math.min(...needs.map(({ name }) => within.get(name) ?? Infinity));
      const event = logged[at]?.event as number;
      return { event, key, hash, received: this.#receivedOf(record, page), needs, withinMs };
    });
    await noteWaiting(this.#client, { streamId, records: fresh });
    const again = this.#again.flatMap(({ record: { key, hash, ...record }, page }) =>
      key === null ? [] : [{ key, hash, received: this.#receivedOf(record, page) }],
    );
    const byArrival = ordersByArrival(this.#stream);
    if (byArrival) await waitAgain(this.#client, { streamId, came: again });
    // A delete without a version counts from when it came, whatever versions what waits has.
    const came = this.told().flatMap(({ records }, page) =>
      records.flatMap((record) =>
        record.key === null || !(byArrival || (record.operation === 'd' && record.version === null))
          ? []
          : [{ key: record.key, received: this.#receivedOf(record, page) }],
      ),
    );
    await supersedeWaiting(this.#client, { streamId, came });
  }

  #receivedOf({ received, ordinal }: Pick<StagedRecord, 'received' | 'ordinal'>, page: number) {
    return received ?? { page: this.#firstPage + page, ordinal };
  }
}

const isDelete = ({ operation }: StagedRecord): boolean => operation === 'd';

interface Place {
  readonly record: StagedRecord;
  /** Index of its page. */
  readonly page: number;
}

/** A staged record reads its version and hash from its line: it is no object that can be spread. */
function placed(record: StagedRecord, page: number): StagedRecord {
  const {
    ordinal,
    operation,
    key,
    version,
    hash,
    line,
    received = { page, ordinal },
    superseded,
    needs,
    offers,
  } = record;
  return {
    ordinal,
    operation,
    key,
    version,
    hash,
    line,
    received,
    ...(superseded === undefined ? {} : { superseded }),
    ...(needs === undefined ? {} : { needs }),
    ...(offers === undefined ? {} : { offers }),
  };
}
