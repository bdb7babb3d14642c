import type { ClientBase } from 'pg';
import { quoted } from '../core/sql-text.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { rowIdSql } from '../targets/postgres/row-id.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { changedSql } from './golden-sql.ts';
import { keyIs } from './key-is.ts';
import { missingOf } from './missing-keys.ts';

export interface RedundantOf {
  /** In duplicates.yaml. */
  readonly name: string;
  /** A plan, and those that follow it. */
  readonly plans: readonly number[];
  readonly stream: CompiledStream;
  readonly streamId: number;
  /** The column that says when a row last changed. */
  readonly changed: string | undefined;
  /** Links have to be in force for so long, in ms. */
  readonly afterMs: number;
}

/** A column of which rows that would go have values that the row that stays has not. */
export interface LostValues {
  readonly column: string;
  /** The row that stays has none. */
  readonly only: number;
  /** It has another one. */
  readonly others: number;
}

export interface Redundant {
  readonly rows: number;
  /** Rows that stay for them. */
  readonly survivors: number;
  /** Rows that are left since a link of their cluster is too young. */
  readonly young: number;
  /** Live rows of the table. */
  readonly of: number;
  readonly lost: readonly LostValues[];
}

const rankedOf = (streamId: number): string => `ranked_${streamId}`;

/**
 * Finds the rows of one stream that say nothing of their own: of rows that belong together the newest stays, and the others may go, as far as links of these plans
 * hold them. A row of one stream is never redundant because of a row of another stream: other tables name it. Makes the temporary table `missing_<stream>`, as a
 * sweep does, with the names of the rows. Call it under the locks of the stream and the name.
 */
export async function findRedundant(client: ClientBase, of: RedundantOf): Promise<Redundant> {
  const { name, plans, stream, streamId, changed, afterMs } = of;
  const [ranked, table] = [rankedOf(streamId), targetOf(stream)];
  const own = `${stream.partner.name}.${stream.name}`;
  await client.query(`drop table if exists ${ranked}, ${missingOf(streamId)}`);
  await client.query(
    `create temp table ${ranked} on commit drop as
      select m.entity, m.row, t._event as event, (row_number() over (partition by m.entity order by ${changedSql(stream, changed, { number: 'numeric' })} desc nulls last, t._event desc, m.row))::integer as place,
          false as mine, false as young
        from ${table} t join duplicate_members m on m.name = '${name}' and m.stream = '${own}' and m.row = ${rowIdSql(stream, 't')} where t._deleted_at is null`,
  );
  await client.query(`create index on ${ranked} (row); create index on ${ranked} (entity, place); analyze ${ranked}`);
  await client.query(
    `update ${ranked} r set mine = true where exists (select from duplicate_links l where l.plan_id = any ($1) and l.ended_in is null and l.name = '${name}'
        and l.left_row = r.row and l.left_stream = '${own}')
      or exists (select from duplicate_links l where l.plan_id = any ($1) and l.ended_in is null and l.name = '${name}' and l.right_row = r.row and l.right_stream = '${own}')`,
    [plans],
  );
  await client.query(
    `update ${ranked} r set young = true from (
        select distinct m.entity from duplicate_links l join duplicate_changes c on c.change_id = l.made_in
          join duplicate_members m on m.name = l.name and m.stream = l.left_stream and m.row = l.left_row
          where l.name = '${name}' and l.ended_in is null and coalesce(c.ended_at, clock_timestamp()) > clock_timestamp() - $1 * interval '1 millisecond') y
      where r.entity = y.entity`,
    [afterMs],
  );
  await client.query(
    `create temp table ${missingOf(streamId)} on commit drop as
      select e.event, e.key, e.version, e.hash, r.row, r.entity from ${ranked} r join ${table} t on t._event = r.event and r.row = ${rowIdSql(stream, 't')}
        join events_${streamId} e on e.event = r.event where r.place > 1 and r.mine and not r.young and ${keyIs(stream, 'e.key', 't')}`,
  );
  await client.query(`create index on ${missingOf(streamId)} (row); analyze ${missingOf(streamId)}`);
  const { rows } = await client.query<Record<'rows' | 'survivors' | 'young' | 'of', string>>(
    `select (select count(*) from ${missingOf(streamId)}) as rows, (select count(distinct entity) from ${missingOf(streamId)}) as survivors,
        (select count(*) from ${ranked} where place > 1 and mine and young) as young, (select count(*) from ${table} where _deleted_at is null) as of`,
  );
  const found = rows[0] as (typeof rows)[number];
  return {
    rows: Number(found.rows),
    survivors: Number(found.survivors),
    young: Number(found.young),
    of: Number(found.of),
    lost: await lostValues(client, of),
  };
}

/** Of all columns but the key: what would no longer be in the table. */
async function lostValues(client: ClientBase, { stream, streamId }: RedundantOf): Promise<readonly LostValues[]> {
  const keys = new Set(stream.keyColumns.map(({ name }) => name));
  const columns = stream.columns.filter(({ name }) => !keys.has(name)).map(({ name }) => name);
  if (columns.length === 0) return [];
  const counts = columns.flatMap((column, at) => [
    `count(*) filter (where t.${quoted(column)} is not null and s.${quoted(column)} is null) as only_${at}`,
    `count(*) filter (where t.${quoted(column)}::text <> s.${quoted(column)}::text) as others_${at}`,
  ]);
  const table = targetOf(stream);
  const { rows } = await client.query<Record<string, string>>(
    `select ${counts.join(', ')} from ${missingOf(streamId)} m join ${table} t on t._event = m.event and m.row = ${rowIdSql(stream, 't')}
      join ${rankedOf(streamId)} r on r.entity = m.entity and r.place = 1 join ${table} s on s._event = r.event and r.row = ${rowIdSql(stream, 's')}`,
  );
  return columns
    .map((column, at) => ({
      column,
      only: Number(rows[0]?.[`only_${at}`] ?? 0),
      others: Number(rows[0]?.[`others_${at}`] ?? 0),
    }))
    .filter(({ only, others }) => only > 0 || others > 0);
}
