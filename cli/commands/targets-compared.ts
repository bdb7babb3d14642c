import { InvalidInput } from '../../core/errors.ts';
import { loadTargets } from '../../definitions/load-targets.ts';
import { unknownTarget } from '../../definitions/unknown-target.ts';
import { listComparisons, readComparison, readDifferences } from '../../store/comparisons/read-comparisons.ts';
import type { CommandContext } from '../command.ts';
import {
  comparisonColumns,
  comparisonLines,
  comparisonRow,
  differenceColumns,
  differenceRow,
  exitCodeOf,
  nextSteps,
} from '../comparison-lines.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { positive } from '../positive.ts';

export interface ComparedOptions {
  readonly target?: string;
  readonly limit: string;
}

type Context = CommandContext<ComparedOptions> & { readonly id: string | undefined };

/** All of them, or one with its findings. */
export async function targetsCompared({ config, output, options, id }: Context): Promise<number> {
  const limit = positive('--limit', options.limit);
  if (id !== undefined) return showComparison({ config, output, options }, { id: numberOf(id), limit });
  if (options.target !== undefined) {
    const { targets } = await loadTargets({ dir: config.partnersDir, env: config.env });
    if (!targets.has(options.target)) throw unknownTarget(options.target, [...targets.keys()]);
  }
  const found = await withDatabase(config, (pool) => listComparisons(pool, { target: options.target, limit }));
  output.json(found);
  if (found.length === 0)
    output.say(`Nothing was compared yet: \`syncline targets compare ${options.target ?? 'NAME'}\` does it.`);
  else
    output.table(
      found.map((of) => ({ ...comparisonRow(of), at: of.startedAt.slice(0, 19) })),
      [...comparisonColumns, 'at'],
    );
  return exitCodes.ok;
}

async function showComparison(
  { config, output }: CommandContext<ComparedOptions>,
  { id, limit }: { readonly id: number; readonly limit: number },
): Promise<number> {
  const [of, each] = await withDatabase(config, async (pool) => [
    await readComparison(pool, id),
    await readDifferences(pool, { id, limit }),
  ]);
  output.json({ ...of, each });
  output.table([comparisonRow(of)], comparisonColumns);
  for (const line of comparisonLines(of)) output.say(line);
  if (each.length > 0) output.table(each.map(differenceRow), differenceColumns);
  for (const line of nextSteps(of)) output.say(line);
  return of.state === 'running' ? exitCodes.deferred : exitCodeOf([of]);
}

function numberOf(id: string): number {
  if (/^\d{1,9}$/.test(id)) return Number(id);
  throw new InvalidInput(
    `expected the number of a comparison, found ${JSON.stringify(id)}: \`syncline targets compared\` shows them`,
  );
}
