import type { ClientBase, Pool } from 'pg';
import type { RowRef } from '../../core/duplicates.ts';
import { InvalidInput } from '../../core/errors.ts';
import type { ChangeScope } from './changes.ts';
import { filterSql } from './pairs.ts';

export interface NewRemoval {
  readonly plan: number;
  readonly streamId: number;
  readonly by: string;
  readonly reason: string;
}

/** Rows of a stream that were taken out as duplicates. */
export interface Removal {
  readonly removal: number;
  readonly plan: number;
  readonly partner: string;
  readonly stream: string;
  readonly syncId: string;
  readonly by: string;
  readonly reason: string;
  /** ISO. */
  readonly at: string;
  readonly removed: number;
  /** Its run was undone: the rows are there again. */
  readonly undone: boolean;
  /** Rows that are there again, since their records changed. */
  readonly back: number;
}

/** One that waits for approval; undefined: none does. */
export async function waitingRemoval(
  client: ClientBase,
  { plan, streamId }: Pick<NewRemoval, 'plan' | 'streamId'>,
): Promise<{ readonly removal: number; readonly syncId: string; readonly runNo: number } | undefined> {
  const { rows } = await client.query<{ removal: number; syncId: string; runNo: number }>(
    `select removal_id as removal, sync_id as "syncId", run_no as "runNo" from duplicate_removals
      where plan_id = $1 and stream_id = $2 and ended_at is null order by removal_id desc limit 1`,
    [plan, streamId],
  );
  return rows[0];
}

export async function noteRemoval(
  client: ClientBase,
  { plan, streamId, by, reason, runNo, syncId }: NewRemoval & { readonly runNo: number; readonly syncId: string },
): Promise<number> {
  const { rows } = await client.query<{ removal: number }>(
    `insert into duplicate_removals (plan_id, stream_id, run_no, sync_id, by, reason) values ($1, $2, $3, $4, $5, $6) returning removal_id as removal`,
    [plan, streamId, runNo, syncId, by, reason],
  );
  return rows[0]?.removal as number;
}

export async function endRemoval(
  client: ClientBase,
  { removal, removed }: { readonly removal: number; readonly removed: number | null },
): Promise<void> {
  await client.query('update duplicate_removals set removed = $2, ended_at = clock_timestamp() where removal_id = $1', [
    removal,
    removed,
  ]);
}

/** Throws InvalidInput where the plan, or one that follows it, is being applied or undone. Call it after `lockDuplicates`. */
export async function expectNoChange(client: ClientBase, plans: readonly number[]): Promise<void> {
  const { rows } = await client.query<{ plan_id: number; action: string }>(
    'select plan_id, action from duplicate_changes where plan_id = any ($1) and ended_at is null limit 1',
    [plans],
  );
  if (rows[0] !== undefined)
    throw new InvalidInput(
      `a change of plan ${rows[0].plan_id} (${rows[0].action}) has begun and not ended: \`syncline duplicates ${rows[0].action} ${rows[0].plan_id} --reason …\` goes on with it`,
    );
}

/** Throws InvalidInput where rows are gone because links that would end have made them duplicates. Call it after `lockDuplicates`. */
export async function expectRowsThere(
  client: ClientBase,
  { plan, scope }: { readonly plan: number; readonly scope: ChangeScope },
): Promise<void> {
  const { where, values } = filterSql(scope, 2);
  const { rows } = await client.query<{ sync_id: string }>(
    `select distinct d.sync_id from duplicate_removed x join duplicate_removals d using (removal_id)
      join stream_runs r on r.stream_id = d.stream_id and r.run_no = d.run_no and r.undone_at is null
      where exists (select from duplicate_links l join duplicate_pairs p using (plan_id, pair) where l.plan_id = $1 and l.ended_in is null
        and ((l.left_row = x.row and l.left_stream = x.stream) or (l.right_row = x.row and l.right_stream = x.stream))${where}) order by 1`,
    [plan, ...values],
  );
  if (rows.length === 0) return;
  throw new InvalidInput(
    `rows were removed because plan ${plan} had merged them. Bring them back first: ${rows
      .map(({ sync_id: id }) => `\`syncline undo run ${id} --apply --reason …\``)
      .join(', ')}`,
  );
}

/** Throws InvalidInput where a row is gone because it belonged together with the other one. Call it after `lockDuplicates`, before they part. */
export async function expectNotRemoved(
  client: ClientBase,
  { name, pairs }: { readonly name: string; readonly pairs: readonly (readonly [RowRef, RowRef])[] },
): Promise<void> {
  const { rows } = await client.query<{ sync_id: string; row: string }>(
    `select d.sync_id, x.stream || ' ' || x.row as row
      from (select ls collate "C" as ls, lr collate "C" as lr, rs collate "C" as rs, rr collate "C" as rr from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as n(ls, lr, rs, rr)) n
      cross join lateral (select * from duplicate_removed where (row = n.lr and stream = n.ls) or (row = n.rr and stream = n.rs) offset 0) x
      join duplicate_removals d using (removal_id) join stream_runs r on r.stream_id = d.stream_id and r.run_no = d.run_no and r.undone_at is null
      join duplicate_members l on l.name = $1 and l.stream = n.ls and l.row = n.lr
      join duplicate_members o on o.name = $1 and o.stream = n.rs and o.row = n.rr and o.entity = l.entity limit 1`,
    [
      name,
      pairs.map(([{ stream }]) => stream),
      pairs.map(([{ row }]) => row),
      pairs.map(([, { stream }]) => stream),
      pairs.map(([, { row }]) => row),
    ],
  );
  if (rows[0] !== undefined)
    throw new InvalidInput(
      `${rows[0].row} was removed because it was merged with the other row. Bring it back first: \`syncline undo run ${rows[0].sync_id} --apply --reason …\``,
    );
}

/** Those of some plans, the newest first. */
export async function listRemovals(
  pool: Pool,
  plans: readonly number[],
): Promise<readonly (Omit<Removal, 'back'> & { readonly streamId: number })[]> {
  const { rows } = await pool.query<Record<string, unknown> & { at: Date }>(
    `select d.removal_id as removal, d.plan_id as plan, d.stream_id as "streamId", s.partner, s.name as stream, d.sync_id as "syncId", d.by, d.reason, d.at, d.removed,
        r.undone_at is not null as undone
      from duplicate_removals d join streams s using (stream_id) join stream_runs r using (stream_id, run_no)
      where d.plan_id = any ($1) and d.removed > 0 order by d.removal_id desc`,
    [plans],
  );
  return rows.map(({ at, ...row }) => ({
    ...(row as unknown as Omit<Removal, 'back' | 'at'> & { readonly streamId: number }),
    at: at.toISOString(),
  }));
}
