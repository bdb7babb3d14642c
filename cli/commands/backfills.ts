import { setTimeout as wait } from 'node:timers/promises';
import { estimateLeft } from '../../core/backfill-estimate.ts';
import { cutWindows } from '../../core/cut-windows.ts';
import { SECOND } from '../../core/duration.ts';
import { InvalidInput } from '../../core/errors.ts';
import { leftOf, noTally, paceOf, endedOf } from '../../core/backfill-tally.ts';
import {
  findBackfill,
  listBackfills,
  readWindows,
  type BackfillRow,
  type ReadWindow,
} from '../../store/inspect/inspect-backfills.ts';
import type { BackfillProgress } from '../../messages/backfill.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase, withTemporal } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { positive } from '../positive.ts';
import { describeEstimate, printTally } from '../print-backfill.ts';
import { workflowUrl } from '../workflow-url.ts';
import { shortTime } from '../took.ts';

export async function backfillList({
  config,
  output,
  options,
}: CommandContext<{ partner?: string; limit: string }>): Promise<number> {
  const limit = positive('--limit', options.limit);
  const found = await withDatabase(config, (pool) => listBackfills(pool, { partner: options.partner, limit }));
  output.json(found);
  if (found.length === 0) output.say('No backfill yet: `syncline backfill PARTNER STREAM --from … --to …` starts one.');
  else
    output.table(
      found.map(({ runId, windows, tally, startedAt, outcome }) => ({
        backfill: runId,
        windows,
        done: endedOf(tally ?? noTally) + (tally ?? noTally).skipped,
        failed: tally?.failed ?? 0,
        started: shortTime(startedAt),
        outcome: outcome ?? 'running',
      })),
      ['backfill', 'windows', 'done', 'failed', 'started', 'outcome'],
    );
  return exitCodes.ok;
}

type Named<O = object> = CommandContext<O> & { readonly id: string };

/** With Temporal's client, which a list needs none of. */
const calls = () => import('../../client/start-backfill.ts');

/** undefined: it was started a moment ago, and its first task has not written it into the ledger yet. */
async function knownBackfill({ config, id }: Pick<Named, 'config' | 'id'>): Promise<BackfillRow | undefined> {
  try {
    return await withDatabase(config, (pool) => findBackfill(pool, id));
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    if (!(await withTemporal(config, async (client) => (await calls()).isUnderWay(client, id)))) throw error;
    return undefined;
  }
}

const LOOK_MS = 200;
const PATIENCE_MS = 10 * SECOND;

async function begunBackfill(context: Named): Promise<BackfillRow> {
  const untilMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await knownBackfill(context);
    if (found !== undefined) return found;
    if (performance.now() > untilMs)
      throw new InvalidInput(
        `${context.id} was started, and no worker has taken it up yet: \`syncline doctor\` says whether one runs`,
      );
    await wait(LOOK_MS);
  }
}

/** What the workflow says, while there is one that answers; else what the ledger noted last. */
export async function backfillShow(context: Named<{ windows?: boolean }>): Promise<number> {
  const { config, output, options, id } = context;
  const row = await begunBackfill(context);
  const now =
    row.finishedAt === null
      ? await withTemporal(config, async (client) => (await calls()).askBackfill(client, id)).catch(() => undefined)
      : undefined;
  const tally = now ?? row.tally ?? noTally;
  const left = leftOf(tally, row.windows);
  const estimate = row.finishedAt === null ? await estimateOf(context, row, now) : null;
  const windows = options.windows === true ? await windowsOf(context, row) : undefined;
  const shown = {
    ...row,
    tally: { ...tally, windows: row.windows, left },
    running: now?.running ?? null,
    paused: now?.paused ?? null,
    estimate,
  };
  output.json(windows === undefined ? shown : { ...shown, each: windows });
  output.say(`${id}: ${stateOf(row, now)}, started ${row.startedAt}`);
  printTally(output, { ...tally, windows: row.windows, left });
  if (windows !== undefined)
    output.table(
      windows.map((window) => ({ ...window, outcome: window.outcome ?? window.state ?? 'not read yet' })),
      ['window', 'outcome', 'records', 'requests', 'reason'],
    );
  if (now !== undefined && now.running.length > 0) output.say(`Reads ${now.running.join(', ')}`);
  if (estimate !== null) output.say(`Left: ${left} windows, ${describeEstimate(estimate)}`);
  if (row.reason !== null) output.say(row.reason);
  if (config.uiUrl !== undefined) output.say(`UI  ${workflowUrl(config.uiUrl, config.temporalNamespace, id)}`);
  return exitCodes.ok;
}

/** In the order of reading; those that nobody has begun yet, too. */
async function windowsOf(
  { config }: Named,
  { partner, stream, plan }: BackfillRow,
): Promise<readonly (Partial<ReadWindow> & { readonly window: string })[]> {
  const windows = cutWindows(plan);
  const read = await withDatabase(config, (pool) => readWindows(pool, { partner, stream, windows }));
  const found = new Map(read.map((each) => [each.window, each]));
  return windows.map((window) => found.get(window) ?? { window });
}

function stateOf({ outcome, notedAt }: BackfillRow, now: BackfillProgress | undefined): string {
  if (outcome !== null) return outcome;
  if (now === undefined) return `no worker answers for it; this was its state at ${notedAt}`;
  return now.paused ? 'paused' : 'running';
}

/** By what is left of each limit now; by the workflow's own estimate where the definition cannot be read here. */
async function estimateOf(
  { config }: Named,
  row: BackfillRow,
  now: BackfillProgress | undefined,
): Promise<BackfillProgress['estimate'] | null> {
  const tally = now ?? row.tally;
  if (tally === null) return null;
  try {
    const [{ compilePartner }, { loadPartner }, { allowancesOf }, { readLimits }] = await Promise.all([
      import('../../definitions/compile.ts'),
      import('../../definitions/load.ts'),
      import('../../limits/declare/allowances.ts'),
      import('../../limits/watch/usage.ts'),
    ]);
    const partner = await loadPartner(row.partner, { dir: config.partnersDir, env: config.env });
    const stream = compilePartner(partner, config.names).get(row.stream);
    const limits = await withDatabase(config, (pool) => readLimits(pool, partner));
    return estimateLeft({
      windows: leftOf(tally, row.windows),
      ...paceOf(tally, row.concurrency),
      allowances: stream === undefined ? [] : allowancesOf(stream, limits),
    });
  } catch {
    return now?.estimate ?? null;
  }
}

export async function backfillPause({ config, output, options, id }: Named<{ now?: boolean }>): Promise<number> {
  const now = options.now === true;
  await knownBackfill({ config, id });
  await withTemporal(config, async (client) => (await calls()).pauseBackfill(client, id, { now }));
  output.say(
    `${id} starts no further window; those that run ${now ? 'stop after their current page' : 'go on to their ends'}. \`syncline backfill resume ${id}\` goes on.`,
  );
  output.json({ paused: id, now });
  return exitCodes.ok;
}

export async function backfillResume({ config, output, id }: Named): Promise<number> {
  await knownBackfill({ config, id });
  await withTemporal(config, async (client) => (await calls()).resumeBackfill(client, id));
  output.say(`${id} goes on.`);
  output.json({ resumed: id });
  return exitCodes.ok;
}

export async function backfillCancel({ config, output, id }: Named): Promise<number> {
  await knownBackfill({ config, id });
  await withTemporal(config, async (client) => (await calls()).cancelBackfill(client, id));
  output.say(`${id} ends after its current pages. Start it again to go on from there.`);
  output.json({ cancelled: id });
  return exitCodes.ok;
}
