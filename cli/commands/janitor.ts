import { leftoverWords, type LeftoverKind } from '../../core/leftover.ts';
import { compilePartner } from '../../definitions/compile.ts';
import { listPartners, loadPartner } from '../../definitions/load.ts';
import { findLeftovers, removeLeftovers } from '../../store/janitor/leftovers.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';

/** Says what has stayed behind, and with --apply removes what nobody needs. */
export async function janitor({
  config,
  output,
  options,
}: CommandContext<{ readonly apply?: boolean }>): Promise<number> {
  return withDatabase(config, async (pool) => {
    const found = await findLeftovers(pool);
    const forgotten = await forgottenStreams(config, async () => {
      const { rows } = await pool.query<{ place: string }>(
        `select partner || '.' || name as place from streams order by 1`,
      );
      return rows.map(({ place }) => place);
    });
    const removed = options.apply === true ? await removeLeftovers(pool) : 0;
    const removable = found.filter(({ kind }) => wordsOf(kind).todo === null);
    output.json({ found, forgotten, removed });
    if (found.length + forgotten.length === 0) output.say('Nothing has stayed behind.');
    else
      output.table(
        [
          ...found.map(({ kind, place, count, since }) => ({
            ...{ what: wordsOf(kind).what, where: place, count, since: since?.slice(0, 10) ?? '' },
            'what to do': wordsOf(kind).todo ?? (options.apply === true ? 'removed' : '--apply removes it'),
          })),
          ...forgotten.map((place) => ({
            ...{ what: 'a stream that no definition has', where: place, count: 1, since: '' },
            'what to do': 'its table and its log stay; drop them if nobody needs them',
          })),
        ],
        ['what', 'where', 'count', 'since', 'what to do'],
      );
    if (removable.length > 0 && options.apply !== true)
      output.say('Nothing was removed: this was a dry run. `syncline janitor --apply` removes what it can.');
    const left = found.length - removable.length;
    return left === 0 && (removable.length === 0 || options.apply === true) ? exitCodes.ok : exitCodes.partial;
  });
}

const wordsOf = (kind: LeftoverKind): { readonly what: string; readonly todo: string | null } => leftoverWords[kind];

/** Streams of the store that no definition has. Where one cannot be read, nobody can tell. */
async function forgottenStreams(
  config: CommandContext['config'],
  stored: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const declared = new Set<string>();
  try {
    for (const name of await listPartners(config.partnersDir)) {
      const partner = await loadPartner(name, { dir: config.partnersDir, env: config.env });
      for (const stream of compilePartner(partner, config.names).keys()) declared.add(`${name}.${stream}`);
    }
  } catch {
    return [];
  }
  return (await stored()).filter((place) => !declared.has(place));
}
