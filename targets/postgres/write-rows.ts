import type { ClientBase } from 'pg';
import { RetryLater } from '../../core/errors.ts';
import type { Folded, Logged, Written } from '../../core/fold.ts';
import type { LandedStream } from '../../core/landed-stream.ts';
import type { StagedRecord, StreamRun } from '../../core/staged.ts';
import { copyInto, refusedLine } from './copy.ts';
import { eventColumns, type Line, type PostgresLines, receivedColumns } from './page-lines.ts';
import { pgError } from './pg-error.ts';
import { quoted } from '../../core/sql-text.ts';
import { rowColumns } from './target-table.ts';

/** PostgreSQL refused the data of one record; which one, and in its words without the value. */
export class RefusedRow extends Error {
  readonly hash: string;
  readonly ordinal: number;
  readonly path: string;
  readonly record: StagedRecord;
  constructor(message: string, record: StagedRecord, path: string) {
    super(message);
    this.hash = record.hash;
    this.ordinal = record.ordinal;
    this.path = path;
    this.record = record;
  }
}

interface WriteInput {
  readonly stream: LandedStream;
  readonly run: Pick<StreamRun, 'streamId' | 'runNo'>;
  readonly table: string;
  readonly folded: Omit<Folded<StagedRecord>, 'odd' | 'behindDeletes'>;
  /** As the fold counts them. */
  readonly pages: readonly PageToWrite[];
}

export interface PageToWrite {
  /** Its number in the ledger. */
  readonly page: number;
  readonly lines: PostgresLines;
  /** When it came with another run than this one. */
  readonly run?: number;
}

export const stagingOf = (streamId: number): string => `staging_${streamId}`;

/** Writes what the fold decided: events and new rows straight by COPY, changed rows through a staging table. */
export async function writeRows(client: ClientBase, input: WriteInput): Promise<void> {
  const { folded, stream, run, table } = input;
  const events = `events_${run.streamId}`;
  // A commit is of pages as they come or of a replay, never of both.
  if (folded.events[0]?.record.received === undefined)
    await copyRecords(client, `${events} (${eventColumns})`, folded.events, eventPieces(input));
  else
    await copyRecords(
      client,
      `${events} (${eventColumns}, ${receivedColumns})`,
      folded.events,
      replayedEventPieces(input),
    );
  await copyRecords(client, `${table} (${rowColumns(stream)})`, folded.inserts, rowPieces(input));
  if (folded.updates.length > 0) await updateRows(client, input);
}

function* eventPieces({ folded, pages }: WriteInput): Generator<Buffer> {
  const run = new Stretch();
  for (const logged of folded.events) {
    const { record, page: index, event } = logged;
    const { page, lines } = pages[index] as PageToWrite;
    const done = run.take(lines.eventLine(record.line, { event, page }, operationOf(logged)));
    if (done !== undefined) yield done;
  }
  yield run.end();
}

function* replayedEventPieces({ folded, pages }: WriteInput): Generator<Buffer> {
  for (const logged of folded.events) {
    const { record, page: index, event } = logged;
    const { page, lines } = pages[index] as PageToWrite;
    const { bytes, from, to } = lines.eventLine(record.line, { event, page }, operationOf(logged));
    yield bytes.subarray(from, to - 1);
    const { received, ordinal } = record;
    // One whose turn came late is received with its own page.
    const isOwn = received === undefined || (received.page === page && received.ordinal === ordinal);
    yield Buffer.from(isOwn ? nowhereElse : `\t${received.page}\t${received.ordinal}\n`);
  }
}

const nowhereElse = '\t\\N\t\\N\n';

const operationOf = ({ record, stale, waits }: Logged<StagedRecord>): 'u' | 's' | 'd' | 'w' =>
  waits === true ? 'w' : (record.operation ?? (stale === true ? 's' : 'u'));

function* rowPieces({ folded, pages, run: { runNo } }: WriteInput): Generator<Buffer> {
  const run = new Stretch();
  for (const { record, page: index, event } of folded.inserts) {
    const { page, lines, run: of = runNo } = pages[index] as PageToWrite;
    const done = run.take(lines.rowLine(record.line, { event, page, run: of }));
    if (done !== undefined) yield done;
  }
  yield run.end();
}

function* updatePieces({ folded, pages, run: { runNo } }: WriteInput): Generator<Buffer> {
  for (const { record, page: index, event, previous } of folded.updates) {
    const { page, lines, run = runNo } = pages[index] as PageToWrite;
    const { bytes, from, to } = lines.rowLine(record.line, { event, page, run });
    yield bytes.subarray(from, to - 1);
    yield Buffer.from(`\t${previous}\n`);
  }
}

/** Lines that stand side by side in one block leave as one piece. */
class Stretch {
  #bytes: Buffer = Buffer.alloc(0);
  #from = 0;
  #to = 0;

  /** The piece that this line does not continue. */
  take({ bytes, from, to }: Line): Buffer | undefined {
    if (bytes === this.#bytes && from === this.#to) {
      this.#to = to;
      return undefined;
    }
    const done = this.#to > this.#from ? this.end() : undefined;
    this.#bytes = bytes;
    this.#from = from;
    this.#to = to;
    return done;
  }

  end(): Buffer {
    return this.#bytes.subarray(this.#from, this.#to);
  }
}

/** The update only touches a row that still stands for the event the decision was made against. */
async function updateRows(client: ClientBase, input: WriteInput): Promise<void> {
  const { stream, table, folded } = input;
  const staging = stagingOf(input.run.streamId);
  await client.query(`create temp table ${staging} (like ${table} including defaults) on commit drop`);
  await client.query(`alter table ${staging} add column _previous bigint not null`);
  await copyRecords(client, `${staging} (${rowColumns(stream)}, _previous)`, folded.updates, updatePieces(input));
  const set = [
    ...stream.columns.map((column) => column.name),
    ...'_extra _event _page _run _version _hash _loaded_at'.split(' '),
  ]
    .map((name) => `${quoted(name)} = s.${quoted(name)}`)
    .join(', ');
  const same = stream.keyColumns.map(({ name }) => `t.${quoted(name)} = s.${quoted(name)}`).join(' and ');
  const { rowCount } = await client.query(
    `update ${table} t set ${set}, _deleted_at = null from ${staging} s where ${same} and t._event = s._previous`,
  );
  if (rowCount !== folded.updates.length)
    throw new RetryLater(`${stream.schema}.${stream.table} was changed by somebody else meanwhile`, {
      afterMs: 0,
    });
}

/** Classes of SQLSTATE that speak of the data: 22 data exception, 54 program limit (depth of JSON, size of a key). */
const aboutData = /^(22|54)/;

async function copyRecords(
  client: ClientBase,
  into: string,
  rows: readonly Written<StagedRecord>[],
  pieces: Iterable<Buffer>,
): Promise<void> {
  if (rows.length === 0) return;
  let taken: number;
  try {
    taken = await copyInto(client, into, pieces);
  } catch (error) {
    const { code, routine } = pgError(error);
    const row = rows[(refusedLine(error)?.line ?? 0) - 1];
    // What a trigger's function makes of the data says nothing of the data.
    if (!aboutData.test(code) || routine !== undefined || row === undefined) throw error;
    throw new RefusedRow(`the warehouse refused it (SQLSTATE ${code})`, row.record, refusedColumn(error));
  }
  if (taken !== rows.length)
    throw new RetryLater(`${into.split(' ')[0]} took ${taken} of ${rows.length} rows: a trigger leaves rows out`, {
      afterMs: 0,
    });
}

/** `COPY payments, line 3, column amount: "…"`: the column's name, never its value. */
function refusedColumn(error: unknown): string {
  const where = error instanceof Error && 'where' in error ? String(error.where) : '';
  return /^COPY \S+, line \d+, column ([^:\n]+)/m.exec(where)?.[1] ?? '';
}
