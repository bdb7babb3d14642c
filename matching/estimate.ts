import type { LevelWeight, Weights } from '../core/match-weights.ts';
import type { DuplicateSettings } from '../definitions/duplicates.ts';
import { alikePairs } from './alike-pairs.ts';
import type { CountedPass } from './candidates.ts';
import type { CompiledMatch, ScoredField } from './compiled-match.ts';
import type { Shares } from './em.ts';
import { learn, priorOf, type SeenPass } from './learn.ts';
import { LEAST, randomShares } from './random-shares.ts';
import type { Session } from './session.ts';

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
  const levels = fields.map((field) => field.levels.length + 1);
  let m: Shares = [];
  let prior = settings.prior ?? 1 / rows;
  // What random pairs agree on is partly what matches among them agree on: known once the matches are.
  for (let round = 0; round < 3; round += 1) {
    m = learn(levels, seen, u);
    prior = settings.prior ?? priorOf(seen, { m, u, total, start: prior });
    u = random.map((shares, field) =>
      shares.map((share, level) =>
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
