import type { LevelWeight, Weights } from '../core/match-weights.ts';
import type { DuplicateSettings } from '../definitions/duplicates.ts';
import { candidatesSql, comparedColumns, meets, type CountedPass } from './candidates.ts';
import { levelOf, timesOf, valueOf } from './columns.ts';
import type { CompiledMatch, ScoredField } from './compiled-match.ts';
import { estimateMatches, posterior, type AlikePairs, type Estimate } from './em.ts';
import { levelsSql } from './level-sql.ts';
import type { Session } from './session.ts';

/** Random pairs that u is counted on: what one in this many pairs has is not seen. 1,000,000 take about 2 s. */
const RANDOM_PAIRS = 1_000_000;
/** Of each pass at most so many pairs are learnt from. */
const PASS_PAIRS = 1_000_000;
const LEAST = 1e-9;

/** Learns from the rows how much each level says. Always the same for the same rows. */
export async function estimateWeights(
  session: Session,
  match: CompiledMatch,
  input: { readonly settings: DuplicateSettings; readonly passes: readonly CountedPass[]; readonly rows: number },
): Promise<Weights> {
  const { settings, passes, rows } = input;
  const fields = match.scored;
  const total = (rows * (rows - 1)) / 2;
  if (fields.length === 0 || total === 0) return { prior: settings.prior ?? 0.5, fields: givenOnly(settings, fields) };
  const random = await randomShares(session, fields, rows);
  const seen: SeenPass[] = [];
  for (const [at, pass] of passes.entries())
    if (pass.pairs > 0) seen.push(await alikePairs(session, { fields, pass, before: passes.slice(0, at) }));

  let u = random;
  let m: readonly (readonly number[])[] = fields.map(startOf);
  let prior = settings.prior ?? 1 / rows;
  // What random pairs agree on is partly what matches among them agree on: known once the matches are.
  for (let round = 0; round < 3; round += 1) {
    m = learn(fields, seen, u);
    prior = settings.prior ?? priorOf(seen, { m, u, total, start: prior });
    u = random.map((levels, field) =>
      levels.map((share, level) =>
        Math.max((share - prior * (m[field]?.[level] ?? 0)) / (1 - prior), LEAST, share / 100),
      ),
    );
  }
  const estimated = fields.map((field, at) => [
    field.name,
    given(settings, field) ?? levelNames(field).map((level, index) => weighed(level, m[at]?.[index], u[at]?.[index])),
  ]);
  return { prior, fields: Object.fromEntries(estimated) as Weights['fields'] };
}

const weighed = (level: string, m = LEAST, u = LEAST): LevelWeight => ({ level, m, u, weight: Math.log2(m / u) });

const levelNames = ({ levels }: ScoredField): readonly string[] => [...levels.map(({ text }) => text), 'else'];

function given({ weights }: DuplicateSettings, field: ScoredField): readonly LevelWeight[] | undefined {
  const own = weights === 'estimated' ? undefined : weights[field.name];
  return own === undefined ? undefined : levelNames(field).map((level) => ({ level, weight: own[level] ?? 0 }));
}

const givenOnly = (settings: DuplicateSettings, fields: readonly ScoredField[]): Weights['fields'] =>
  Object.fromEntries(
    fields.map((field) => [
      field.name,
      given(settings, field) ?? levelNames(field).map((level) => ({ level, weight: 0 })),
    ]),
  );

/** Most matches agree, some nearly, few not at all. */
function startOf({ levels }: ScoredField): readonly number[] {
  const middle = levels.length - 1;
  return [...levels.map((_, at) => (at === 0 ? 0.8 : 0.1 / middle)), middle === 0 ? 0.2 : 0.1];
}

/** By field and level: the share of random pairs at this level, of those in which both rows have a value. */
async function randomShares(
  session: Session,
  fields: readonly ScoredField[],
  rows: number,
): Promise<readonly (readonly number[])[]> {
  const columns = comparedColumns(fields);
  const selected = columns.flatMap((column) => [`l.${column} as l_${column}`, `r.${column} as r_${column}`]).join(', ');
  const all = (rows * (rows - 1)) / 2 <= RANDOM_PAIRS;
  const pairs = all
    ? `select ${selected} from rows l join rows r on l.n < r.n`
    : `select ${selected} from (select hash(i, 1) % ${rows} as a, hash(i, 2) % ${rows} as b from range(${RANDOM_PAIRS}) as t(i)) join rows l on l.n = a join rows r on r.n = b where a <> b`;
  const counted = fields.flatMap((field) =>
    Array.from(
      { length: field.levels.length + 1 },
      (_, level) => `count(*) filter (${levelOf(field.name)} = ${level})`,
    ),
  );
  const [found] = await session.rows(
    `select ${counted.join(', ')} from (${levelsSql(fields, { from: pairs, carry: [] })})`,
  );
  const numbers = (found ?? []).map(Number);
  let at = 0;
  const shares: number[][] = [];
  for (const field of fields) {
    const levels = numbers.slice(at, at + field.levels.length + 1);
    at += levels.length;
    shares.push(await withExact(session, field, levels));
  }
  return shares;
}

/** How often two rows are equal is not drawn but counted: rare values would not be seen. */
async function withExact(session: Session, field: ScoredField, counts: readonly number[]): Promise<number[]> {
  const exact = field.levels.findIndex(({ name }) => name === 'exact');
  const sum = counts.reduce((all, count) => all + count, 0);
  const smooth = counts.map((count) => (count + 0.5) / (sum + 0.5 * counts.length));
  // Above `exact` a pair could be at another level; nobody writes it so.
  if (exact !== 0) return smooth;
  const [found] = await session.rows(
    `select count(*), coalesce(sum(${timesOf(field.name)} - 1), 0) from rows where ${valueOf(field.name)} is not null`,
  );
  const [having = 0, agreeing = 0] = (found ?? []).map(Number);
  const share = having < 2 ? LEAST : Math.max(agreeing / (having * (having - 1)), LEAST);
  const rest = 1 - (smooth[exact] as number);
  return smooth.map((value, level) => (level === exact ? share : (value * (1 - share)) / rest));
}

interface SeenPass {
  readonly groups: readonly AlikePairs[];
  /** Of these, pairs that no pass before has. */
  readonly own: readonly AlikePairs[];
  /** How many pairs stand behind each that was looked at. */
  readonly scale: number;
  readonly without: ReadonlySet<number>;
  /** All of its pairs match: it is an exact rule that nobody reviews. */
  readonly certain: boolean;
}

async function alikePairs(
  session: Session,
  {
    fields,
    pass,
    before,
  }: { readonly fields: readonly ScoredField[]; readonly pass: CountedPass; readonly before: readonly CountedPass[] },
): Promise<SeenPass> {
  const share = Math.min(1, PASS_PAIRS / pass.pairs);
  const known = before.map((other) => `coalesce(${meets(other)}, false)`).join(' or ') || 'false';
  const from = candidatesSql(
    // A star of a group that is too large is no sample of its pairs.
    { ...pass, kind: 'block' },
    { columns: comparedColumns(fields), besides: [], since: false, share, also: `(${known}) as known` },
  );
  const levels = fields.map(({ name }) => levelOf(name));
  const rows = await session.rows(
    `select ${[...levels, 'known', 'count(*)'].join(', ')} from (${levelsSql(fields, { from, carry: ['known'] })}) group by all order by all`,
  );
  const groups = rows.map((row) => ({
    levels: row.slice(0, fields.length).map(Number),
    pairs: Number(row[fields.length + 1]),
    known: row[fields.length] === true,
  }));
  return {
    groups,
    own: groups.filter(({ known: found }) => !found),
    scale: 1 / share,
    without: new Set(fields.flatMap(({ name }, at) => (pass.forms.some(({ field }) => field === name) ? [at] : []))),
    certain: pass.kind === 'exact',
  };
}

/** m of each field from all passes that do not choose by it, each with the weight of the matches it saw. */
function learn(
  fields: readonly ScoredField[],
  seen: readonly SeenPass[],
  u: readonly (readonly number[])[],
): readonly (readonly number[])[] {
  const start = fields.map(startOf);
  const passes = seen.map(({ groups, without, scale }) => ({
    without,
    scale,
    estimate: estimateMatches({ groups, u, start, without }),
  }));
  return start.map((levels, field) => {
    const used = passes.filter(({ without }) => !without.has(field));
    const weight = ({ estimate, scale }: { readonly estimate: Estimate; readonly scale: number }): number =>
      Math.max((estimate.seen[field] ?? 0) * scale, LEAST);
    const all = used.reduce((sum, pass) => sum + weight(pass), 0);
    return all === 0
      ? levels
      : levels.map(
          (_, level) =>
            used.reduce((sum, pass) => sum + weight(pass) * (pass.estimate.m[field]?.[level] ?? 0), 0) / all,
        );
  });
}

/** The share of matches among all pairs by which as many are expected among those that were chosen. */
function priorOf(
  seen: readonly SeenPass[],
  {
    m,
    u,
    total,
    start,
  }: {
    readonly m: readonly (readonly number[])[];
    readonly u: readonly (readonly number[])[];
    readonly total: number;
    readonly start: number;
  },
): number {
  let share = start;
  for (let round = 0; round < 100; round += 1) {
    const expected = seen.reduce(
      (sum, { own, scale, certain }) =>
        sum +
        scale *
          own.reduce((part, { levels, pairs }) => part + pairs * (certain ? 1 : posterior(levels, { m, u, share })), 0),
      0,
    );
    const next = Math.min(Math.max(expected / total, 1 / total / 10), 0.5);
    const moved = Math.abs(Math.log(next / share));
    share = next;
    if (moved < 1e-4) break;
  }
  return share;
}
