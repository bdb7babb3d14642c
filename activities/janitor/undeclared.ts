import { listSchedules, presentOf } from '../../client/schedules.ts';
import { explain } from '../../core/errors.ts';
import type { Leftover } from '../../core/leftover.ts';
import { compilePartner } from '../../definitions/compile.ts';
import { loadCompares } from '../../definitions/load-compares.ts';
import { declaredCompares, declaredJoins, declaredSchedules } from '../../definitions/declared-schedules.ts';
import type { Partner } from '../../definitions/definition.ts';
import { DUPLICATES } from '../../definitions/duplicates.ts';
import { listPartners, loadPartner } from '../../definitions/load.ts';
import { loadDuplicates } from '../../definitions/load-duplicates.ts';
import { declaredTargets, placesOf } from '../../definitions/named-targets.ts';
import { STORE, TARGETS } from '../../definitions/targets.ts';
import { storedStreams, storedTargets } from '../../store/janitor/leftovers.ts';
import type { AskTemporal, JanitorDeps } from './janitor-deps.ts';

export interface Undeclared {
  readonly found: readonly Leftover[];
  /** What could not be looked at. */
  readonly troubles: readonly string[];
}

/** Streams, tables in targets and schedules that no definition has. Of a definition that does not load nobody knows what it has. */
export async function undeclared(deps: JanitorDeps, temporal: AskTemporal): Promise<Undeclared> {
  const read = await readAll(deps);
  const { streams, broken, troubles } = read;
  const stored = await storedStreams(deps.pool);
  if (read.partners.length + broken.size === 0) {
    // Another folder than that of the workers, most likely.
    const reason = `there is no definition in ${deps.partnersDir}, so nobody knows what is declared`;
    return { found: [], troubles: stored.length === 0 ? troubles : [...troubles, reason] };
  }
  const found: Leftover[] = [];
  const attempt = async (work: () => Promise<readonly Leftover[]>): Promise<void> => {
    try {
      found.push(...(await work()));
    } catch (error) {
      troubles.push(explain(error));
    }
  };
  await attempt(() => straySchedules(deps, temporal, read));
  for (const { partner, stream, since } of stored)
    if (!broken.has(partner) && !streams.has(`${partner}.${stream}`))
      found.push({ kind: 'forgotten-stream', place: `${partner}.${stream}`, count: 1, since });
  await attempt(() => forgottenTargets(deps, read));
  return { found, troubles };
}

interface Read {
  readonly partners: readonly Partner[];
  /** `acme.orders`. */
  readonly streams: ReadonlySet<string>;
  /** Ids of all schedules that are declared. */
  readonly schedules: ReadonlySet<string>;
  /** What does not load: names of partners, `duplicates` and `targets`, which no partner can be called. */
  readonly broken: ReadonlySet<string>;
}

/** For what they declare, not for a call: variables that only workers have may be missing. */
async function readAll({ partnersDir, env, names }: JanitorDeps): Promise<Read & { readonly troubles: string[] }> {
  const partners: Partner[] = [];
  const streams = new Set<string>();
  const broken = new Set<string>();
  const troubles: string[] = [];
  const attempt = async (name: string, load: () => Promise<void>): Promise<void> => {
    try {
      await load();
    } catch (error) {
      broken.add(name);
      troubles.push(`the definition of ${name} does not load, so what it declares is not known: ${explain(error)}`);
    }
  };
  for (const name of await listPartners(partnersDir))
    await attempt(name, async () => {
      const partner = await loadPartner(name, { dir: partnersDir, env, forgiveMissing: true });
      for (const stream of compilePartner(partner, names).keys()) streams.add(`${name}.${stream}`);
      partners.push(partner);
    });
  const schedules = partners.flatMap((partner) => declaredSchedules(names, partner));
  await attempt(DUPLICATES, async () => {
    schedules.push(...declaredJoins(names, (await loadDuplicates({ dir: partnersDir, env })).settings));
  });
  await attempt(TARGETS, async () => {
    schedules.push(...declaredCompares(names, await loadCompares({ dir: partnersDir, env })));
  });
  return { partners, streams, schedules: new Set(schedules.map(({ id }) => id)), broken, troubles };
}

async function straySchedules(
  { names }: JanitorDeps,
  temporal: AskTemporal,
  { schedules, broken }: Read,
): Promise<readonly Leftover[]> {
  return temporal(async (client) =>
    (await listSchedules(client, names)).flatMap((description): Leftover[] => {
      const { id, declared: of } = presentOf(description);
      if (schedules.has(id) || broken.has(of.partner)) return [];
      return [{ kind: 'stray-schedule', place: id, count: 1, since: description.info.createdAt.toISOString() }];
    }),
  );
}

async function forgottenTargets(
  { pool, partnersDir }: JanitorDeps,
  { partners, broken }: Read,
): Promise<readonly Leftover[]> {
  const declared = new Set([STORE, ...(await declaredTargets(partnersDir))]);
  const wanted = new Set(placesOf(partners).map(({ target, partner, stream }) => `${target} ${partner}.${stream}`));
  return (await storedTargets(pool)).flatMap(({ target, partner, stream, since }): Leftover[] => {
    const place = `${target} ${partner}.${stream}`;
    if (declared.has(target) && (wanted.has(place) || broken.has(partner))) return [];
    return [{ kind: 'forgotten-target', place, count: 1, since }];
  });
}
