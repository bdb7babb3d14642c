import type { Pool } from 'pg';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import { missingPollers } from '../../client/missing-pollers.ts';
import type { RunReport } from '../../messages/sync-partner.ts';
import { addCounts, noCounts } from '../../core/counts.ts';
import { InvalidInput } from '../../core/errors.ts';
import type { Names } from '../../messages/names.ts';
import { dayOf, parseWindow } from '../../core/window.ts';
import { listPartners } from '../../definitions/find.ts';
import { nextGeneration, streamsReadBefore } from '../../store/inspect/inspect.ts';
import { retryBasis } from '../../store/ledger/retry.ts';
import { runOutcome } from '../../store/ledger/runs.ts';
import { printBalance } from '../balance.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase, withTemporal } from '../context.ts';
import { exitCodeOf, exitCodes } from '../exit.ts';
import type { Output } from '../output.ts';
import { tellWaits } from '../tell-waits.ts';
import { workflowUrl } from '../workflow-url.ts';

interface SyncContext extends CommandContext<{ window?: string; force?: boolean; wait: boolean }> {
  readonly partner: string;
  readonly streams: readonly string[];
}

export async function sync({ config, output, options, partner, streams }: SyncContext): Promise<number> {
  const window = options.window ?? dayOf(Date.now());
  parseWindow(window);
  const known = await listPartners(config.partnersDir);
  if (!known.includes(partner))
    throw new InvalidInput(
      `there is no partner ${JSON.stringify(partner)} in ${config.partnersDir}: there are ${known.join(', ') || 'none'}`,
    );
  const generation =
    options.force === true ? await withDatabase(config, (pool) => nextGeneration(pool, { partner, window })) : 1;
  return withTemporal(config, async (client) => {
    const started = await startSync(client, {
      partner,
      streams,
      window,
      kind: 'manual',
      generation,
      installation: config.names.installation,
    });
    if (started.state === 'begun') output.say(`Run ${started.runId}`);
    else
      output.say(
        `Nothing was read: ${started.runId} has ended already, and what follows is how. To read ${window} again: syncline sync ${[partner, ...streams].join(' ')} --window ${window} --force`,
      );
    if (config.uiUrl !== undefined)
      output.say(`UI  ${workflowUrl(config.uiUrl, config.temporalNamespace, started.runId)}`);
    if (!options.wait) {
      output.json({ runId: started.runId, state: started.state });
      return exitCodes.ok;
    }
    const warning = setTimeout(() => {
      void missingPollers(client, config.names, [partner]).then(
        (queues) =>
          queues.length > 0 &&
          output.say(`No worker asks for work on ${queues.join(' and ')}: start \`syncline worker\`.`),
        () => {},
      );
    }, 3000);
    const quiet = tellWaits({ config, output }, started.runId);
    const report = await reportOfSync(started.handle).finally(() => {
      clearTimeout(warning);
      quiet();
    });
    if (started.state === 'begun' && 'streams' in report && config.databaseUrl !== undefined) {
      const asked = report.streams.map(({ stream }) => stream);
      const before = await withDatabase(config, (pool) => streamsReadBefore(pool, started.runId, asked));
      if (before.length > 0)
        output.say(
          `${before.join(', ')}: read before for ${window}, and not again; the figures are of then. To read again: syncline sync ${[partner, ...before].join(' ')} --window ${window} --force`,
        );
    }
    if (started.state === 'begun' || 'failure' in report || config.databaseUrl === undefined)
      return printReport(output, partner, report);
    return printReport(output, partner, await withDatabase(config, (pool) => asItStands(pool, config.names, report)));
  });
}

/** How a run stands that ended some time ago: its quarantine may have been replayed since, or a stream read once more. */
async function asItStands(pool: Pool, names: Names, report: RunReport): Promise<RunReport> {
  const [ended, basis] = await Promise.all([runOutcome(pool, report.runId), retryBasis(pool, names, report.runId)]);
  const streams = report.streams.map(
    (told) => basis?.reports.find(({ stream, state }) => stream === told.stream && state !== 'running') ?? told,
  );
  const counts = streams.map((stream) => stream.counts).reduce(addCounts, noCounts);
  return { ...report, ...ended, counts, streams };
}

export function printReport(output: Output, partner: string, report: RunReport | { readonly failure: string }): number {
  output.json(report);
  if ('failure' in report) {
    output.say(`failed: ${report.failure}`);
    return exitCodes.failed;
  }
  printBalance(output, report.streams);
  for (const { stream, counts, settled = 0 } of report.streams)
    if (counts.quarantined > settled)
      output.say(`Why, record by record: syncline quarantine list ${partner} ${stream}`);
  output.say(`Outcome ${report.outcome}.`);
  return exitCodeOf[report.outcome];
}
