import type { Pool } from 'pg';
import type { MadeColumn } from '../core/made-column.ts';
import { makesColumns } from '../definitions/contract.ts';
import { unmakable } from '../definitions/made-columns.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { readTable } from '../targets/postgres/table-facts.ts';
import { targetOf } from '../targets/postgres/target-table.ts';

/** What partners send that a definition does not know, or knows otherwise. */
export interface Drift {
  readonly stream: string;
  readonly table: string;
  /** Columns that were made of fields that the schema does not name. */
  readonly made: readonly MadeColumn[];
  /** Fields of `_extra`, the commonest first. */
  readonly unnamed: readonly SeenField[];
  /** Values that do not fit, from the quarantine; the commonest first. */
  readonly unfit: readonly UnfitField[];
}

export interface SeenField {
  readonly field: string;
  /** Rows by the type that the field has there, in the words of JSON. */
  readonly types: Readonly<Record<string, number>>;
  readonly rows: number;
  /** When a row with it was last written, ISO. */
  readonly lastAt: string;
  /** Where fields get columns by themselves: why this one cannot have one. */
  readonly why?: string;
}

export interface UnfitField {
  /** Dotted path. */
  readonly path: string;
  /** What was expected and what was found, in types alone. */
  readonly reason: string;
  /** Records that wait in quarantine because of it. */
  readonly records: number;
  readonly lastAt: string;
}

/** Reads the rows of the store's table that have fields without a column: all of them, so its time grows with the table. */
export async function readDrift(pool: Pool, stream: CompiledStream): Promise<Drift> {
  const table = `${stream.schema}.${stream.table}`;
  const facts = await readTable(pool, targetOf(stream));
  const unnamed =
    facts?.columns.some(({ name }) => name === '_extra') === true ? await unnamedFields(pool, stream) : [];
  const told = makesColumns(stream) ? unnamed.map((field) => ({ ...field, ...whyNone(stream, field.field) })) : unnamed;
  const unfit = await unfitFields(pool, stream);
  return { stream: stream.name, table, made: stream.madeColumns ?? [], unnamed: told, unfit };
}

function whyNone(stream: CompiledStream, field: string): Pick<SeenField, 'why'> {
  const why = unmakable(stream, field);
  return why === undefined ? {} : { why };
}

async function unnamedFields(pool: Pool, stream: CompiledStream): Promise<SeenField[]> {
  const { rows } = await pool.query<{ field: string; types: Record<string, number>; rows: string; last_at: Date }>(
    `select field, jsonb_object_agg(type, rows) as types, sum(rows) as rows, max(last_at) as last_at
      from (select key as field, jsonb_typeof(value) as type, count(*) as rows, max(_loaded_at) as last_at
          from ${targetOf(stream)}, jsonb_each(_extra) where _extra is not null group by 1, 2) as seen
      group by field order by 3 desc, 1`,
  );
  return rows.map(({ field, types, rows: count, last_at: lastAt }) => ({
    field,
    types,
    rows: Number(count),
    lastAt: lastAt.toISOString(),
  }));
}

async function unfitFields(pool: Pool, stream: CompiledStream): Promise<UnfitField[]> {
  const { rows } = await pool.query<{ path: string; reason: string; records: string; last_at: Date }>(
    `select q.path, q.reason, count(*) as records, max(coalesce(q.last_seen_at, q.quarantined_at)) as last_at
      from quarantine q join streams s using (stream_id)
      where s.partner = $1 and s.name = $2 and q.status = 'held' group by 1, 2 order by 3 desc, 1, 2`,
    [stream.partner.name, stream.name],
  );
  return rows.map(({ path, reason, records, last_at: lastAt }) => ({
    path,
    reason,
    records: Number(records),
    lastAt: lastAt.toISOString(),
  }));
}
