import { explain } from '../core/errors.ts';
import { freshnessOf, type Freshness } from '../core/freshness.ts';
import type { Names } from '../messages/names.ts';
import type { Partner } from '../definitions/definition.ts';
import { loadWithSecrets, partnerFiles } from '../definitions/load.ts';
import { neverRun, type StreamStatus } from '../store/inspect/stream-status.ts';
import type { CommandContext } from './command.ts';

/** What the definitions promise of their streams' freshness. */
export interface Promises {
  readonly names: Names;
  readonly definitions: ReadonlyMap<string, Partner>;
  /** Those of them that lack variables here, which workers may have: their limits cannot be told. */
  readonly lacking: ReadonlyMap<string, readonly string[]>;
  /** Those that do not load. */
  readonly broken: readonly { readonly partner: string; readonly problem: string }[];
}

export async function loadPromises({ names, partnersDir: dir, env }: CommandContext['config']): Promise<Promises> {
  const definitions = new Map<string, Partner>();
  const lacking = new Map<string, readonly string[]>();
  const broken: { partner: string; problem: string }[] = [];
  const found = await partnerFiles(dir).catch(() => new Map<string, readonly string[]>());
  for (const partner of [...found.keys()].toSorted())
    try {
      const { partner: definition, missing } = await loadWithSecrets(partner, {
        dir,
        env,
        forgiveMissing: true,
        found,
      });
      definitions.set(partner, definition);
      if (missing.length > 0) lacking.set(partner, missing);
    } catch (error) {
      broken.push({ partner, problem: explain(error) });
    }
  return { names, definitions, lacking, broken };
}

/** Each stream with its promise; those that promise something and have never run are there too. */
export function promisesOf(
  { names, definitions }: Promises,
  streams: readonly StreamStatus[],
  nowMs: number,
): readonly (StreamStatus & { readonly freshness: Freshness | null })[] {
  const known = new Set(streams.map(({ partner, stream }) => `${partner}.${stream}`));
  const never = [...definitions.values()].flatMap(({ name: partner, streams: defined }) =>
    Object.entries(defined)
      .filter(([stream, { freshness }]) => freshness !== undefined && !known.has(`${partner}.${stream}`))
      .map(([stream, { table }]) =>
        neverRun({ partner, stream, table: `${names.targetSchema(partner)}.${table ?? stream}` }),
      ),
  );
  return [...streams, ...never].map((status) => ({
    ...status,
    freshness: freshnessOf(definitions.get(status.partner)?.streams[status.stream]?.freshness, {
      freshAt: status.freshAt,
      nowMs,
    }),
  }));
}
