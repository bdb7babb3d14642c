import { listSchedules, presentOf } from '../../client/schedules.ts';
import { explain } from '../../core/errors.ts';
import type { Leftover } from '../../core/leftover.ts';
import { compilePartner } from '../../definitions/compile.ts';
import { declaredJoins, declaredSchedules } from '../../definitions/declared-schedules.ts';
import type { Partner } from '../../definitions/definition.ts';
import { DUPLICATES } from '../../definitions/duplicates.ts';
import { listPartners, loadPartner } from '../../definitions/load.ts';
import { loadDuplicates, type LoadedDuplicates } from '../../definitions/load-duplicates.ts';
import { declaredTargets, placesOf } from '../../definitions/named-targets.ts';
import { STORE } from '../../definitions/targets.ts';
import { storedStreams, storedTargets } from '../../store/janitor/leftovers.ts';
import type { AskTemporal, JanitorDeps } from './janitor-deps.ts';

export interface Undeclared {
  readonly found: readonly Leftover[];
  /** What could not be looked at. */
  readonly troubles: readonly string[];
}

/** Streams, tables in targets and schedules that no definition has. Of a definition that does not load nobody knows what it has. */
export async function undeclared(deps: JanitorDeps, temporal: AskTemporal): Promise<Undeclared> {
  const { partners, duplicates, broken, troubles } = await readAll(deps);
  const found: Leftover[] = [];
  const attempt = async (work: () => Promise<readonly Leftover[]>): Promise<void> => {
    try {
      found.push(...(await work()));
    } catch (error) {
      troubles.push(explain(error));
    }
  };
  await attempt(() => straySchedules(deps, temporal, { partners, duplicates, broken }));
  const streams = new Set(
    partners.flatMap((partner) =>
      [...compilePartner(partner, deps.names).keys()].map((name) => `${partner.name}.${name}`),
    ),
  );
  for (const { partner, stream, since } of await storedStreams(deps.pool))
    if (!broken.has(partner) && !streams.has(`${partner}.${stream}`))
      found.push({ kind: 'forgotten-stream', place: `${partner}.${stream}`, count: 1, since });
  await attempt(() => forgottenTargets(deps, { partners, broken }));
  return { found, troubles };
}

interface Read {
  readonly partners: readonly Partner[];
  readonly duplicates: LoadedDuplicates['settings'];
  /** Names of files that do not load. */
  readonly broken: ReadonlySet<string>;
}

/** For what they declare, not for a call: variables that only workers have may be missing. */
async function readAll({ partnersDir, env }: JanitorDeps): Promise<Read & { readonly troubles: string[] }> {
  const partners: Partner[] = [];
  const broken = new Set<string>();
  const troubles: string[] = [];
  for (const name of await listPartners(partnersDir))
    try {
      partners.push(await loadPartner(name, { dir: partnersDir, env, forgiveMissing: true }));
    } catch (error) {
      broken.add(name);
      troubles.push(`the definition of ${name} does not load, so what it declares is not known: ${explain(error)}`);
    }
  let duplicates: LoadedDuplicates['settings'] = new Map();
  try {
    duplicates = (await loadDuplicates({ dir: partnersDir, env })).settings;
  } catch (error) {
    broken.add(DUPLICATES);
    troubles.push(`duplicates.yaml does not load, so the joins that it declares are not known: ${explain(error)}`);
  }
  return { partners, duplicates, broken, troubles };
}

async function straySchedules(
  { names }: JanitorDeps,
  temporal: AskTemporal,
  { partners, duplicates, broken }: Read,
): Promise<readonly Leftover[]> {
  const all = [
    ...partners.flatMap((partner) => declaredSchedules(names, partner)),
    ...declaredJoins(names, duplicates),
  ];
  const declared = new Set(all.map(({ id }) => id));
  return temporal(async (client) =>
    (await listSchedules(client, names)).flatMap((description): Leftover[] => {
      const { id, declared: of } = presentOf(description);
      if (declared.has(id) || broken.has(of.partner)) return [];
      return [{ kind: 'stray-schedule', place: id, count: 1, since: description.info.createdAt.toISOString() }];
    }),
  );
}

async function forgottenTargets(
  { pool, partnersDir }: JanitorDeps,
  { partners, broken }: Pick<Read, 'partners' | 'broken'>,
): Promise<readonly Leftover[]> {
  const declared = new Set([STORE, ...(await declaredTargets(partnersDir))]);
  const wanted = new Set(placesOf(partners).map(({ target, partner, stream }) => `${target} ${partner}.${stream}`));
  return (await storedTargets(pool)).flatMap(({ target, partner, stream, since }): Leftover[] => {
    const place = `${target} ${partner}.${stream}`;
    if (declared.has(target) && (wanted.has(place) || broken.has(partner))) return [];
    return [{ kind: 'forgotten-target', place, count: 1, since }];
  });
}
