import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import {
  askBackfill,
  backfillIdOf,
  reportOfBackfill,
  startBackfill,
  type StartBackfill,
  type StartedBackfill,
} from '../../client/start-backfill.ts';
import { estimateLeft, requestsPerWindow, type Allowance } from '../../core/backfill-estimate.ts';
import { checkPlan, chunkMsOf, rangeLabel } from '../../core/backfill-plan.ts';
import { endedOf } from '../../core/backfill-tally.ts';
import { cutWindows } from '../../core/cut-windows.ts';
import { SECOND } from '../../core/duration.ts';
import { InvalidInput } from '../../core/errors.ts';
import { byWindow, syncIdToRead } from '../../core/window-runs.ts';
import { checkBackfill } from '../../definitions/check-backfill.ts';
import { compilePartner } from '../../definitions/compile.ts';
import type { Names } from '../../messages/names.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { loadPartner } from '../../definitions/load.ts';
import { allowancesOf } from '../../limits/declare/allowances.ts';
import { readLimits } from '../../limits/watch/usage.ts';
import { windowRuns } from '../../store/ledger/backfills.ts';
import { forcedGeneration, pastRuns } from '../../store/inspect/inspect-backfills.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodeOf, exitCodes } from '../exit.ts';
import { positive } from '../positive.ts';
import { describeEstimate, number, printReport, shareOfQuotas } from '../print-backfill.ts';
import { leaveRunning, untilInterrupted } from '../until-interrupted.ts';
import { workflowUrl } from '../workflow-url.ts';
import { tracedTemporal } from '../traced-temporal.ts';

interface StartContext extends CommandContext<{
  from: string;
  to: string;
  chunk: string;
  zone?: string;
  order: string;
  concurrency: string;
  force?: boolean;
  dryRun?: boolean;
  wait?: boolean;
}> {
  readonly partner: string;
  readonly stream: string;
}

const MAX_CONCURRENCY = 50;

export async function backfillStart(context: StartContext): Promise<number> {
  const { config, options } = context;
  const plan = checkPlan({ ...options, zone: options.zone }, Date.now());
  const concurrency = positive('--concurrency', options.concurrency);
  if (concurrency > MAX_CONCURRENCY)
    throw new InvalidInput(`--concurrency: expected ${MAX_CONCURRENCY} at most, found ${concurrency}`);
  const stream = await streamOf(context);
  checkBackfill(stream);
  const first: StartBackfill = { partner: context.partner, stream: context.stream, plan, concurrency, generation: 1 };
  const generation =
    options.force === true
      ? await withDatabase(config, (pool) =>
          forcedGeneration(pool, {
            partner: context.partner,
            window: rangeLabel(plan),
            firstId: backfillIdOf(config.names, first),
          }),
        )
      : 1;
  const asked = { ...first, generation };
  if (options.dryRun === true) return withDatabase(config, (pool) => dryRun(context, pool, { stream, asked }));
  const facts = { partner: context.partner, stream: context.stream };
  return tracedTemporal(context, { name: 'backfill', facts }, async (client) => start(context, client, asked));
}

async function streamOf({ config, partner: name, stream: wanted }: StartContext): Promise<CompiledStream> {
  const streams = compilePartner(await loadPartner(name, { dir: config.partnersDir, env: config.env }), config.names);
  const stream = streams.get(wanted);
  if (stream === undefined)
    throw new InvalidInput(`${name} has no stream ${JSON.stringify(wanted)}: it has ${[...streams.keys()].join(', ')}`);
  return stream;
}

async function start({ config, output, options }: StartContext, client: Client, asked: StartBackfill): Promise<number> {
  const started = await startBackfill(client, config.names, asked);
  output.say(`${started.state === 'begun' ? 'Backfill' : 'Already done:'} ${started.runId}`);
  if (config.uiUrl !== undefined)
    output.say(`UI  ${workflowUrl(config.uiUrl, config.temporalNamespace, started.runId)}`);
  if (options.wait !== true) {
    if (started.state === 'begun') output.say(`How it goes: syncline backfill show ${started.runId}`);
    output.json({ runId: started.runId, state: started.state });
    return exitCodes.ok;
  }
  const interrupted = untilInterrupted();
  const report = await Promise.race([untilItEnds({ output }, client, started), interrupted.signal]);
  interrupted.forget();
  if (report === 'interrupted') return leaveRunning({ output }, started.runId, { group: 'backfill' });
  output.json(report);
  if ('failure' in report) {
    output.say(`failed: ${report.failure}`);
    return exitCodes.failed;
  }
  printReport(output, report);
  return exitCodeOf[report.outcome];
}

/** Says now and then how far it is. */
async function untilItEnds(
  { output }: Pick<StartContext, 'output'>,
  client: Client,
  { runId, handle }: StartedBackfill,
): ReturnType<typeof reportOfBackfill> {
  let said = '';
  const looking = setInterval(() => {
    void askBackfill(client, runId).then((now) => {
      if (now === undefined) return;
      const done = `${endedOf(now) + now.skipped} of ${now.windows} windows${now.paused ? ', paused' : ''}`;
      if (done !== said) output.say(`${done}; left: ${describeEstimate(now.estimate)}`);
      said = done;
    });
  }, 10 * SECOND);
  return reportOfBackfill(handle).finally(() => clearInterval(looking));
}

/** How much it is, by the ledger and the limits; calls nobody. */
async function dryRun(
  { config, output }: StartContext,
  pool: Pool,
  { stream, asked }: { readonly stream: CompiledStream; readonly asked: StartBackfill },
): Promise<number> {
  const windows = cutWindows(asked.plan);
  const runId = backfillIdOf(config.names, asked);
  const left = await windowsLeft(pool, { names: config.names, asked, windows });
  const windowMs = chunkMsOf(asked.plan);
  const of = { partner: asked.partner, stream: asked.stream };
  const [past, live] = await Promise.all([pastRuns(pool, { ...of, windowMs }), readLimits(pool, stream.partner)]);
  const known = requestsPerWindow(past, windowMs);
  const allowances = allowancesOf(stream, live);
  const estimate = estimateLeft({
    windows: left,
    requestsPerWindow: known?.requests ?? null,
    msPerWindow: null,
    allowances,
  });
  const quotas = estimate.requests === null ? [] : shareOfQuotas(estimate.requests, allowances);
  const finished = windows.length - left;
  const basis = known?.basis ?? null;
  output.json({ runId, windows: windows.length, finished, left, estimate, basis, quotas });
  output.say(
    `${runId}: ${number(windows.length)} windows, ${finished === 0 ? 'none' : number(finished)} of them finished already`,
  );
  if (known === null)
    output.say(
      `Requests: unknown, as ${asked.partner} ${asked.stream} was never read. One window tells: syncline sync ${asked.partner} ${asked.stream} --window ${windows.at(-1) ?? ''}`,
    );
  else output.say(`Requests: about ${number(estimate.requests ?? 0)} (by ${known.basis})`);
  if (known !== null) output.say(timeOf(estimate, allowances));
  for (const quota of quotas)
    output.say(
      `Quota ${quota.name}: ${percent(quota.share)} of it; backfills may use ${percent(quota.forBackfills)} of a period while critical work waits`,
    );
  output.say('Nothing was started.');
  return exitCodes.ok;
}

function timeOf(estimate: ReturnType<typeof estimateLeft>, allowances: readonly Allowance[]): string {
  if (allowances.length === 0) return 'Time: no limit is declared, so it takes as long as the partner takes to answer';
  return `Time: ${describeEstimate({ ...estimate, requests: null })} at the least, if nothing else calls`;
}

async function windowsLeft(
  pool: Pool,
  {
    names,
    asked,
    windows,
  }: { readonly names: Names; readonly asked: StartBackfill; readonly windows: readonly string[] },
): Promise<number> {
  const { partner, stream, generation } = asked;
  const runs = byWindow(await windowRuns(pool, { partner, stream, windows }));
  const of = { partner, stream, generation, runId: backfillIdOf(names, asked) };
  return windows.filter((window) => syncIdToRead(names, of, window, runs.get(window) ?? []) !== null).length;
}

const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
