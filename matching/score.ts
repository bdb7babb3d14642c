import type { FoundPair } from '../core/duplicates.ts';
import type { LevelWeight, Weights } from '../core/match-weights.ts';
import type { DuplicateSettings } from '../definitions/duplicates.ts';
import { candidatesSql, comparedColumns, type CountedPass } from './candidates.ts';
import { levelOf, timesOf, weightOf } from './columns.ts';
import type { CompiledMatch, ScoredField } from './compiled-match.ts';
import { levelsSql, SWAPPED } from './level-sql.ts';
import { countedColumns, equalAt } from './make-rows.ts';
import type { Cell, Row, Session } from './session.ts';

interface ScoreInput {
  readonly match: CompiledMatch;
  readonly settings: DuplicateSettings;
  readonly weights: Weights;
  readonly passes: readonly CountedPass[];
  readonly rows: number;
  readonly since: boolean;
  /** `partner.stream` of each number. */
  readonly streams: readonly string[];
}

const LN2 = Math.LN2;
const oddsOf = (probability: number): number => Math.log2(probability / (1 - probability));
export const probabilityOf = (weight: number): number => 1 / (1 + Math.exp(-weight * LN2));

/** Pairs of a pass that are to be told of. */
export async function* foundPairs(
  session: Session,
  pass: CountedPass,
  input: ScoreInput,
): AsyncGenerator<readonly FoundPair[]> {
  for await (const rows of session.stream(scoredSql(pass, input))) yield rows.map((row) => pairOf(row, pass, input));
}

/** Number, stream and id of both rows, the weight of the pair, then for each field its level and what that weighs. */
function scoredSql(pass: CountedPass, { match, settings, weights, passes, rows, since }: ScoreInput): string {
  const besides = passes.slice(0, passes.indexOf(pass));
  const own = ['n', 's', 'id'];
  const from = candidatesSql(pass, { columns: [...own, ...comparedColumns(match.scored)], besides, since });
  const both = own.flatMap((column) => [`l_${column}`, `r_${column}`]);
  const least = pass.kind === 'block' ? boundSql(settings.review) : undefined;
  return `${weighedSql({ from, carry: both, match, weights, rows })}${least === undefined ? '' : ` where weight >= ${least}`}`;
}

/** The weight of a probability, as SQL; undefined: every weight is at least that. */
export function boundSql(probability: number): string | undefined {
  const odds = oddsOf(probability);
  if (odds === -Infinity) return undefined;
  return odds === Infinity ? "'infinity'::double" : String(odds);
}

export interface WeighedInput {
  /** Pairs, with the columns of both rows. */
  readonly from: string;
  /** Columns of it that come with the result. */
  readonly carry: readonly string[];
  readonly match: CompiledMatch;
  readonly weights: Weights;
  /** How many there are in all. */
  readonly rows: number;
}

/** SQL of pairs with what they weigh: the columns of `carry`, the weight of the pair (`weight`), then for each field its level and what that weighs. */
export function weighedSql({ from, carry, match, weights, rows }: WeighedInput): string {
  const times = match.scored.flatMap((field) => countedColumns(field).map((column) => `l_${timesOf(column)}`));
  const levels = levelsSql(match.scored, { from, carry: [...carry, ...times] });
  const weighed = match.scored.map((field) => `${weightSql(field, weights, rows)} as ${weightOf(field.name)}`);
  const sum = match.scored.map(({ name }) => ` + ${weightOf(name)}`).join('');
  const prior = match.scored.length === 0 ? 0 : oddsOf(weights.prior);
  const facts = match.scored.flatMap(({ name }) => [levelOf(name), weightOf(name)]);
  return (
    `select ${[...carry, 'weight', ...facts].join(', ')} from (select *, ${prior}${sum} as weight from ` +
    `(select *${weighed.map((sql) => `, ${sql}`).join('')} from (${levels})))`
  );
}

/** What is equal weighs by how many rows have this value, not by how many agree on average. */
function weightSql(field: ScoredField, weights: Weights, rows: number): string {
  const cases = (weights.fields[field.name] ?? []).map(
    (level, at) => `when ${at} then ${rarity(field, level, at, rows) ?? level.weight}`,
  );
  return `(case ${levelOf(field.name)} ${cases.join(' ')} else 0 end)::double`;
}

/** undefined: the level weighs the same for all values. */
function rarity(field: ScoredField, { m, u }: LevelWeight, at: number, rows: number): string | undefined {
  const level = field.levels[at];
  const column = level === undefined || !field.termFrequency ? undefined : equalAt(field, level.name);
  if (column === undefined || m === undefined || u === undefined) return undefined;
  // The two rows of the pair say nothing of how common their value is among all others.
  const others = `(l_${timesOf(column)} - 2) / ${Math.max(rows - 1, 1)}.0`;
  return `log2(${m} / greatest(${others}, ${Math.min(u, 1 / Math.max(rows - 1, 1))}))`;
}

function pairOf(row: Row, pass: CountedPass, { match, settings, streams }: ScoreInput): FoundPair {
  const [ln, rn, ls, rs, lid, rid, weight, ...facts] = row as readonly [
    Cell,
    Cell,
    Cell,
    Cell,
    string,
    string,
    number,
    ...Cell[],
  ];
  const left = { stream: streams[Number(ls)] ?? '', row: lid };
  const right = { stream: streams[Number(rs)] ?? '', row: rid };
  const score = probabilityOf(weight);
  const isScore = pass.kind === 'block' || (pass.kind === 'review' && score >= settings.merge);
  return {
    ...(Number(ln) < Number(rn) ? { left, right } : { left: right, right: left }),
    rule: isScore ? 'score' : pass.name,
    weight,
    probability: pass.kind === 'exact' ? 1 : pass.kind === 'review' ? Math.max(score, settings.review) : score,
    levels: levelsOf(match, facts),
  };
}

/** What `weighedSql` says of the fields of a pair. */
export const levelsOf = ({ scored }: CompiledMatch, facts: readonly Cell[]): FoundPair['levels'] =>
  Object.fromEntries(
    scored.map((field, at) => [
      field.name,
      { level: levelName(field, Number(facts[2 * at])), weight: Number(facts[2 * at + 1]) },
    ]),
  );

function levelName({ levels }: ScoredField, at: number): string {
  if (at < 0) return at === SWAPPED ? 'swapped' : 'missing';
  return levels[at]?.text ?? 'else';
}
