import { resultOf } from '../../client/result-of.ts';
import { startFindDuplicates } from '../../client/duplicates.ts';
import { InvalidInput } from '../../core/errors.ts';
import { parseDuration } from '../../core/duration.ts';
import type { FoundDuplicates } from '../../messages/duplicates.ts';
import type { CommandContext } from '../command.ts';
import { withTemporal } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { loadKnownDuplicates } from '../known-streams.ts';
import { whoami } from '../person.ts';

interface PlanOptions {
  readonly waitForApproval?: string;
}

type FindContext<O = object> = CommandContext<O> & { readonly name: string };

/** Finds duplicates and makes a plan of them. Nothing changes by it. */
export async function planDuplicates(context: FindContext<PlanOptions>): Promise<number> {
  const { options, name, output } = context;
  const waitMs = waitOf(options.waitForApproval);
  await expectName(context);
  if (waitMs > 0) return begin(context, waitMs);
  const found = await find(context, { join: false, waitMs });
  output.json(found);
  sayFound(context, found);
  output.say(
    found.pairs === 0
      ? `Nothing to decide. \`syncline duplicates list ${name}\` shows all plans.`
      : `Look at it: \`syncline duplicates show ${found.plan}\`. Then \`syncline duplicates approve ${found.plan} --reason …\` and \`syncline duplicates apply ${found.plan} --reason …\`.`,
  );
  return exitCodes.ok;
}

/** New rows join merged clusters by the rules of the plan in force. */
export async function joinDuplicates(context: FindContext): Promise<number> {
  const { output } = context;
  await expectName(context);
  const found = await find(context, { join: true, waitMs: 0 });
  output.json(found);
  sayFound(context, found);
  output.say(`${found.applied} pairs have joined merged clusters.`);
  const left = found.pairs - found.applied;
  if (left > 0) output.say(`${left} pairs are for a person: \`syncline duplicates show ${found.plan} --undecided\`.`);
  return exitCodes.ok;
}

async function expectName({ config, name }: FindContext): Promise<void> {
  const { settings } = await loadKnownDuplicates(config);
  if (settings.has(name)) return;
  throw new InvalidInput(`duplicates.yaml has no ${JSON.stringify(name)}: it has ${[...settings.keys()].join(', ')}`);
}

function waitOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const waitMs = parseDuration(text);
  if (waitMs === undefined || waitMs <= 0)
    throw new InvalidInput(`--wait-for-approval: expected a duration such as 8h or 3d, found ${JSON.stringify(text)}`);
  return waitMs;
}

const inputOf = ({ config, name }: FindContext) => ({
  names: config.names,
  name,
  by: whoami(),
  label: new Date().toISOString(),
});

const find = (
  context: FindContext,
  more: { readonly join: boolean; readonly waitMs: number },
): Promise<FoundDuplicates> =>
  withTemporal(context.config, async (client) =>
    resultOf(await startFindDuplicates(client, { ...inputOf(context), ...more })),
  );

/** It waits for the signal: this command does not. */
async function begin(context: FindContext, waitMs: number): Promise<number> {
  const workflowId = await withTemporal(context.config, async (client) => {
    const handle = await startFindDuplicates(client, { ...inputOf(context), join: false, waitMs });
    return handle.workflowId;
  });
  context.output.json({ workflowId });
  context.output.say(
    `${workflowId} looks for duplicates and then waits for the signal \`approve\` ({"by": "…", "reason": "…"}). It applies what is approved.`,
  );
  return exitCodes.ok;
}

function sayFound({ output }: FindContext, { plan, pairs, merge, review, clusters, largest }: FoundDuplicates): void {
  output.table(
    [{ plan, pairs, 'to merge': merge, 'for a person': review, clusters, 'largest cluster': largest }],
    ['plan', 'pairs', 'to merge', 'for a person', 'clusters', 'largest cluster'],
  );
}
