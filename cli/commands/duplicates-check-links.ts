import { forgetLinks, readWrittenLinks, type WrittenLinks } from '../../store/duplicates/written-links.ts';
import { InvalidInput } from '../../core/errors.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { loadKnownDuplicates } from '../known-streams.ts';

type OfName = CommandContext & { readonly name: string };

/** Says whether the links that were last written for other warehouses are those of now. */
export async function checkLinks({ config, output, name }: OfName): Promise<number> {
  const written = await withDatabase(config, (pool) => readWrittenLinks(pool, name));
  if (written === undefined) await expectNamed(config, name);
  output.json({ name, written: written ?? null });
  output.say(written === undefined ? `Links of ${name} were never written.` : describeLinks(name, written));
  return written?.isStale === true ? exitCodes.partial : exitCodes.ok;
}

/** They are used nowhere any more: nobody is told when they are out of date. */
export async function forgetWritten({ config, output, name }: OfName): Promise<number> {
  const known = await withDatabase(config, (pool) => forgetLinks(pool, name));
  if (!known) await expectNamed(config, name);
  output.json({ name, forgotten: known });
  output.say(
    known
      ? `Links of ${name} are not looked at any more. Views over them in other warehouses stay as they are.`
      : `Links of ${name} were never written.`,
  );
  return exitCodes.ok;
}

/** Links of a name that the file has no more may be there still; a misspelt one would never be out of date. */
async function expectNamed(config: OfName['config'], name: string): Promise<void> {
  const { settings } = await loadKnownDuplicates(config);
  if (!settings.has(name))
    throw new InvalidInput(
      `links of ${JSON.stringify(name)} were never written, and duplicates.yaml has no such name: it has ${[...settings.keys()].join(', ')}`,
    );
}

/** Two sentences at most. */
export function describeLinks(name: string, { writtenAt, by, rows, rowsNow, isStale }: WrittenLinks): string {
  const when = `Links of ${name} were written at ${writtenAt.slice(0, 16).replace('T', ' ')} UTC by ${by}`;
  if (!isStale) return `${when}, and nothing has been merged or separated since.`;
  const counts = rows === rowsNow ? `still ${rows}, and others` : `${rowsNow} instead of ${rows}`;
  return (
    `${when}, and are out of date: merged rows are ${counts}. Write them again with \`syncline duplicates links ${name} --out …\`, and load them into each warehouse ` +
    'that has views over them.'
  );
}
