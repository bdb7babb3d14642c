import { calledOf, dayOf, soundOf, sortedOf, timesOf, valueOf } from './columns.ts';
import { hasLevel, type CompiledMatch, type Pass, type ScoredField } from './compiled-match.ts';
import { isWorded } from './make-rows.ts';
import type { Session } from './session.ts';
import type { BlockCount } from '../core/match-weights.ts';

/** A pass, and what there is of it among the rows. */
export interface CountedPass extends Pass {
  /** Pairs that share a key of a group that is not too large. */
  readonly pairs: number;
  readonly large: Omit<BlockCount, 'block' | 'pairs'>;
}

/** Counts the pairs of each pass, and takes groups that are too large out of it; of an exact rule they stay, and are told apart by the table `large_<key>`. */
export async function countPasses(
  session: Session,
  match: CompiledMatch,
  { largestBlock, since }: { readonly largestBlock: number; readonly since: boolean },
): Promise<readonly CountedPass[]> {
  const counted: CountedPass[] = [];
  for (const pass of match.passes) {
    const key = pass.many ? `unnest(${pass.column})` : pass.column;
    await session.run(
      `create or replace table groups as select key, count(*) as size, count(*) filter (not fresh) as old from (select ${key} as key, fresh from rows where ${pass.column} is not null) group by key having count(*) > 1`,
    );
    const inGroup = since ? 'size * (size - 1) // 2 - old * (old - 1) // 2' : 'size * (size - 1) // 2';
    const [found] = await session.rows(
      `select coalesce(sum(${inGroup}) filter (size <= ${largestBlock}), 0), count(*) filter (size > ${largestBlock}), coalesce(sum(size) filter (size > ${largestBlock}), 0), coalesce(sum(${inGroup}) filter (size > ${largestBlock}), 0) from groups`,
    );
    const [pairs = 0, tooLarge = 0, rowsTooLarge = 0, pairsTooLarge = 0] = (found ?? []).map(Number);
    counted.push({ ...pass, pairs, large: { tooLarge, rowsTooLarge, pairsTooLarge } });
    if (tooLarge > 0)
      await session.run(`create table large_${pass.column} as select key from groups where size > ${largestBlock}`);
  }
  await session.run('drop table if exists groups');
  await withoutLarge(session, counted);
  return counted;
}

/** Rows lose the keys of groups that are too large, so that another pass may find the pairs in them. */
async function withoutLarge(session: Session, passes: readonly CountedPass[]): Promise<void> {
  for (const { column, kind, many, large } of passes) {
    if (large.tooLarge === 0 || kind === 'exact') continue;
    if (many) {
      await session.run(
        `create table kept as select n, list_sort(list(key)) as keys from (select n, unnest(${column}) as key from rows) where key not in (select key from large_${column}) group by n`,
      );
      await session.run(
        `create table fewer as select rows.* replace (kept.keys as ${column}) from rows left join kept using (n)`,
      );
      await session.run('drop table kept');
    } else
      await session.run(
        `create table fewer as select rows.* replace (case when large.key is null then ${column} end as ${column}) from rows left join large_${column} as large on rows.${column} = large.key`,
      );
    await session.run('drop table rows');
    await session.run('alter table fewer rename to rows');
  }
}

/** The columns of a row that the levels and weights of a pair are made of. */
export function comparedColumns(fields: readonly ScoredField[]): readonly string[] {
  return fields.flatMap((field) => [
    valueOf(field.name),
    timesOf(field.name),
    ...(isWorded(field) ? [sortedOf(field.name), calledOf(field.name)] : []),
    ...(hasLevel(field, 'sounds') ? [soundOf(field.name)] : []),
    ...(hasLevel(field, 'days') ? [dayOf(field.name)] : []),
  ]);
}

export interface CandidateOptions {
  /** Columns of both rows to come with the pair, as `l_…` and `r_…`. */
  readonly columns: readonly string[];
  /** Passes whose pairs are left out. */
  readonly besides: readonly CountedPass[];
  /** Only pairs of which one row is fresh: `l` is. Otherwise all, and `l` is before `r`. */
  readonly since: boolean;
  /** Of all pairs, always the same ones. */
  readonly share?: number | undefined;
  /** An expression more of the pair. */
  readonly also?: string | undefined;
}

/** SQL for the pairs of a pass, each once. */
export function candidatesSql(pass: CountedPass, options: CandidateOptions): string {
  const { columns, since, share = 1, also } = options;
  const order = since ? 'l.fresh and l.n <> r.n and (not r.fresh or l.n < r.n)' : 'l.n < r.n';
  const conditions = [
    order,
    ...(share < 1 ? [`hash(l.n, r.n) % 1000000 < ${Math.round(share * 1_000_000)}`] : []),
    ...options.besides.map((other) => `not coalesce(${meets(other)}, false)`),
  ];
  const selected = [
    ...columns.flatMap((column) => [`l.${column} as l_${column}`, `r.${column} as r_${column}`]),
    ...(also === undefined ? [] : [also]),
  ].join(', ');
  const { column } = pass;
  if (pass.many) {
    const keys = `select n, fresh, ${column}, unnest(${column}) as key from rows`;
    const first = `l.key = list_min(list_intersect(l.${column}, r.${column}))`;
    const numbers = `select l.n as a, r.n as b from (${keys}) l join (${keys}) r on l.key = r.key where ${order} and ${first}`;
    return `select ${selected} from (${numbers}) p join rows l on l.n = p.a join rows r on r.n = p.b where ${conditions.slice(1).join(' and ') || 'true'}`;
  }
  const small = `select ${selected} from rows l join rows r on l.${column} = r.${column} where ${conditions.join(' and ')}`;
  if (pass.kind !== 'exact' || pass.large.tooLarge === 0) return small;
  // In a group that is too large each row is paired with the first one: that says the same with fewer pairs.
  const star = `select key, min(n) as first from rows join large_${column} as large on ${column} = large.key group by key`;
  const rest = conditions.slice(1).map((condition) => ` and ${condition}`);
  return (
    `${small} and not exists (from large_${column} as large where large.key = l.${column}) union all ` +
    `select ${selected} from (${star}) s join rows l on l.n = s.first join rows r on r.${column} = s.key where r.n > l.n${since ? ' and (l.fresh or r.fresh)' : ''}${rest.join('')}`
  );
}

/** SQL that says whether the rows l and r are a pair of a pass. */
export const meets = ({ column, many }: Pass): string =>
  many ? `list_has_any(l.${column}, r.${column})` : `l.${column} = r.${column}`;
