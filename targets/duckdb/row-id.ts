import { InvalidInput } from '../../core/errors.ts';
import type { LandedStream } from '../../core/landed-stream.ts';
import { rowKeyOf } from '../postgres/target-table.ts';
import { quoted } from './names.ts';

/** The text that names a row in the store (targets/postgres/row-id.ts), made by DuckDB of the row's own key. */
export function duckdbRowIdSql(stream: LandedStream, alias: string): string {
  const parts = rowKeyOf(stream).map((name) => partOf(stream, name, `${alias}.${quoted(name)}`));
  const [only] = parts;
  // As jsonb writes a list: with a space behind each comma.
  return parts.length === 1
    ? (only as string)
    : `('[' || ${parts.map((part) => `to_json(${part})::varchar`).join(` || ', ' || `)} || ']')`;
}

function partOf({ name: stream, partner, keyColumns }: LandedStream, name: string, column: string): string {
  const type = keyColumns.find((key) => key.name === name)?.type;
  if (type === 'number' || type === 'json')
    throw new InvalidInput(
      `${partner.name}.${stream} has the ${type} ${name} in its primary key: DuckDB may write it otherwise than the store, so its rows would not be found`,
    );
  if (type === 'timestamp') return `strftime(${column} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%f')`;
  if (type === 'date') return `strftime(${column}, '%Y-%m-%d')`;
  return `${column}::varchar`;
}
