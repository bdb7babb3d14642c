import { createHash } from 'node:crypto';
import type { ClientBase, Pool } from 'pg';
import type { ChildTable } from '../core/child-table.ts';
import { NeedsAttention } from '../core/errors.ts';
import { quoted } from '../core/sql-text.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { childColumns, childRows, parentKey, type ParentTable } from '../targets/postgres/child-rows.ts';
import { pgError } from '../targets/postgres/pg-error.ts';
import { readTable } from '../targets/postgres/table-facts.ts';
import { rowKeyOf, targetOf } from '../targets/postgres/target-table.ts';

/**
 * Tables of children are kept by triggers of their parent's table, statement by statement: whatever writes a row of the parent, writes those of its
 * children in the same transaction, be it a commit, a sweep, a rebuild, an erasure, or a person.
 */

const parentOf = (stream: CompiledStream): ParentTable => ({
  table: stream.table,
  keyColumns: stream.keyColumns,
  isPerEvent: rowKeyOf(stream)[0] === '_event',
});

const functionOf = ({ schema }: CompiledStream, streamId: number): string =>
  `${quoted(schema)}.${quoted(`_children_${streamId}`)}`;

const nameOf = ({ schema }: CompiledStream, { table }: ChildTable): string => `${quoted(schema)}.${quoted(table)}`;

interface Ensured {
  readonly stream: CompiledStream;
  readonly streamId: number;
  /** As which they were last made. */
  readonly known: string | null;
}

/** Makes the tables and what keeps them, where the definition or somebody has changed them. Call it under the stream's lock, when its table fits. */
export async function ensureChildren(client: ClientBase, { stream, streamId, known }: Ensured): Promise<void> {
  const { children = [] } = stream;
  if (children.length === 0 && known === null) return;
  const wanted = children.length === 0 ? null : digestOf(stream, streamId);
  if (wanted !== null && wanted === known && (await childrenStand(client, stream))) return;
  await client.query(`drop function if exists ${functionOf(stream, streamId)}() cascade`);
  if (wanted !== null) {
    for (const child of children) await makeTable(client, stream, child);
    await client.query(functionText(stream, streamId));
    for (const text of triggerTexts(stream, streamId)) await client.query(text);
    for (const child of children) await fill(client, stream, child);
  }
  await client.query('update streams set children = $2 where stream_id = $1', [streamId, wanted]);
}

/** Whether each table is there, and what keeps them: somebody may have dropped any of it. */
export async function childrenStand(client: ClientBase | Pool, stream: CompiledStream): Promise<boolean> {
  const { children = [] } = stream;
  if (children.length === 0) return true;
  const { rows } = await client.query<{ stands: boolean }>(
    `select (select count(*) from unnest($2::text[]) name where to_regclass(name) is not null) = cardinality($2)
        and (select count(*) from pg_trigger where tgrelid = to_regclass($1) and tgname like '\\_children\\_%' and tgenabled = 'O') = $3 as stands`,
    [targetOf(stream), children.map((child) => nameOf(stream, child)), events.length],
  );
  return rows[0]?.stands === true;
}

/** Rows that a child's table has otherwise than its parent says. */
export async function childDifferences(
  client: ClientBase,
  stream: CompiledStream,
): Promise<readonly { readonly table: string; readonly rows: number }[]> {
  const found: { table: string; rows: number }[] = [];
  for (const child of stream.children ?? []) {
    const table = `${stream.schema}.${child.table}`;
    if ((await readTable(client, nameOf(stream, child))) === undefined) {
      found.push({ table, rows: -1 });
      continue;
    }
    await client.query(`set local timezone to 'UTC'`);
    const own = `select ${namesOf(stream, child)} from ${nameOf(stream, child)}`;
    const said = childRows(parentOf(stream), child, `${targetOf(stream)} p`);
    const { rows } = await client.query<{ count: number }>(
      `select count(*)::integer as count from (((${own}) except all (${said})) union all ((${said}) except all (${own}))) as differ`,
    );
    found.push({ table, rows: rows[0]?.count ?? 0 });
  }
  return found;
}

/** Fills the tables anew from their parent. */
export async function refillChildren(client: ClientBase, stream: CompiledStream): Promise<void> {
  for (const child of stream.children ?? []) await fill(client, stream, child);
}

async function fill(client: ClientBase, stream: CompiledStream, child: ChildTable): Promise<void> {
  const table = nameOf(stream, child);
  await client.query(`set local timezone to 'UTC'`);
  await client.query(`delete from ${table}`);
  await client.query(
    `insert into ${table} (${namesOf(stream, child)}) ${childRows(parentOf(stream), child, `${targetOf(stream)} p`)}`,
  );
}

const namesOf = (stream: CompiledStream, child: ChildTable): string =>
  childColumns(parentOf(stream), child)
    .map(({ name }) => quoted(name))
    .join(', ');

const mark = (stream: CompiledStream, { column }: ChildTable): string =>
  `elements of ${stream.schema}.${stream.table}.${column}, kept by Syncline`;

async function makeTable(client: ClientBase, stream: CompiledStream, child: ChildTable): Promise<void> {
  const table = nameOf(stream, child);
  const parent = parentOf(stream);
  const columns = childColumns(parent, child);
  const facts = await readTable(client, table);
  if (facts !== undefined) {
    const { rows } = await client.query<{ says: string | null }>(
      `select obj_description(to_regclass($1), 'pg_class') as says`,
      [table],
    );
    if (rows[0]?.says?.endsWith('kept by Syncline') !== true)
      throw attention(
        stream,
        `${stream.schema}.${child.table} is a table or view that somebody else made: rename or drop it, or give the child another \`table\``,
      );
    try {
      await client.query(`drop table ${table}`);
    } catch (error) {
      if (pgError(error).code !== DEPENDENT) throw error;
      throw attention(
        stream,
        `${stream.schema}.${child.table} gets other columns, and a view needs it as it is: drop the view, and make it again behind the next run`,
      );
    }
  }
  const own = parentKey(parent).map(({ own: name }) => name);
  const definitions = columns.map(({ name, type }) => `${quoted(name)} ${type}`);
  await client.query(
    `create table ${table} (${definitions.join(', ')}, primary key (${[...own, '_position'].map(quoted).join(', ')}))`,
  );
  if (child.key.length > 0) await client.query(`create index on ${table} (${child.key.map(quoted).join(', ')})`);
  await client.query(`comment on table ${table} is '${mark(stream, child).replaceAll("'", "''")}'`);
}

const DEPENDENT = '2BP01';

const attention = (stream: CompiledStream, message: string): NeedsAttention =>
  new NeedsAttention(message, { at: { partner: stream.partner.name, stream: stream.name } });

/** Grows when the function says something else. */
const CODE = 1;

const digestOf = (stream: CompiledStream, streamId: number): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        CODE,
        functionText(stream, streamId),
        stream.children?.map((child) => childColumns(parentOf(stream), child)),
        stream.children?.map(({ key }) => key),
      ]),
    )
    .digest('hex')
    .slice(0, 16);

/** Times without a zone are UTC, whatever the session has. */
function functionText(stream: CompiledStream, streamId: number): string {
  const parent = parentOf(stream);
  const children = stream.children ?? [];
  const key = parentKey(parent);
  const removes = children.map(
    (child) =>
      `delete from ${nameOf(stream, child)} c using old_rows o where ${key.map(({ own, of }) => `c.${quoted(own)} = o.${quoted(of)}`).join(' and ')};`,
  );
  const adds = children.map(
    (child) =>
      `insert into ${nameOf(stream, child)} (${namesOf(stream, child)}) ${childRows(parent, child, 'new_rows p')};`,
  );
  const body = `begin
  if tg_op = 'TRUNCATE' then
    ${children.map((child) => `delete from ${nameOf(stream, child)};`).join('\n    ')}
    return null;
  end if;
  if tg_op <> 'INSERT' then
    ${removes.join('\n    ')}
  end if;
  if tg_op <> 'DELETE' then
    ${adds.join('\n    ')}
  end if;
  return null;
end`;
  // A name of a field may be any text: the mark of the body's ends is none that is in it.
  const ends = `$children_${createHash('sha256').update(body).digest('hex').slice(0, 16)}$`;
  return `create function ${functionOf(stream, streamId)}() returns trigger language plpgsql set timezone to 'UTC' as ${ends}
${body} ${ends}`;
}

const events = [
  { name: 'insert', rows: 'referencing new table as new_rows' },
  { name: 'update', rows: 'referencing old table as old_rows new table as new_rows' },
  { name: 'delete', rows: 'referencing old table as old_rows' },
  { name: 'truncate', rows: '' },
] as const;

const triggerTexts = (stream: CompiledStream, streamId: number): readonly string[] =>
  events.map(
    ({ name, rows }) =>
      `create trigger ${quoted(`_children_${name}`)} after ${name} on ${targetOf(stream)} ${rows} for each statement execute function ${functionOf(stream, streamId)}()`,
  );
