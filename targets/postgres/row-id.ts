import type { Column } from '../../core/column.ts';
import type { LandedStream } from '../../core/landed-stream.ts';
import { quoted } from '../../core/sql-text.ts';
import { rowKeyOf } from './target-table.ts';

/**
 * SQL text that names a row of a stream's table: its primary key as text, several parts as a JSON array of texts. The text depends on no setting of the
 * session (`TimeZone`, `DateStyle`), so a view that readers use finds the same rows as we do.
 */
export function rowIdSql(stream: LandedStream, alias: string): string {
  const parts = rowKeyOf(stream).map((name) =>
    textOf(
      `${alias}.${quoted(name)}`,
      stream.keyColumns.find((column) => column.name === name),
    ),
  );
  const [only] = parts;
  return parts.length === 1 ? (only as string) : `jsonb_build_array(${parts.join(', ')})::text`;
}

function textOf(column: string, of: Column | undefined): string {
  if (of?.type === 'timestamp') return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')`;
  if (of?.type === 'date') return `to_char(${column}, 'YYYY-MM-DD')`;
  return `${column}::text`;
}
