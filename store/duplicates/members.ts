import type { ClientBase } from 'pg';
import { Clusters } from '../../core/clusters.ts';
import type { RowRef } from '../../core/duplicates.ts';
import { entitySql } from './entity-sql.ts';

export interface Settled {
  /** Rows that were looked at. */
  readonly rows: number;
  /** Links among them that hold nothing: their cluster would be too large, or would hold a pair that never merges. */
  readonly held: number;
}

/** One index look-up for each row: without statistics, as after a first plan, the planner would read all links of a name for each of them. */
const eachRow = `(select stream collate "C" as stream, row collate "C" as row from unnest($2::text[], $3::text[]) as n(stream, row)) n`;

interface LinkRow {
  readonly ls: string;
  readonly lr: string;
  readonly rs: string;
  readonly rr: string;
  readonly largest: number;
}

/** Links and members of a name change by one transaction at a time. */
export async function lockDuplicates(client: ClientBase, name: string): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(hashtextextended(own_key('duplicates/' || $1), 7305114))`, [name]);
}

/**
 * Who belongs together among these rows and all that links in force connect them with. It comes from those links, and from the pairs that never merge,
 * alone: whatever was applied and undone before leaves no trace. Call it after `lockDuplicates`, with both rows of each link that came or went.
 */
export async function settleMembers(
  client: ClientBase,
  { name, rows: changed }: { readonly name: string; readonly rows: readonly RowRef[] },
): Promise<Settled> {
  const { rows } = await client.query<{ stream: string; row: string }>(
    `with recursive reached(stream, "row") as (
        select stream collate "C", "row" collate "C" from unnest($2::text[], $3::text[]) as n(stream, "row")
        union
        select n.stream, n.row from reached r cross join lateral (
          (select right_stream as stream, right_row as row from duplicate_links
            where name = $1 and ended_in is null and left_stream = r.stream and left_row = r.row offset 0)
          union all
          (select left_stream, left_row from duplicate_links
            where name = $1 and ended_in is null and right_stream = r.stream and right_row = r.row offset 0)) n)
      select stream, "row" from reached order by stream, "row"`,
    [name, ...textsOf(changed)],
  );
  const numbers = new Map(rows.map((row, at) => [nameOf(row), at]));
  const number = (stream: string, row: string): number => numbers.get(nameOf({ stream, row })) as number;
  const streams = textsOf(rows);
  const { rows: links } = await client.query<LinkRow>(
    `select l.* from ${eachRow} cross join lateral (
        select left_stream as ls, left_row as lr, right_stream as rs, right_row as rr, weight, largest from duplicate_links
          where name = $1 and ended_in is null and left_stream = n.stream and left_row = n.row offset 0) l
      order by l.weight desc, l.ls, l.lr, l.rs, l.rr, l.largest desc`,
    [name, ...streams],
  );
  const { rows: apart } = await client.query<LinkRow>(
    `select x.* from ${eachRow} cross join lateral (
        select left_stream as ls, left_row as lr, right_stream as rs, right_row as rr from duplicate_never
          where name = $1 and left_stream = n.stream and left_row = n.row offset 0) x`,
    [name, ...streams],
  );
  const clusters = new Clusters(
    rows.length,
    apart
      .filter(({ rs, rr }) => numbers.has(nameOf({ stream: rs, row: rr })))
      .map(({ ls, lr, rs, rr }) => [number(ls, lr), number(rs, rr)] as const),
  );
  let held = 0;
  for (const { ls, lr, rs, rr, largest } of links)
    if (clusters.join({ left: number(ls, lr), right: number(rs, rr), largest }) !== undefined) held += 1;
  await writeMembers(client, { name, rows, clusters });
  return { rows: rows.length, held };
}

async function writeMembers(
  client: ClientBase,
  { name, rows, clusters }: { readonly name: string; readonly rows: readonly RowRef[]; readonly clusters: Clusters },
): Promise<void> {
  await client.query(
    `delete from duplicate_members where ctid = any (array(select m.id from ${eachRow} cross join lateral (
        select ctid as id from duplicate_members where name = $1 and stream = n.stream and row = n.row offset 0) m))`,
    [name, ...textsOf(rows)],
  );
  // Rows come in their order: the first one of a cluster is its least.
  const least = new Map<number, RowRef>();
  const members: { readonly row: RowRef; readonly of: RowRef }[] = [];
  for (const [at, row] of rows.entries()) {
    const root = clusters.rootOf(at);
    if (!least.has(root)) least.set(root, row);
    if (clusters.sizeOf(at) > 1) members.push({ row, of: least.get(root) as RowRef });
  }
  await client.query(
    `insert into duplicate_members (name, stream, row, entity)
      select $1, stream, row, ${entitySql('of_stream', 'of_row')} from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as n(stream, row, of_stream, of_row)`,
    [name, ...textsOf(members.map(({ row }) => row)), ...textsOf(members.map(({ of }) => of))],
  );
}

const textsOf = (rows: readonly RowRef[]): readonly [readonly string[], readonly string[]] => [
  rows.map(({ stream }) => stream),
  rows.map(({ row }) => row),
];

/** Streams have no spaces in their names. */
const nameOf = ({ stream, row }: RowRef): string => `${stream} ${row}`;
