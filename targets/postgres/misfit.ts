import type { ClientBase } from 'pg';
import { stampedOf, type TargetTable } from '../target.ts';
import { readCursors, rowKeyColumns } from './cursors.ts';
import { nameOf, saidName } from './names.ts';
import { isOutdated } from './outdated.ts';
import { readTable } from './table-facts.ts';
import { catalogTypes } from './types.ts';

/** Why the table's rows cannot be compared as they stand; undefined: they can. It changes nothing. */
export async function misfit(client: ClientBase, table: TargetTable): Promise<string | undefined> {
  const said = saidName(table);
  const facts = await readTable(client, nameOf(table));
  if (facts === undefined) return `${said} is not there`;
  const types = new Map(facts.columns.map(({ name, type }) => [name, type]));
  const missing = [...table.columns.map(({ name }) => name), '_event', '_extra', '_deleted_at'].filter(
    (name) => !types.has(name),
  );
  if (missing.length > 0) return `${said} does not have ${missing.join(', ')} yet`;
  const other = table.columns.filter(({ name, type }) => types.get(name) !== catalogTypes[type]);
  if (other.length > 0) return `${said} has other types: ${other.map(({ name }) => name).join(', ')}`;
  if (await isOutdated(client, { name: nameOf(table), facts, wanted: stampedOf(table) }))
    return `the rows of ${said} were made by other transforms`;
  const cursor = (await readCursors(client, table)).get(table.place ?? 'live');
  if (cursor === undefined) return undefined;
  if (cursor.rowKey !== JSON.stringify(rowKeyColumns(table))) return `${said} has another row key`;
  return cursor.unfilled.length === 0 ? undefined : `${said} is not filled yet: ${cursor.unfilled.join(', ')}`;
}
