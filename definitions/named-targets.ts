import { join } from 'node:path';
import { historyOf, isHistory, streamOf } from '../core/table-name.ts';
import { closest } from './closest.ts';
import type { CompiledStream } from './compiled.ts';
import type { Partner } from './definition.ts';
import { findPartner, findTargets } from './find.ts';
import { historyIn } from './history.ts';
import { invalidDefinition, type Path, type Problem } from './problem.ts';
import { readDefinition } from './read-definition.ts';
import { STORE } from './targets.ts';

/**
 * The targets that a table of a stream is loaded into: its own list, else that of the partner, without the store, which is written when the
 * records come. A history (`payments.history`) is loaded into the store too.
 */
export function targetsOf(partner: Partner, table: string): readonly string[] {
  const stream = partner.streams[streamOf(table)];
  const named = (stream?.targets ?? partner.targets ?? []).filter((name) => name !== STORE);
  if (!isHistory(table)) return [...new Set(named)];
  const history = stream === undefined ? undefined : historyIn(stream, streamOf(table));
  return history === undefined ? [] : [...new Set(history.targets ?? [STORE, ...named])];
}

/** Where a stream is written to beside the store's own table: `lake`, and `lake.history` for the history there. */
export const tablesElsewhere = ({ partner, name }: CompiledStream): readonly string[] => [
  ...targetsOf(partner, name),
  ...targetsOf(partner, historyOf(name)).map(historyOf),
];

/** Names of a stream's tables. */
export const tablesOf = (stream: string): readonly string[] => [stream, historyOf(stream)];

/** Each table of some partners in each target that it is loaded into. */
export const placesOf = (
  partners: Iterable<Partner>,
): readonly { readonly target: string; readonly partner: string; readonly stream: string }[] =>
  [...partners].flatMap((partner) =>
    Object.keys(partner.streams)
      .flatMap(tablesOf)
      .flatMap((stream) => targetsOf(partner, stream).map((target) => ({ target, partner: partner.name, stream }))),
  );

/** Those in other warehouses that the store has a table of, too: a history may be only there. */
export function comparablePlaces(partners: Iterable<Partner>): ReturnType<typeof placesOf> {
  const all = placesOf(partners);
  const isInStore = ({ partner, stream }: (typeof all)[number]): boolean =>
    !isHistory(stream) ||
    all.some((other) => other.target === STORE && other.partner === partner && other.stream === stream);
  return all.filter((place) => place.target !== STORE && isInStore(place));
}

/** Throws InvalidInput, by file and line, where the partner names a target that `targets.yaml` does not declare. */
export async function checkNamedTargets(partner: Partner, { dir }: { readonly dir: string }): Promise<void> {
  const named = namesIn(partner).filter(({ name }) => name !== STORE);
  if (named.length === 0) return;
  const declared = await declaredTargets(dir);
  const problems = named.flatMap(({ name, path }): Problem[] =>
    declared.includes(name) ? [] : [{ path, says: unknown(name, declared, dir) }],
  );
  if (problems.length === 0) return;
  const file = await findPartner(partner.name, dir);
  throw invalidDefinition(file, problems, (await readDefinition(file)).locate);
}

/** Names in targets.yaml. Without its values: only whoever opens a target needs what they take from the environment. */
export async function declaredTargets(dir: string): Promise<readonly string[]> {
  const file = await findTargets(dir);
  if (file === undefined) return [];
  const { value } = await readDefinition(file);
  const targets: unknown = isMapping(value) ? value['targets'] : undefined;
  return isMapping(targets) ? Object.keys(targets) : [];
}

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

interface NamedAt {
  readonly name: string;
  readonly path: Path;
}

const namesIn = (partner: Partner): readonly NamedAt[] => [
  ...namesAt(['targets'], partner.targets),
  ...Object.entries(partner.streams).flatMap(([stream, { targets, history }]) => [
    ...namesAt(['streams', stream, 'targets'], targets),
    ...namesAt(['streams', stream, 'history', 'targets'], typeof history === 'object' ? history.targets : []),
  ]),
];

const namesAt = (path: Path, names: readonly string[] = []): readonly NamedAt[] =>
  names.map((name, index) => ({ name, path: [...path, index] }));

function unknown(name: string, declared: readonly string[], dir: string): string {
  const says = `there is no target ${JSON.stringify(name)}`;
  if (declared.length === 0) return `${says}: declare it in ${join(dir, 'targets.yaml')} (docs/targets.md)`;
  const near = closest(name, [...declared, STORE]);
  return near === undefined
    ? `${says}; there are ${[STORE, ...declared].join(', ')}`
    : `${says}; did you mean "${near}"?`;
}
