import { InvalidInput } from '../../core/errors.ts';
import type { RowRef } from '../../core/duplicates.ts';
import { decideAsAsked, decidedWords, expectNamed } from '../../store/duplicates/decide-as-asked.ts';
import { readWrittenLinks } from '../../store/duplicates/written-links.ts';
import { mayMerge, neverMerge } from '../../store/duplicates/decide.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { loadKnownDuplicates } from '../known-streams.ts';
import { filterOf, whole, type FilterOptions } from '../pair-filter.ts';
import { givenReason, whoami } from '../person.ts';
import { describeLinks } from './duplicates-check-links.ts';

export interface DecideOptions extends FilterOptions {
  readonly reason: string;
  readonly again?: boolean;
}

/** Approves or rejects pairs of a plan. */
export async function decide({
  config,
  output,
  options,
  plan: text,
  decision,
}: CommandContext<DecideOptions> & {
  readonly plan: string;
  readonly decision: 'approve' | 'reject';
}): Promise<number> {
  const plan = whole('plan', text);
  const asked = {
    plan,
    filter: filterOf(options),
    decision: decision === 'approve' ? 'merge' : 'no',
    by: whoami(),
    reason: givenReason(options.reason),
    again: options.again === true,
  } as const;
  expectNamed(asked);
  return withDatabase(config, async (pool) => {
    const decided = await decideAsAsked(pool, asked);
    const { pairs, approved, undecided } = decided;
    output.json({ plan, pairs, approved, undecided });
    output.say(decidedWords(decided, asked));
    if (decision === 'approve' && approved > 0)
      output.say(`Nothing is merged yet: \`syncline duplicates apply ${plan} --reason …\` does it.`);
    return exitCodes.ok;
  });
}

/** Two rows never belong together, or may again. */
export async function keepApart({
  config,
  output,
  options,
  name,
  rows,
  way,
}: CommandContext<{ readonly reason: string }> & {
  readonly name: string;
  readonly rows: readonly [string, string];
  readonly way: 'never' | 'may';
}): Promise<number> {
  const [left, right] = [refOf(rows[0]), refOf(rows[1])];
  if (rows[0] === rows[1]) throw new InvalidInput(`expected two rows, found ${rows[0]} twice`);
  const reason = givenReason(options.reason);
  if (way === 'never') await expectRowsOf(config, name, [left, right]);
  return withDatabase(config, async (pool) => {
    const of = { name, rows: [left, right] as const, by: whoami(), reason };
    if (way === 'never') await neverMerge(pool, of);
    const changed = way === 'never' || (await mayMerge(pool, of));
    output.json({ name, rows: [left, right], way, changed });
    output.say(
      way === 'never'
        ? `${rows[0]} and ${rows[1]} never belong together from now on.`
        : changed
          ? `${rows[0]} and ${rows[1]} may belong together again.`
          : `Nothing said that ${rows[0]} and ${rows[1]} may not belong together.`,
    );
    const written = await readWrittenLinks(pool, name);
    if (written?.isStale === true) output.say(describeLinks(name, written));
    return exitCodes.ok;
  });
}

/** One that is misspelt would be kept, and part nothing. Rows may be gone now, and come again. */
async function expectRowsOf(
  config: CommandContext['config'],
  name: string,
  rows: readonly Pick<RowRef, 'stream'>[],
): Promise<void> {
  const { settings } = await loadKnownDuplicates(config);
  const from = settings.get(name)?.from.map(({ stream }) => stream);
  if (from === undefined)
    throw new InvalidInput(`duplicates.yaml has no ${JSON.stringify(name)}: it has ${[...settings.keys()].join(', ')}`);
  for (const { stream } of rows)
    if (!from.includes(stream))
      throw new InvalidInput(`${name} has no rows of ${stream}: it has those of ${from.join(', ')}`);
}

function refOf(text: string): RowRef {
  const [, stream, row] = /^([^. ]+\.[^. ]+) (.+)$/s.exec(text) ?? [];
  if (stream !== undefined && row !== undefined) return { stream, row };
  throw new InvalidInput(
    `expected a row as "partner.stream key", such as "crm.contacts 123", found ${JSON.stringify(text)}`,
  );
}
