import type { ClientBase, Pool } from 'pg';
import type { RowRef } from '../../core/duplicates.ts';
import { compareRows } from '../../core/duplicates.ts';
import { transaction } from '../session/transaction.ts';
import { lockDuplicates, settleMembers } from './members.ts';
import { filterSql, type PairFilter } from './pairs.ts';
import { readPlan } from './plans.ts';
import { expectNotRemoved } from './removals.ts';

export interface Decision {
  readonly plan: number;
  readonly filter: PairFilter;
  readonly decision: 'merge' | 'no';
  readonly by: string;
  readonly reason: string;
  /** What was decided otherwise before is decided anew. */
  readonly again?: boolean;
}

/** Approves or rejects pairs of a plan. What a person rejects never merges: no later plan proposes it. Returns how many. */
export const decidePairs = (pool: Pool, { plan, ...decision }: Decision): Promise<number> =>
  decideAll(pool, { plan, decisions: [decision] });

/** Decisions on one plan in one transaction: all of them hold, or none. Returns how many pairs were decided. */
export async function decideAll(
  pool: Pool,
  { plan, decisions }: { readonly plan: number; readonly decisions: readonly Omit<Decision, 'plan'>[] },
): Promise<number> {
  const { name } = await readPlan(pool, plan);
  return transaction(pool, async (client) => {
    await lockDuplicates(client, name);
    let pairs = 0;
    for (const decision of decisions) pairs += await decide(client, name, { plan, ...decision });
    return pairs;
  });
}

async function decide(
  client: ClientBase,
  name: string,
  { plan, filter, decision, by, reason, again = false }: Decision,
): Promise<number> {
  const { where, values } = filterSql(filter, 6);
  const changesMembers = decision === 'no' || again;
  const { rows, rowCount } = await client.query<{ ls: string; lr: string; rs: string; rr: string }>(
    `update duplicate_pairs p set decision = $2, decided_by = $3, decided_at = clock_timestamp(), reason = $4
      where p.plan_id = $1 and (p.decision is null or ($5 and p.decision <> $2))${where}
      ${changesMembers ? 'returning left_stream as ls, left_row as lr, right_stream as rs, right_row as rr' : ''}`,
    [plan, decision, by, reason, again, ...values],
  );
  // Who approves a million pairs for the first time changes nothing but the pairs.
  if (!changesMembers) return rowCount ?? 0;
  const of = [
    name,
    rows.map(({ ls }) => ls),
    rows.map(({ lr }) => lr),
    rows.map(({ rs }) => rs),
    rows.map(({ rr }) => rr),
  ];
  if (decision === 'no') {
    const pairs = rows.map(
      ({ ls, lr, rs, rr }) =>
        [
          { stream: ls, row: lr },
          { stream: rs, row: rr },
        ] as const,
    );
    await expectNotRemoved(client, { name, pairs });
    await client.query(
      `insert into duplicate_never (name, left_stream, left_row, right_stream, right_row, by, reason)
        select $1, ls, lr, rs, rr, $6, $7 from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as n(ls, lr, rs, rr) on conflict do nothing`,
      [...of, by, reason],
    );
  }
  // Only who changes a decision takes back what was said before: a rule that approves many pairs does not.
  else
    await client.query(
      `delete from duplicate_never x using unnest($2::text[], $3::text[], $4::text[], $5::text[]) as n(ls, lr, rs, rr)
        where x.name = $1 and x.left_stream = ls and x.left_row = lr and x.right_stream = rs and x.right_row = rr`,
      of,
    );
  await settleMembers(client, {
    name,
    rows: rows.flatMap(({ ls, lr, rs, rr }) => [
      { stream: ls, row: lr },
      { stream: rs, row: rr },
    ]),
  });
  return rows.length;
}

export interface Never {
  readonly name: string;
  readonly rows: readonly [RowRef, RowRef];
  readonly by: string;
  readonly reason: string;
}

/** Two rows never belong together from now on, whatever connects them; what holds them together now ends in the same transaction. */
export async function neverMerge(pool: Pool, { name, rows, by, reason }: Never): Promise<void> {
  const [left, right] = rows.toSorted(compareRows) as [RowRef, RowRef];
  await transaction(pool, async (client) => {
    await lockDuplicates(client, name);
    await expectNotRemoved(client, { name, pairs: [[left, right]] });
    await client.query(
      `insert into duplicate_never (name, left_stream, left_row, right_stream, right_row, by, reason) values ($1, $2, $3, $4, $5, $6, $7)
        on conflict do nothing`,
      [name, left.stream, left.row, right.stream, right.row, by, reason],
    );
    await settleMembers(client, { name, rows: [left, right] });
  });
}

/** They may belong together again. False: nothing said that they may not. */
export async function mayMerge(pool: Pool, { name, rows }: Pick<Never, 'name' | 'rows'>): Promise<boolean> {
  const [left, right] = rows.toSorted(compareRows) as [RowRef, RowRef];
  return transaction(pool, async (client) => {
    await lockDuplicates(client, name);
    const { rowCount } = await client.query(
      'delete from duplicate_never where name = $1 and left_stream = $2 and left_row = $3 and right_stream = $4 and right_row = $5',
      [name, left.stream, left.row, right.stream, right.row],
    );
    await settleMembers(client, { name, rows: [left, right] });
    return (rowCount ?? 0) > 0;
  });
}

export async function listNever(pool: Pool, name?: string): Promise<readonly (Never & { readonly at: string })[]> {
  const { rows } = await pool.query<Record<string, string> & { at: Date }>(
    'select * from duplicate_never where $1::text is null or name = $1 order by at desc',
    [name ?? null],
  );
  return rows.map((row) => ({
    name: row['name'] as string,
    rows: [
      { stream: row['left_stream'] as string, row: row['left_row'] as string },
      { stream: row['right_stream'] as string, row: row['right_row'] as string },
    ],
    by: row['by'] as string,
    reason: row['reason'] as string,
    at: row.at.toISOString(),
  }));
}
