import type { Pool } from 'pg';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import { missingPollers } from '../../client/missing-pollers.ts';
import type { RunReport } from '../../messages/sync-partner.ts';
import { addCounts, noCounts } from '../../core/counts.ts';
import type { Names } from '../../messages/names.ts';
import { dayOf, parseWindow } from '../../core/window.ts';
import { nextGeneration, showRun, streamsReadBefore } from '../../store/inspect/inspect.ts';
import { retryBasis } from '../../store/ledger/retry.ts';
import { runOutcome } from '../../store/ledger/runs.ts';
import { printBalance, timesOf, type Times } from '../balance.ts';
import { called } from '../called.ts';
import { checkBeforeSync } from '../check-before-sync.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodeOf, exitCodes } from '../exit.ts';
import type { Output } from '../output.ts';
import { leaveRunning, untilInterrupted } from '../until-interrupted.ts';
import { watchRun } from '../watch-run.ts';
import { workflowUrl } from '../workflow-url.ts';
import { tracedTemporal } from '../traced-temporal.ts';

interface SyncContext extends CommandContext<{ window?: string; force?: boolean; wait: boolean }> {
  readonly partner: string;
  readonly streams: readonly string[];
}

export async function sync({ config, output, options, partner, streams }: SyncContext): Promise<number> {
  const window = options.window ?? dayOf(Date.now());
  parseWindow(window);
  await checkBeforeSync(config, { partner, streams });
  const generation =
    options.force === true ? await withDatabase(config, (pool) => nextGeneration(pool, { partner, window })) : 1;
  return tracedTemporal({ config, output }, { name: 'sync', facts: { partner, window } }, async (client) => {
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
        `Nothing was read: ${started.runId} has read ${window} already, and the table shows how it ended.\nTo read ${window} again: ${called(`sync ${[partner, ...streams].join(' ')} --window ${window} --force`)}`,
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
    const quiet = watchRun({ config, output }, started.runId);
    const interrupted = untilInterrupted();
    const report = await Promise.race([reportOfSync(started.handle), interrupted.signal]).finally(() => {
      clearTimeout(warning);
      quiet();
      interrupted.forget();
    });
    if (report === 'interrupted')
      return leaveRunning(
        { output },
        started.runId,
        // A second --force would begin one more generation.
        options.force === true ? {} : { again: `sync ${[partner, ...streams].join(' ')} --window ${window}` },
      );
    if (started.state === 'begun' && 'streams' in report && config.databaseUrl !== undefined) {
      const asked = report.streams.map(({ stream }) => stream);
      const before = await withDatabase(config, (pool) => streamsReadBefore(pool, started.runId, asked));
      if (before.length > 0)
        output.say(
          `${before.join(', ')}: not read again, since an earlier run has read ${window}; the figures are of that run.\nTo read it again: ${called(`sync ${[partner, ...before].join(' ')} --window ${window} --force`)}`,
        );
    }
    if ('failure' in report || config.databaseUrl === undefined) return printReport(output, partner, report);
    const [told, times] = await withDatabase(config, async (pool) => [
      started.state === 'begun' ? report : await asItStands(pool, config.names, report),
      timesOf((await showRun(pool, started.runId)).streams),
    ]);
    return printReport(output, partner, told, times);
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

export function printReport(
  output: Output,
  partner: string,
  report: RunReport | { readonly failure: string },
  times?: Times,
): number {
  output.json(report);
  if ('failure' in report) {
    output.say(`failed: ${report.failure}`);
    return exitCodes.failed;
  }
  printBalance(output, report.streams, times);
  for (const { stream, counts, settled = 0 } of report.streams)
    if (counts.quarantined > settled)
      output.say(`Why, record by record: syncline quarantine list ${partner} ${stream}`);
  output.say(`Outcome ${report.outcome}.`);
  return exitCodeOf[report.outcome];
}
