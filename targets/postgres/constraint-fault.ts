import type { Pool } from 'pg';
import { NeedsAttention, RetryLater, type Coordinates } from '../../core/errors.ts';
import type { LandedStream } from '../../core/landed-stream.ts';
import { pgError } from './pg-error.ts';
import { quoted } from '../../core/sql-text.ts';
import { rowKeyOf } from './target-table.ts';

/** What an error of class 23 means: a row that somebody else wrote meanwhile, or a constraint that is none of ours. */
export async function constraintFault(pool: Pool, stream: LandedStream, error: unknown): Promise<Error | undefined> {
  const { code, schema, table, column, constraint } = pgError(error);
  const { rows } = await pool.query<{
    ledger: string;
    indexed: string[] | null;
    primary: boolean | null;
    declared: boolean;
  }>(
    `select current_schema() as ledger, i.indisprimary as primary,
        (select array_agg(a.attname::text order by k.place) from unnest(i.indkey) with ordinality as k(attnum, place)
          left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum) as indexed,
        exists (select from pg_constraint d where d.conindid = c.oid) as declared
      from (select 1) as always left join pg_namespace n on n.nspname = $1
        left join pg_class c on c.relnamespace = n.oid and c.relname = $2 left join pg_index i on i.indexrelid = c.oid`,
    [schema, constraint],
  );
  const found = rows[0] as (typeof rows)[number];
  const at: Coordinates = { partner: stream.partner.name, stream: stream.name };
  const where = table === undefined ? `${stream.schema}.${stream.table}` : `${schema}.${table}`;
  const inLedger = schema === found.ledger;
  if (code === '23505' && (inLedger || isOwn(stream, found)))
    return new RetryLater(`${where} got a row from somebody else meanwhile`, { cause: error, afterMs: 0, at });
  if (inLedger) return undefined;
  const target = `${quoted(schema ?? stream.schema)}.${quoted(table ?? stream.table)}`;
  const name = quoted(constraint ?? '');
  const [what, cure] =
    constraint === undefined
      ? [
          `not null of column ${quoted(column ?? '')}`,
          `alter table ${target} alter column ${quoted(column ?? '')} drop not null`,
        ]
      : found.indexed !== null && !found.declared
        ? [`unique index ${name}`, `drop index ${quoted(schema ?? stream.schema)}.${name}`]
        : [`${kinds[code] ?? 'constraint'} ${name}`, `alter table ${target} drop constraint ${name}`];
  return new NeedsAttention(
    `${what} on ${where} is not Syncline's, and refuses a record of the partner (SQLSTATE ${code}): drop it (${cure}), ` +
      'or put it on a table of your own',
    { at },
  );
}

/** The primary key; of `append` also what tells apart the contents of a key. */
function isOwn(
  stream: LandedStream,
  { primary, indexed }: { readonly primary: boolean | null; readonly indexed: readonly string[] | null },
): boolean {
  if (primary === true) return true;
  const own =
    stream.definition.disposition === 'append'
      ? [...stream.keyColumns.map(({ name }) => name), '_hash']
      : rowKeyOf(stream);
  return indexed !== null && indexed.join('\0') === own.join('\0');
}

const kinds: Readonly<Record<string, string>> = {
  '23503': 'foreign key',
  '23505': 'unique constraint',
  '23514': 'check constraint',
  '23P01': 'exclusion constraint',
};
