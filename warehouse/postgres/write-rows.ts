import type { ClientBase } from 'pg';
import { RetryLater } from '../../core/errors.ts';
import type { Folded, Written } from '../../core/fold.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StagedRecord, StreamRun } from '../warehouse.ts';
import type { Origin } from './commit-pages.ts';
import { ownKey } from './heads.ts';
import { copyField } from './copy-text.ts';
import { copyInto, refusedLine } from './copy.ts';
import { quoted } from './quote.ts';
import { rowColumns } from './target.ts';

/** PostgreSQL refused the data of one record; which one, and in its words without the value. */
export class RefusedRow extends Error {
  readonly hash: string;
  readonly ordinal: number;
  readonly path: string;
  constructor(message: string, record: StagedRecord, path: string) {
    super(message);
    this.hash = record.hash;
    this.ordinal = record.ordinal;
    this.path = path;
  }
}

interface WriteInput {
  readonly stream: CompiledStream;
  readonly run: StreamRun;
  readonly table: string;
  readonly folded: Folded<StagedRecord>;
  /** Per page, as the fold counts them. */
  readonly origins: readonly Origin[];
}

/** Writes what the fold decided: events and new rows straight by COPY, changed rows through a staging table. */
export async function writeRows(client: ClientBase, input: WriteInput): Promise<void> {
  const { folded, stream, run, table } = input;
  await copyRecords(client, `events_${run.streamId} (${eventColumns})`, folded.events, (written) =>
    eventLine(written, input),
  );
  await copyRecords(client, `${table} (${rowColumns(stream)})`, folded.inserts, (written) => rowLine(written, input));
  if (folded.updates.length > 0) await updateRows(client, input);
}

const eventColumns = 'event, page, ordinal, key, version, event_time, received_at, hash, payload';

function eventLine({ record, page: index, event }: Written<StagedRecord>, { origins, stream }: WriteInput): string {
  const { page, fetchedAt } = origins[index] as Origin;
  const ownedKey = ownKey(stream, record);
  const key = record.plain && ownedKey !== null ? ownedKey : copyField(ownedKey);
  const payload = record.plain ? record.payload : copyField(record.payload);
  const version = copyField(record.version);
  return `${event}\t${page}\t${record.ordinal}\t${key}\t${version}\t${copyField(record.eventTime)}\t${fetchedAt}\t${record.hash}\t${payload}\n`;
}

function rowLine({ record, page: index, event }: Written<StagedRecord>, { origins, run }: WriteInput): string {
  const { page } = origins[index] as Origin;
  return `${record.row}\t${event}\t${page}\t${run.runNo}\t${copyField(record.version)}\t${record.hash}\n`;
}

/** The update only touches a row that still stands for the event the decision was made against. */
async function updateRows(client: ClientBase, input: WriteInput): Promise<void> {
  const { stream, table, folded } = input;
  const staging = `staging_${input.run.streamId}`;
  await client.query(`create temp table ${staging} (like ${table} including defaults) on commit drop`);
  await client.query(`alter table ${staging} add column _previous bigint not null`);
  await copyRecords(client, `${staging} (${rowColumns(stream)}, _previous)`, folded.updates, (written) => {
    return `${rowLine(written, input).slice(0, -1)}\t${written.previous}\n`;
  });
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
    throw new RetryLater(`${stream.partner.name}.${stream.table} was changed by somebody else meanwhile`, {
      afterMs: 0,
    });
}

/** Classes of SQLSTATE that speak of the data: 22 data exception, 54 program limit (depth of JSON, size of a key). */
const aboutData = /^(22|54)/;

async function copyRecords<W extends Written<StagedRecord>>(
  client: ClientBase,
  into: string,
  rows: readonly W[],
  line: (row: W) => string,
): Promise<void> {
  if (rows.length === 0) return;
  try {
    await copyInto(client, into, mapLazily(rows, line));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === '23505')
      throw new RetryLater(`${into.split(' ')[0]} got a row from somebody else meanwhile`, {
        cause: error,
        afterMs: 0,
      });
    const row = rows[(refusedLine(error)?.line ?? 0) - 1];
    if (!aboutData.test(code) || row === undefined) throw error;
    throw new RefusedRow(`the warehouse refused it (SQLSTATE ${code})`, row.record, refusedColumn(error));
  }
}

/** `COPY payments, line 3, column amount: "…"`: the column's name, never its value. */
function refusedColumn(error: unknown): string {
  const where = error instanceof Error && 'where' in error ? String(error.where) : '';
  return /^COPY \S+, line \d+, column ([^:\n]+)/m.exec(where)?.[1] ?? '';
}

function* mapLazily<T, U>(items: Iterable<T>, map: (item: T) => U): Generator<U> {
  for (const item of items) yield map(item);
}
