import type { Pool } from 'pg';
import { compareRows, type RowRef } from '../core/duplicates.ts';
import type { LandedStream } from '../core/landed-stream.ts';
import { quoted } from '../core/sql-text.ts';
import type { DuplicateSettings } from '../definitions/duplicates.ts';
import { postgresTypes } from '../targets/postgres/column-types.ts';
import { rowIdSql } from '../targets/postgres/row-id.ts';
import { targetOf } from '../targets/postgres/target-table.ts';

/** What a row has in each field of duplicates.yaml, as text; null: nothing, or no such column. */
export type RowValues = Readonly<Record<string, string | null>>;

/** Rows as they are now. One that is gone is not among them. */
export class ReadRows {
  readonly #found: ReadonlyMap<string, RowValues>;

  constructor(found: ReadonlyMap<string, RowValues>) {
    this.#found = found;
  }

  of({ stream, row }: RowRef): RowValues | undefined {
    return this.#found.get(`${stream} ${row}`);
  }
}

export async function readRowValues(
  pool: Pool,
  {
    settings,
    streams,
    rows,
  }: {
    readonly settings: Pick<DuplicateSettings, 'from'>;
    readonly streams: ReadonlyMap<string, LandedStream>;
    readonly rows: readonly RowRef[];
  },
): Promise<ReadRows> {
  const found = new Map<string, RowValues>();
  for (const { stream: name, fields } of settings.from) {
    const stream = streams.get(name);
    const wanted = rows.filter((row) => row.stream === name).toSorted(compareRows);
    if (stream === undefined || wanted.length === 0) continue;
    const { rows: read } = await pool.query<{ row: string; values: RowValues }>(
      `select ${rowIdSql(stream, 't')} as row, jsonb_build_object(${Object.entries(fields)
        .map(([field, column]) => `'${field}', t.${quoted(column)}::text`)
        .join(', ')}) as values
        from ${targetOf(stream)} t where ${isOneOf(stream)}`,
      [wanted.map(({ row }) => row)],
    );
    for (const { row, values } of read) found.set(`${name} ${row}`, values);
  }
  return new ReadRows(found);
}

/** By the key's own index, where its text is the row's id. */
function isOneOf(stream: LandedStream): string {
  const [only, ...others] = stream.keyColumns;
  const plain = only !== undefined && (only.type === 'text' || only.type === 'integer');
  return plain && others.length === 0 && stream.definition.disposition !== 'append'
    ? `t.${quoted(only.name)} = any ($1::text[]::${postgresTypes[only.type]}[])`
    : `${rowIdSql(stream, 't')} = any ($1)`;
}
