import type { Pool } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { LandedStream } from '../core/landed-stream.ts';
import { rowIdSql } from '../targets/postgres/row-id.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { rawOf } from './columns.ts';
import type { MatchField } from './compiled-match.ts';
import type { Session } from './session.ts';
import { literal, quoted } from './sql.ts';

export interface LoadedStreamRows {
  /** `partner.stream`. */
  readonly stream: string;
  readonly rows: number;
  /** The newest `_event` among them; 0: there are no rows. */
  readonly lastEvent: number;
}

export interface StreamToLoad {
  readonly stream: string;
  readonly compiled: LandedStream;
  /** Our field → column. */
  readonly columns: Readonly<Record<string, string>>;
}

/** Longer values are compared by so many characters, and a hash of the whole. */
const LONGEST = 500;
/** Bundles of lines that DuckDB takes at once. */
const BUNDLE = 1024 * 1024;

/**
 * Fills the table `raw`: stream (its place among `streams`), id, event and the texts of the fields. All streams are read in one snapshot; rows travel as
 * lines of a COPY that DuckDB cuts, a megabyte at a time, so that nothing is whole in memory.
 */
export async function loadRows(
  session: Session,
  input: { readonly pool: Pool; readonly streams: readonly StreamToLoad[]; readonly fields: readonly MatchField[] },
): Promise<readonly LoadedStreamRows[]> {
  const { pool, streams, fields } = input;
  const columns = fields.map(({ name }) => `${rawOf(name)} varchar`);
  await session.run(`create table raw (${['s utinyint', 'id varchar', 'event bigint', ...columns].join(', ')})`);
  const client = await pool.connect();
  let failed: Error | undefined;
  try {
    await client.query('begin transaction isolation level repeatable read read only');
    // Texts of days and numbers must not hang on who asks.
    await client.query(
      `set local datestyle = 'ISO, YMD'; set local timezone = 'UTC'; set local extra_float_digits = 1; set local intervalstyle = 'iso_8601'; set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0`,
    );
    const loaded: LoadedStreamRows[] = [];
    for (const [at, stream] of streams.entries()) {
      const { rows: found } = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [
        targetOf(stream.compiled),
      ]);
      if (found[0]?.there === true) {
        const copy = client.query(copyTo(`copy (${selectSql(stream, fields)}) to stdout`, { highWaterMark: BUNDLE }));
        await session.forEach(insertSql(at, fields), bundles(copy));
      }
      const [counted] = await session.rows(`select count(*), coalesce(max(event), 0) from raw where s = ${at}`);
      loaded.push({ stream: stream.stream, rows: Number(counted?.[0]), lastEvent: Number(counted?.[1]) });
    }
    await client.query('commit');
    return loaded;
  } catch (error) {
    failed = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    // A COPY that was left in the middle keeps the connection busy: it is closed.
    client.release(failed);
  }
}

function selectSql({ compiled, columns }: StreamToLoad, fields: readonly MatchField[]): string {
  const texts = fields.map(({ name }) => {
    const column = columns[name];
    return column === undefined ? `''` : textSql(`t.${quoted(column)}::text`);
  });
  // In hex the id needs no escapes, and comes as it is.
  const id = `encode(convert_to(${rowIdSql(compiled, 't')}, 'UTF8'), 'hex')`;
  return `select ${[id, 't._event', ...texts].join(', ')} from ${targetOf(compiled)} t where t._deleted_at is null`;
}

/** Without what COPY would escape: to a comparison all of these are spaces. No value and an empty one are the same. */
const textSql = (sql: string): string =>
  String.raw`coalesce(translate(case when length(${sql}) > ${LONGEST} then left(${sql}, ${LONGEST}) || ' ' || md5(${sql}) else ${sql} end, E'\\\b\f\n\r\t\x0b', '       '), '')`;

function insertSql(at: number, fields: readonly MatchField[]): string {
  const values = fields.map((_, index) => `nullif(f[${index + 3}], '')`);
  return (
    `insert into raw select ${[at, 'decode(unhex(f[1]))', 'f[2]::bigint', ...values].join(', ')} from ` +
    `(select string_split(line, chr(9)) as f from (select unnest(string_split($1, chr(10))) as line)) where f[1] <> ${literal('')}`
  );
}

/** Texts of whole lines. */
async function* bundles(pieces: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    waiting.push(piece);
    bytes += piece.length;
    if (bytes < BUNDLE) continue;
    const whole = Buffer.concat(waiting, bytes);
    const end = whole.lastIndexOf(0x0a);
    if (end < 0) continue;
    yield whole.toString('utf8', 0, end);
    const rest = whole.subarray(end + 1);
    waiting = [rest];
    bytes = rest.length;
  }
  if (bytes > 0) yield Buffer.concat(waiting, bytes).toString('utf8');
}
