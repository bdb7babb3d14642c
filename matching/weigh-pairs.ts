import type { FoundPair, RowRef } from '../core/duplicates.ts';
import type { Weights } from '../core/match-weights.ts';
import { comparedColumns } from './candidates.ts';
import { compileMatch, type CompiledMatch, type Pass } from './compiled-match.ts';
import { checkWeights, streamsOf, type FindInput } from './find-pairs.ts';
import { loadRows } from './load-rows.ts';
import { makeRows } from './make-rows.ts';
import { boundSql, levelsOf, probabilityOf, weighedSql } from './score.ts';
import { openSession, type Row, type Session } from './session.ts';

export interface GivenPair {
  readonly plan: number;
  readonly pair: number;
  readonly left: RowRef;
  readonly right: RowRef;
  /** That found it: an exact rule, or `score`. */
  readonly rule: string;
}

export interface WeighInput extends Pick<
  FindInput,
  'pool' | 'settings' | 'name' | 'streams' | 'folder' | 'memoryLimit' | 'threads' | 'signal'
> {
  readonly weights: Weights;
  readonly pairs: AsyncIterable<readonly GivenPair[]>;
}

/** A pair whose rows do not say any more what they said when it was found. */
export interface LostPair extends Pick<GivenPair, 'plan' | 'pair'>, Pick<FoundPair, 'levels'> {
  /** Of the score; null: no field is weighed. */
  readonly probability: number | null;
  /** An exact rule still holds it, or the score does: only the rule that found it does not. */
  readonly held: boolean;
  /** Fields whose forms differ now, by each exact rule. */
  readonly apart: Readonly<Record<string, readonly string[]>>;
}

export interface GonePair extends Pick<GivenPair, 'plan' | 'pair'> {
  /** Which of its rows are. */
  readonly gone: readonly ('left' | 'right')[];
}

export interface Weighed {
  /** Pairs that were given. */
  readonly pairs: number;
  /** Can be read once, and so can `gone`, one after the other. */
  readonly lost: () => AsyncIterable<readonly LostPair[]>;
  readonly gone: () => AsyncIterable<readonly GonePair[]>;
  /** Removes the file with the values. */
  readonly close: () => Promise<void>;
}

/**
 * Weighs pairs anew, by weights and rules that are given, of rows as they are now. Which values are common is counted on the rows of now. Reads tables in one
 * snapshot, and changes nothing; the work is done in a DuckDB file.
 */
export async function weighPairs(input: WeighInput): Promise<Weighed> {
  const session = await openSession(input);
  try {
    return { ...(await weigh(session, input)), close: () => session.close() };
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Each form of an exact rule is looked at by itself, so that it can be told which one differs. */
function rulesByForm(match: CompiledMatch): ReadonlyMap<string, readonly Pass[]> {
  const rules = match.passes.filter(({ kind }) => kind !== 'block');
  return new Map(
    rules.map((rule) => [
      rule.name,
      rule.forms.map((form, at) => ({ ...rule, forms: [form], column: `${rule.column}_${at}` })),
    ]),
  );
}

async function weigh(session: Session, input: WeighInput): Promise<Omit<Weighed, 'close'>> {
  const { pool, settings, weights, name } = input;
  const match = compileMatch(settings);
  checkWeights(match, weights, name);
  const streams = streamsOf(input);
  const loaded = await loadRows(session, { pool, streams, fields: match.fields });
  const rules = rulesByForm(match);
  await makeRows(session, { ...match, passes: [...rules.values()].flat() }, 'true');
  const pairs = await give(
    session,
    streams.map(({ stream }) => stream),
    input.pairs,
  );
  const rows = loaded.reduce((sum, each) => sum + each.rows, 0);
  const lost = lostSql(match, { rules, weights, rows, review: settings.review });
  return {
    pairs,
    lost: () => read(session, lost, (row) => lostOf(row, match, rules)),
    gone: () => read(session, GONE, goneOf),
  };
}

async function* read<T>(session: Session, sql: string, of: (row: Row) => T): AsyncGenerator<readonly T[]> {
  for await (const rows of session.stream(sql)) yield rows.map(of);
}

/** Fills the table `given`. Returns how many there are. */
async function give(session: Session, streams: readonly string[], pairs: WeighInput['pairs']): Promise<number> {
  await session.run(
    'create table given (plan integer, pair integer, rule varchar, ls utinyint, lid varchar, rs utinyint, rid varchar)',
  );
  const numbers = new Map(streams.map((stream, at) => [stream, at]));
  const ref = ({ stream, row }: RowRef): string =>
    `${numbers.get(stream) ?? UNKNOWN}\t${Buffer.from(row).toString('hex')}`;
  async function* lines(): AsyncGenerator<string> {
    for await (const some of pairs)
      yield some
        .map(({ plan, pair, rule, left, right }) => `${plan}\t${pair}\t${rule}\t${ref(left)}\t${ref(right)}`)
        .join('\n');
  }
  await session.forEach(
    `insert into given select f[1]::integer, f[2]::integer, f[3], f[4]::utinyint, decode(unhex(f[5])), f[6]::utinyint, decode(unhex(f[7])) from ` +
      `(select string_split(line, chr(9)) as f from (select unnest(string_split($1, chr(10))) as line)) where f[1] <> ''`,
    lines(),
  );
  const [counted] = await session.rows('select count(*) from given');
  return Number(counted?.[0]);
}

/** Of a stream that the settings do not name: a row that is not there. */
const UNKNOWN = 255;

const GONE = `select plan, pair, l.n is null, r.n is null from given g left join rows l on l.s = g.ls and l.id = g.lid
  left join rows r on r.s = g.rs and r.id = g.rid where l.n is null or r.n is null`;

const goneOf = ([plan, pair, left, right]: Row): GonePair => ({
  plan: Number(plan),
  pair: Number(pair),
  gone: [...(left === true ? (['left'] as const) : []), ...(right === true ? (['right'] as const) : [])],
});

/** Pairs that their own rule does not hold any more. */
function lostSql(
  match: CompiledMatch,
  {
    rules,
    weights,
    rows,
    review,
  }: {
    readonly rules: ReadonlyMap<string, readonly Pass[]>;
    readonly weights: Weights;
    readonly rows: number;
    readonly review: number;
  },
): string {
  const forms = [...rules.values()].flat();
  const meets = forms.map(({ column }) => `coalesce(l.${column} = r.${column}, false) as m_${column}`);
  const columns = comparedColumns(match.scored).flatMap((column) => [
    `l.${column} as l_${column}`,
    `r.${column} as r_${column}`,
  ]);
  const from =
    `select ${['g.plan', 'g.pair', 'g.rule', ...meets, ...columns].join(', ')} from given g ` +
    `join rows l on l.s = g.ls and l.id = g.lid join rows r on r.s = g.rs and r.id = g.rid`;
  const carry = ['plan', 'pair', 'rule', ...forms.map(({ column }) => `m_${column}`)];
  const weighed = weighedSql({ from, carry, match, weights, rows });
  const least = boundSql(review);
  const score = match.scored.length === 0 ? 'false' : least === undefined ? 'true' : `weight >= ${least}`;
  const any = [score, ...[...rules.values()].map(covers)].join(' or ');
  const own = [...rules].map(([rule, passes]) => `when '${rule}' then ${covers(passes)}`).join(' ');
  // The names of rules are letters, digits, - and _. What the score has found, an exact rule may hold as well.
  const mine = own === '' ? `(${any})` : `(case rule ${own} else ${any} end)`;
  return `select *, (${any}) as held from (${weighed}) where not ${mine}`;
}

const covers = (passes: readonly Pass[]): string => `(${passes.map(({ column }) => `m_${column}`).join(' and ')})`;

function lostOf(row: Row, match: CompiledMatch, rules: ReadonlyMap<string, readonly Pass[]>): LostPair {
  const [plan, pair, , ...rest] = row;
  const forms = [...rules].flatMap(([rule, passes]) =>
    passes.map((pass) => ({ rule, field: pass.forms[0]?.field ?? '' })),
  );
  const [weight, ...facts] = rest.slice(forms.length);
  const apart: Record<string, string[]> = {};
  for (const [at, { rule, field }] of forms.entries()) if (rest[at] !== true) (apart[rule] ??= []).push(field);
  return {
    plan: Number(plan),
    pair: Number(pair),
    probability: match.scored.length === 0 ? null : probabilityOf(Number(weight)),
    levels: levelsOf(match, facts),
    held: row.at(-1) === true,
    apart,
  };
}
