import { setTimeout as wait } from 'node:timers/promises';
import { isServed } from '../../client/missing-pollers.ts';
import { resultOf } from '../../client/result-of.ts';
import { askRebuild, startRebuild } from '../../client/start-rebuild.ts';
import { InvalidInput, NeedsAttention } from '../../core/errors.ts';
import { loadTargets } from '../../definitions/load-targets.ts';
import { STORE } from '../../definitions/targets.ts';
import { unknownTarget } from '../../definitions/unknown-target.ts';
import type { RebuildTargetInput, TargetRebuilt } from '../../messages/rebuild-target.ts';
import type { CommandContext } from '../command.ts';
import { tracedTemporal } from '../traced-temporal.ts';

const LOOK_MS = 1000;

/** Where another process has the warehouse open, the work is done there: this waits for it, and tells how far it has come. */
export async function rebuildInTarget(
  { config, output }: Pick<CommandContext, 'config' | 'output'>,
  input: RebuildTargetInput,
): Promise<TargetRebuilt> {
  const { targets } = await loadTargets({ dir: config.partnersDir, env: config.env });
  if (!targets.has(input.target) && input.target !== STORE) throw unknownTarget(input.target, [...targets.keys()]);
  const { target, partner, stream } = input;
  const facts = { target, partner, stream };
  return tracedTemporal({ config, output }, { name: 'rebuild', facts }, async (client) => {
    if (!(await isServed(client, config.names, input.target)))
      throw new InvalidInput(
        input.target === STORE
          ? "no worker serves the histories in the store's own database: workers of partners do, start `syncline worker`"
          : `no worker serves the target ${input.target}: start \`syncline worker --role target=${input.target}\``,
      );
    const handle = await startRebuild(client, config.names, input, (workflowId) =>
      output.say(`Waits for the end of what goes on for this table (workflow ${workflowId})`),
    );
    const ended = resultOf(handle);
    let told = 0;
    for (;;) {
      const report = await Promise.race([ended, wait(LOOK_MS)]);
      if (report !== undefined) {
        if (report.state === 'refused')
          throw new NeedsAttention(report.reason, { at: { partner: input.partner, stream: input.stream } });
        return report.report;
      }
      const soFar = await askRebuild(handle).catch(() => null);
      if (soFar !== null && soFar.event > told)
        output.say(
          `${soFar.event.toLocaleString('en-US')} of ${soFar.lastEvent.toLocaleString('en-US')} events of the log read`,
        );
      told = soFar?.event ?? told;
    }
  });
}
