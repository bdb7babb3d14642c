import type { TargetTable } from '../target.ts';
import { readCursors, rowKeyOf } from './cursors.ts';
import type { FileWork } from './duckdb-file.ts';
import { isOutdated } from './fit-table.ts';
import { saidName } from './names.ts';
import { storedColumns } from './stored-columns.ts';
import { typeOf } from './types.ts';

/** Why the table's rows cannot be compared as they stand; undefined: they can. It changes nothing. */
export async function misfit(on: FileWork, table: TargetTable): Promise<string | undefined> {
  const said = saidName(table);
  const columns = await storedColumns(on, table);
  if (columns.length === 0) return `${said} is not there`;
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const missing = [...table.columns.map(({ name }) => name), '_event', '_extra', '_exact', '_deleted_at'].filter(
    (name) => !types.has(name),
  );
  if (missing.length > 0) return `${said} does not have ${missing.join(', ')} yet`;
  const other = table.columns.filter(({ name }, i) => types.get(name) !== typeOf(table, i));
  if (other.length > 0) return `${said} has other types: ${other.map(({ name }) => name).join(', ')}`;
  if (await isOutdated(on, table, columns)) return `the rows of ${said} were made by other transforms`;
  const cursor = (await readCursors(on, table)).get(table.place ?? 'live');
  if (cursor === undefined) return `${said} is not loaded by Syncline`;
  if (cursor.rowKey !== rowKeyOf(table)) return `${said} has another row key`;
  return cursor.unfilled.length === 0 ? undefined : `${said} is not filled yet: ${cursor.unfilled.join(', ')}`;
}
