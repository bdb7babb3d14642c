import { InvalidInput } from '../../core/errors.ts';
import { compilePartner } from '../../definitions/compile.ts';
import { goesByItself } from '../../landing/table-plan.ts';
import { withMade } from '../../landing/made-columns.ts';
import { readPlans } from '../../landing/read-plans.ts';
import { renameColumns } from '../../landing/rename-columns.ts';
import { visible } from '../../core/visible.ts';
import type { Rename } from '../../core/reshape.ts';
import { retypeColumns, type RetypedTable } from '../../landing/retype-columns.ts';
import { atTarget } from '../../targets/postgres/at-target.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { loadWhole } from '../load-whole.ts';
import { planLines } from '../print-plan.ts';
import { streamNamed } from '../stream-named.ts';

export interface PlanOptions {
  readonly apply?: boolean;
  readonly acceptUnfit?: boolean;
}

interface PlanContext extends CommandContext<PlanOptions> {
  readonly partner: string;
  readonly stream: string | undefined;
}

/** Says what the definition changes of the tables that are there, before anything changes. With `--apply` it changes what no run changes by itself. */
export async function plan({ config, output, options, partner: name, stream }: PlanContext): Promise<number> {
  const { apply = false, acceptUnfit = false } = options;
  if (acceptUnfit && !apply) throw new InvalidInput('--accept-unfit goes with --apply');
  const { partner } = await loadWhole(name, { dir: config.partnersDir, env: config.env });
  const all = compilePartner(partner, config.names);
  const named = stream === undefined ? [...all.values()] : [streamNamed(all, stream)];
  return withDatabase(config, async (pool) => {
    const chosen = await Promise.all(named.map((each) => withMade(pool, each)));
    const applied: (RetypedTable & { readonly stream: string })[] = [];
    const renamed: (Rename & { readonly stream: string })[] = [];
    if (apply)
      for (const each of chosen) {
        const names = await atTarget(pool, each, () => renameColumns(pool, each));
        renamed.push(...names.map((rename) => ({ stream: each.name, ...rename })));
        const done = await atTarget(pool, each, () => retypeColumns(pool, { stream: each, acceptUnfit }));
        if (done.retyped.length > 0) applied.push({ stream: each.name, ...done });
      }
    const plans = await readPlans(pool, chosen);
    output.json({ partner: name, plans, ...(apply ? { applied, renamed } : {}) });
    for (const { stream: of, from, to } of renamed)
      output.say(`${name}.${of}: ${visible(from)} is called ${visible(to)} now.`);
    for (const { stream: of, retyped, events, unfit } of applied)
      output.say(
        `${name}.${of}: ${retyped.map(({ column, to }) => `${column} is ${to}`).join(', ')} now, filled from ${events.toLocaleString('en-US')} events of the log` +
          `${unfit === 0 ? '' : `; ${unfit} rows keep it empty`}.`,
      );
    for (const each of plans) for (const line of planLines(name, each)) output.say(line);
    return plans.every(goesByItself) ? exitCodes.ok : exitCodes.partial;
  });
}
