import { randomUUID } from 'node:crypto';
import type { ClientBase } from 'pg';
import { NeedsAttention } from '../../core/errors.ts';
import { changes, isQueried } from '../table-mark.ts';
import { changeOf, keepChanged, readMarkOf, writeMarkOn } from './changed-table.ts';
import { readTable, type TableFacts } from './table-facts.ts';
import { stampedOf, type OpenedTable, type TargetTable } from '../target.ts';
import { ensureCursors, readCursors, rowKeyColumns, writeCursor, type Cursor } from './cursors.ts';
import { nameOf, quoted, saidName } from './names.ts';
import { isOutdated } from './outdated.ts';
import { ensureChildViews } from './child-views.ts';
import { reshape, retypedIn } from './reshape.ts';
import { expectNobodyWrites, forgetTouched, watchRows } from './touched.ts';
import { catalogTypes, lineage, typeOf } from './types.ts';

/** Makes the table, or makes it fit, and says where it stands. Call it in a transaction. */
export async function fitTable(client: ClientBase, table: TargetTable, owner: string): Promise<OpenedTable> {
  const opened = await fit(client, table, owner);
  if (opened.outdated !== true && opened.changed === undefined) await ensureChildViews(client, table);
  return opened;
}

async function fit(client: ClientBase, table: TargetTable, owner: string): Promise<OpenedTable> {
  await ensureCursors(client);
  let known = (await readCursors(client, table, { lock: true })).get(table.place ?? 'live');
  if (known !== undefined && known.owner !== owner)
    throw new NeedsAttention(
      `${saidName(table)} belongs to ${known.owner}, and this is ${owner}: give the partner another name, or each installation a ` +
        'database of its own',
    );
  const found = await readTable(client, nameOf(table));
  if (found === undefined) {
    // Whoever asks for it gets an error, which is better than a part of it.
    if (isQueried(table) && known !== undefined && known.event > 0)
      return { id: known.id, event: known.event, unfilled: known.unfilled, changed: changes.dropped };
    return begin(client, table, { owner, id: await createTable(client, table) });
  }
  const mark = await readMarkOf(client, table);
  const changed = await changeOf(client, table, { known, mark });
  const begins = changed !== undefined && !isQueried(table);
  if (changed !== undefined && !begins) known = await keepChanged(client, table, { owner, known, mark });
  // One that was made before rows were watched, or whose trigger somebody took away.
  else if (known !== undefined && !begins) await watchRows(client, table, known.id);
  const said = changed === undefined ? {} : { changed };
  const wanted = { name: nameOf(table), facts: found, wanted: stampedOf(table) };
  if (known !== undefined && !begins && (await isOutdated(client, wanted)))
    return { id: known.id, event: known.event, unfilled: known.unfilled, outdated: true, ...said };
  const { facts, renames, unfilled: held, tooLarge } = await reshape(client, table, found);
  if (tooLarge && known !== undefined)
    return { id: known.id, event: known.event, unfilled: known.unfilled, outdated: true, ...said };
  if (known !== undefined && renames.length + held.length > 0) {
    const named = (name: string): string => renames.find(({ from }) => from === name)?.to ?? name;
    const keys = (JSON.parse(known.rowKey) as string[]).map(named);
    const unfilled = known.event === 0 ? [] : [...new Set([...known.unfilled.map(named), ...held])];
    known = { ...known, rowKey: JSON.stringify(keys), unfilled };
    await writeCursor(client, table, known);
  }
  const rowKey = JSON.stringify(rowKeyColumns(table));
  if (known !== undefined && known.rowKey !== rowKey)
    throw new NeedsAttention(
      `the row key of ${saidName(table)} is ${known.rowKey}, the definition makes it ${rowKey}: change the definition back, or ` +
        'build the table anew (syncline rebuild)',
    );
  const retyped = table.tellsTypes === true ? retypedIn(table, facts) : [];
  const added = await addColumns(client, table, facts);
  if (known === undefined || begins) return begin(client, table, { owner, id: mark.id });
  const { id, event } = known;
  const unfilled = event === 0 ? [] : [...known.unfilled, ...added];
  if (unfilled.length !== known.unfilled.length) await writeCursor(client, table, { ...known, unfilled });
  return { id, event, unfilled, ...(retyped.length === 0 ? {} : { retyped }), ...said };
}

/** The table is ours, and empty; its cursor is at the beginning. */
async function begin(
  client: ClientBase,
  table: TargetTable,
  { owner, id }: Pick<Cursor, 'owner' | 'id'>,
): Promise<OpenedTable> {
  await expectNobodyWrites(client, table);
  await client.query(`delete from ${nameOf(table)}`);
  await forgetTouched(client, id);
  await watchRows(client, table, id);
  const rowKey = JSON.stringify(rowKeyColumns(table));
  await writeCursor(client, table, { id, owner, event: 0, hasRows: false, rowKey, unfilled: [] });
  return { id, event: 0, unfilled: [] };
}

async function createTable(client: ClientBase, table: TargetTable): Promise<string> {
  const id = randomUUID();
  const name = nameOf(table);
  await client.query(`create schema if not exists ${quoted(table.schema)}`);
  await client.query(
    `create table ${name} (${[
      ...table.columns.map(
        (column, i) => `${quoted(column.name)} ${typeOf(column.type)}${i < table.keys ? ' not null' : ''}`,
      ),
      ...Object.entries(lineage).map(([own, type]) => `${own} ${type}`),
      `primary key (${rowKeyColumns(table).map(quoted).join(', ')})`,
    ].join(', ')})`,
  );
  // The row key is the event, and rows are read by their key.
  if (table.rowPer === 'version')
    await client.query(
      `create index on ${name} (${table.columns
        .slice(0, table.keys)
        .map((column) => quoted(column.name))
        .join(', ')})`,
    );
  await writeMarkOn(client, table, { id, changed: false });
  return id;
}

/** Returns the names of those that were missing. */
async function addColumns(client: ClientBase, table: TargetTable, { columns }: TableFacts): Promise<readonly string[]> {
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const lost = Object.keys(lineage).filter((own) => !types.has(own));
  if (lost.length > 0)
    throw new NeedsAttention(
      `${saidName(table)} has lost its column ${lost.join(', ')}: drop the table, and it is filled anew`,
    );
  const added: string[] = [];
  for (const { name, type: kind } of table.columns) {
    const type = types.get(name);
    if (type === undefined) {
      await client.query(`alter table ${nameOf(table)} add column ${quoted(name)} ${typeOf(kind)}`);
      added.push(name);
    } else if (type !== catalogTypes[kind] && table.tellsTypes !== true)
      throw new NeedsAttention(
        `column ${saidName(table)}.${name} is ${type}, the definition makes it ${catalogTypes[kind]}: change the definition back, ` +
          'or build the table anew (syncline rebuild)',
      );
  }
  return added;
}
