import { startRetry } from '../../client/start-retry.ts';
import { reportOfSync } from '../../client/start-sync.ts';
import { InvalidInput } from '../../core/errors.ts';
import { retryId } from '../../messages/retry-ids.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { controlTarget } from '../control-target.ts';
import { exitCodes } from '../exit.ts';
import { leaveRunning, untilInterrupted } from '../until-interrupted.ts';
import { watchRun } from '../watch-run.ts';
import { workflowUrl } from '../workflow-url.ts';
import { printReport } from './sync.ts';
import { tracedTemporal } from '../traced-temporal.ts';

/** Reads one stream of a run that has ended once more; the others are not touched. */
export async function runsRetry({
  config,
  output,
  options,
  id,
}: CommandContext<{ stream: string; wait: boolean }> & { readonly id: string }): Promise<number> {
  const { stream } = options;
  const { run } = await withDatabase(config, (pool) => controlTarget(pool, config.names, { id, stream }));
  if (run === null) throw new InvalidInput(`${id} is the run of one stream: name the run of its partner, which has it`);
  if (run.finishedAt === null)
    throw new InvalidInput(
      `${id} has not ended: its other streams go on. Wait for its end, or end it with \`syncline runs cancel ${id}\``,
    );
  return tracedTemporal(
    { config, output },
    { name: 'runs retry', facts: { partner: run.partner, stream } },
    async (client) => {
      const { runId, partner, window, kind } = run;
      const handle = await startRetry(client, { names: config.names, runId, partner, stream, window, kind });
      output.say(`Run ${retryId(runId, stream)}`);
      if (config.uiUrl !== undefined)
        output.say(`UI  ${workflowUrl(config.uiUrl, config.temporalNamespace, retryId(runId, stream))}`);
      if (!options.wait) {
        output.json({ runId: retryId(runId, stream), state: 'begun' });
        return exitCodes.ok;
      }
      const retry = retryId(runId, stream);
      const quiet = watchRun({ config, output }, retry);
      const interrupted = untilInterrupted();
      const report = await Promise.race([reportOfSync(handle), interrupted.signal]).finally(() => {
        quiet();
        interrupted.forget();
      });
      return report === 'interrupted' ? leaveRunning({ output }, retry) : printReport(output, partner, report);
    },
  );
}
