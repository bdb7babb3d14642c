import type { ClientBase, Pool } from 'pg';
import type { Held } from '../../core/clusters.ts';
import type { FoundPair } from '../../core/duplicates.ts';

export type PairFate = 'merge' | 'review';

export interface PlannedPair extends FoundPair {
  readonly pair: number;
  /** What the thresholds say. */
  readonly found: PairFate;
  readonly cluster: number;
  /** Why it holds nothing in its cluster; null: it does. */
  readonly held: Held | null;
  readonly decision: 'merge' | 'no' | null;
  readonly decidedBy: string | null;
  readonly reason: string | null;
  readonly applied: boolean;
  /** Other plans that have the same pair in force. */
  readonly alsoBy: readonly number[];
}

/** Which pairs of a plan; what is left out fits all. */
export interface PairFilter {
  readonly rule?: string;
  readonly cluster?: number;
  readonly pair?: number;
  /** These, by their numbers. */
  readonly pairs?: readonly number[];
  readonly found?: PairFate;
  /** Probability from which, and up to which. */
  readonly from?: number;
  readonly to?: number;
  readonly decision?: 'merge' | 'no' | 'none';
}

/** SQL of a filter, with parameters from `$first` on. */
export function filterSql(
  filter: PairFilter,
  first: number,
): { readonly where: string; readonly values: readonly unknown[] } {
  const parts: string[] = [];
  const values: unknown[] = [];
  const add = (text: string, value: unknown): void => {
    parts.push(` and ${text.replace('?', `$${first + values.length}`)}`);
    values.push(value);
  };
  if (filter.rule !== undefined) add('p.rule = ?', filter.rule);
  if (filter.cluster !== undefined) add('p.cluster = ?', filter.cluster);
  if (filter.pair !== undefined) add('p.pair = ?', filter.pair);
  if (filter.pairs !== undefined) add('p.pair = any (?)', filter.pairs);
  if (filter.found !== undefined) add('p.found = ?', filter.found);
  if (filter.from !== undefined) add('p.probability >= ?', filter.from);
  if (filter.to !== undefined) add('p.probability <= ?', filter.to);
  // Only this text has an index: `duplicate_pairs_undecided`.
  if (filter.decision === 'none') parts.push(' and p.decision is null');
  else if (filter.decision !== undefined) add('p.decision = ?', filter.decision);
  return { where: parts.join(''), values };
}

/**
 * Pairs that were found, numbered from `first` on; those that never merge are left out. What another plan has in force already is a pair of this one as
 * well: it has to stay when that one is undone. Returns how many are kept: none where somebody else has taken the plan.
 */
export async function writePairs(
  client: ClientBase | Pool,
  {
    plan,
    claim,
    name,
    first,
    merge,
    pairs,
  }: {
    readonly plan: number;
    /** Of `beginPlan`. */
    readonly claim: string;
    readonly name: string;
    readonly first: number;
    /** Probability from which a pair is proposed to merge. */
    readonly merge: number;
    readonly pairs: readonly FoundPair[];
  },
): Promise<number> {
  const lines = pairs.map(({ left, right, rule, weight, probability, levels }) => ({
    ...{ ls: left.stream, lr: left.row, rs: right.stream, rr: right.row },
    ...{ rule, weight, probability, levels },
  }));
  const { rowCount } = await client.query(
    `with mine as (select from duplicate_plans where plan_id = $1 and claim = $6 and state = 'finding' for share)
      insert into duplicate_pairs (plan_id, pair, left_stream, left_row, right_stream, right_row, rule, weight, probability, levels, found)
      select $1, $2 + row_number() over (), ls, lr, rs, rr, rule, weight, probability, levels, case when probability >= $3 then 'merge' else 'review' end
        from json_to_recordset($4) as n(ls text, lr text, rs text, rr text, rule text, weight float8, probability float8, levels jsonb), mine
        where not exists (select from duplicate_never x where x.name = $5 and x.left_stream = ls and x.left_row = lr and x.right_stream = rs and x.right_row = rr)`,
    [plan, first - 1, merge, JSON.stringify(lines), name, claim],
  );
  return rowCount ?? 0;
}

interface PairRow {
  readonly pair: number;
  readonly left_stream: string;
  readonly left_row: string;
  readonly right_stream: string;
  readonly right_row: string;
  readonly rule: string;
  readonly weight: number;
  readonly probability: number;
  readonly levels: FoundPair['levels'];
  readonly found: PairFate;
  readonly cluster: number;
  readonly held: Held | null;
  readonly decision: 'merge' | 'no' | null;
  readonly decided_by: string | null;
  readonly reason: string | null;
  readonly applied: boolean;
  readonly also_by: readonly number[];
}

/** By cluster, and the weakest pair of each first: that is the one to look at. `after`: cluster and pair of the last one that was read. */
export async function readPairs(
  client: ClientBase | Pool,
  {
    plan,
    filter = {},
    after,
    limit = 1000,
  }: {
    readonly plan: number;
    readonly filter?: PairFilter;
    readonly after?: Pick<PlannedPair, 'cluster' | 'weight' | 'pair'>;
    readonly limit?: number;
  },
): Promise<readonly PlannedPair[]> {
  const { where, values } = filterSql(filter, 6);
  const { rows } = await client.query<PairRow>(
    // The pairs first, and what else has them in force of these alone.
    `select p.*, exists (select from duplicate_links l where l.plan_id = p.plan_id and l.pair = p.pair and l.ended_in is null) as applied,
        array(select l.plan_id from duplicate_links l join duplicate_plans d on d.plan_id = p.plan_id and d.name = l.name where l.ended_in is null and l.plan_id <> p.plan_id
          and l.left_stream = p.left_stream and l.left_row = p.left_row and l.right_stream = p.right_stream and l.right_row = p.right_row order by 1) as also_by
      from (select * from duplicate_pairs p
        where p.plan_id = $1 and ($2::integer is null or (p.cluster, p.weight, p.pair) > ($2, $3::float8, $4))${where}
        order by p.cluster, p.weight, p.pair limit $5) p
      order by p.cluster, p.weight, p.pair`,
    [plan, after?.cluster ?? null, after?.weight ?? null, after?.pair ?? null, limit, ...values],
  );
  return rows.map(pairOf);
}

const pairOf = (row: PairRow): PlannedPair => ({
  pair: row.pair,
  left: { stream: row.left_stream, row: row.left_row },
  right: { stream: row.right_stream, row: row.right_row },
  rule: row.rule,
  weight: row.weight,
  probability: row.probability,
  levels: row.levels,
  found: row.found,
  cluster: row.cluster,
  held: row.held,
  decision: row.decision,
  decidedBy: row.decided_by,
  reason: row.reason,
  applied: row.applied,
  alsoBy: row.also_by,
});
