import type { ClientBase } from 'pg';
import { rowOfGone } from '../core/row-of-gone.ts';
import { parseJson } from '../core/json.ts';
import type { LoggedRecord } from '../core/fold-log.ts';
import { keyParts } from '../core/key-text.ts';
import { keepsRows, knowsDeletes } from '../core/landed-stream.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { includesParents, withParents, type Received } from '../records/received.ts';
import { stageInSteps } from '../records/stage-records.ts';
import type { LineWriter, StagedRecord } from '../core/staged.ts';
import { postgresLineWriter, postgresRowWriter, type PostgresLines } from '../targets/postgres/page-lines.ts';
import type { LoggedEvent, Operation } from '../core/logged-event.ts';
import type { Asked } from '../store/log/event-row.ts';
import { largeChunk, readLog, usualChunk, type EventRange } from '../store/log/read-log.ts';
import { RefusedRow, type PageToWrite } from '../targets/postgres/write-rows.ts';

/** Events of the log, checked and staged as if they had just come, under their own numbers. */
export interface StagedEvents {
  readonly written: readonly LoggedRecord<StagedRecord>[];
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
  /** Records of these keys, as the log calls them, are gone. Streams that know deletes have them among what is written. */
  readonly remove?: (keys: readonly string[]) => Promise<void>;
  readonly unfit: (events: readonly UnfitEvent[]) => Promise<void>;
  /** Does the work of a chunk in a transaction. Left out: the caller has one. */
  readonly inTransaction?: (work: () => Promise<void>) => Promise<void>;
  /** Reads the log beside the writing, further than is written. Left out: the one that writes does, in turn. */
  readonly reader?: Asked;
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
  const knows = knowsDeletes(stream);
  const operations: readonly Operation[] = keepsRows(stream) ? ['u', 's', 'd'] : ['u', 'd'];
  const { reader } = work;
  const split = knows ? (chunk: readonly LoggedEvent[]) => [chunk] : partsOf;
  const chunks =
    reader === undefined
      ? staged(
          { stream, split },
          readLog(client, range, { operations, size: work.inTransaction === undefined ? usualChunk : largeChunk }),
        )
      : ahead(staged({ stream, split }, ahead(readLog(reader, range, { operations, size: largeChunk }))));
  for await (const { parts, count, last } of chunks) {
    events += count;
    await inTransaction(async () => {
      for (const part of parts) {
        if (part.staged === undefined) {
          await work.remove?.(part.events.flatMap(({ key }) => (key === null ? [] : [key])));
          continue;
        }
        const unfit = await writeChunk(client, { stream, events: part.events, first: part.staged, write: work.write });
        if (unfit.length > 0) await work.unfit(unfit);
      }
    });
    work.read?.(events, last);
  }
  return events;
}

interface ChunkToWrite {
  readonly parts: readonly {
    readonly events: readonly LoggedEvent[];
    /** undefined: their keys are gone. */
    readonly staged: StagedChunk | undefined;
  }[];
  readonly count: number;
  readonly last: number;
}

async function* staged(
  {
    stream,
    split,
  }: {
    readonly stream: CompiledStream;
    readonly split: (chunk: readonly LoggedEvent[]) => readonly (readonly LoggedEvent[])[];
  },
  chunks: AsyncIterable<readonly LoggedEvent[]>,
): AsyncGenerator<ChunkToWrite> {
  const knows = knowsDeletes(stream);
  for await (const chunk of chunks) {
    const parts: ChunkToWrite['parts'][number][] = [];
    for (const events of split(chunk)) {
      const isGone = !knows && events[0]?.operation === 'd';
      parts.push({ events, staged: isGone ? undefined : await stageEvents(stream, events) });
    }
    yield { parts, count: chunk.length, last: chunk.at(-1)?.event ?? 0 };
  }
}

/** The next one is made ready while the caller is at work with one. */
async function* ahead<T>(chunks: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = chunks.next();
  // Whoever stops early waits for nothing.
  next.catch(() => {});
  for (;;) {
    const { value, done } = await next;
    if (done === true) return;
    next = chunks.next();
    next.catch(() => {});
    yield value;
  }
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

interface ToWrite {
  readonly stream: CompiledStream;
  readonly events: readonly LoggedEvent[];
  /** Of all of them. */
  readonly first: StagedChunk;
  readonly write: LogWork['write'];
}

async function writeChunk(
  client: ClientBase,
  { stream, events: all, first, write }: ToWrite,
): Promise<readonly UnfitEvent[]> {
  const unfit: UnfitEvent[] = [];
  let events = all;
  for (let chunk = first; ; chunk = await stageEvents(stream, events)) {
    const { lines, rejected, ...rows } = chunk;
    await client.query('savepoint chunk');
    try {
      await write(rows);
      await client.query('release savepoint chunk');
      return [...unfit, ...rejected];
    } catch (error) {
      if (!(error instanceof RefusedRow)) throw error;
      await client.query('rollback to savepoint chunk');
      const refused = rows.written.find(({ record }) => record.ordinal === error.ordinal);
      if (refused === undefined) throw error;
      const { key, hash } = refused.record;
      const event = events.find((other) => other.event === refused.event) as LoggedEvent;
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

/** `again`: they are logged anew, received with a page in which the first of them has this place. Left out: only rows are made of them. */
export async function stageEvents(
  stream: CompiledStream,
  events: readonly LoggedEvent[],
  again?: { readonly firstOrdinal: number; readonly receivedAt: string },
): Promise<StagedChunk> {
  const firstOrdinal = again?.firstOrdinal ?? 0;
  const complete = withParents(stream);
  const isWhole = !includesParents(stream);
  const gone = events.filter(({ operation }) => operation === 'd');
  const came = gone.length === 0 ? events : events.filter(({ operation }) => operation !== 'd');
  const received = came.map(({ payload, parents, hash }): Received => {
    const record = complete(parseJson(payload), parents);
    // What a record was completed with is known to the definition of that time alone.
    return { payload, ascii: false, record, hash: isWhole && parents.length === 0 ? hash : undefined };
  });
  const size = { chars: events.reduce((sum, { payload }) => sum + payload.length, 0), records: events.length };
  const writer =
    again === undefined ? postgresRowWriter(size) : postgresLineWriter({ ...size, receivedAt: again.receivedAt });
  // What the log says came, came, whatever it would be now.
  const made = await stageInSteps({ ...stream, isDelete: undefined }, received, writer, firstOrdinal);
  const ordered = gone.length === 0 ? came : [...came, ...gone];
  const eventOf = ({ ordinal }: { readonly ordinal: number }): LoggedEvent =>
    ordered[ordinal - firstOrdinal] as LoggedEvent;
  const records =
    gone.length === 0
      ? made.records
      : [
          ...made.records,
          ...gone.flatMap((event, i) => stageGone(stream, event, { writer, ordinal: firstOrdinal + came.length + i })),
        ].toSorted((a, b) => eventOf(a).event - eventOf(b).event);
  const lines = writer.finish() as PostgresLines;
  return {
    lines,
    written: records.map((record, page) => {
      const event = eventOf(record);
      const of = { record: withReceived(record, event), page, event: event.event };
      return event.operation === 'd' || event.operation === 's'
        ? { ...of, operation: event.operation, deletedAt: event.deletedAt }
        : of;
    }),
    pages: records.map((record) => {
      const { page, run } = eventOf(record);
      return { page, run, lines };
    }),
    rejected: made.rejected.map(({ key, path, reason, hash, ...at }) => ({ ...eventOf(at), key, path, reason, hash })),
  };
}

/** All that is known of a record that is gone is its key. None where another definition had another key. */
function stageGone(
  stream: CompiledStream,
  { key, version, hash, payload }: LoggedEvent,
  { writer, ordinal }: { readonly writer: LineWriter; readonly ordinal: number },
): StagedRecord[] {
  const { keyColumns } = stream;
  if (key === null) return [];
  const parts = keyColumns.length === 1 || key.startsWith('[') ? keyParts(key, keyColumns.length) : [];
  if (parts.length !== keyColumns.length) return [];
  const texts = [...rowOfGone(stream, parts), null];
  const of = { ordinal, operation: 'd', key, version, hash, eventTime: null, payload } as const;
  return [writer.add({ ...of, columns: texts, plain: false, ascii: false })];
}

/** A staged record reads its version and hash from its line: it is no object that can be spread. */
const withReceived = (record: StagedRecord, { received }: LoggedEvent): StagedRecord => {
  const { ordinal, operation, key, version, hash, line } = record;
  return { ordinal, operation, key, version, hash, line, received };
};
