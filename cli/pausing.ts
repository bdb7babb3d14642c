import { setTimeout as wait } from 'node:timers/promises';
import type { Pool } from 'pg';
import { showPauses } from '../client/control.ts';
import { tellGovernor, wakeLooks, wakeStreams } from '../client/governor.ts';
import { SECOND } from '../core/duration.ts';
import { explain } from '../core/errors.ts';
import { openStreamRuns, type OpenStreamRun } from '../store/ledger/open-runs.ts';
import { openLooks } from '../store/reconcile/open-looks.ts';
import { pausesByRun } from '../store/ledger/pauses-by-run.ts';
import { readPauses } from '../store/pauses.ts';
import type { CommandContext } from './command.ts';
import { withTemporal } from './context.ts';

/** Which of a partner's streams. */
export interface Concerned {
  readonly partner: string;
  readonly runId?: string;
  readonly syncId?: string;
}

const LOOK_MS = 100;

/** Waits until no grant of theirs is at work, or patience ends. Returns them as they are then. */
export async function whenAtRest(pool: Pool, of: Concerned, patienceMs: number): Promise<readonly OpenStreamRun[]> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const streams = await openStreamRuns(pool, of);
    if (streams.every(({ rests }) => rests) || performance.now() > untilMs) return streams;
    await wait(LOOK_MS);
  }
}

/** After a pause: the database holds it, whatever becomes of this. Returns why Temporal could not be reached. */
export function showInTemporal({ config }: Pick<CommandContext, 'config'>, pool: Pool, partner: string) {
  return telling(() =>
    withTemporal(config, async (client) => {
      const pauses = await readPauses(pool, partner);
      await showPauses(client, await pausesByRun(pool, partner, pauses));
      await tellGovernor(client, { names: config.names, partner, signal: 'refresh', news: null });
    }),
  );
}

/** After the end of a pause: the streams that stopped for it go on now, and not only when they look by themselves. */
export async function wakePaused(
  context: Pick<CommandContext, 'config'>,
  pool: Pool,
  of: Concerned,
): Promise<{ readonly woken: readonly string[]; readonly trouble: string | null }> {
  // One at work may just have seen the pause.
  const concerned = (await openStreamRuns(pool, of)).filter(({ rests, kind }) => !rests || kind === 'paused');
  const ids = concerned.map(({ syncId }) => syncId);
  const looks = of.runId === undefined && of.syncId === undefined ? await openLooks(pool, of.partner) : [];
  let woken: readonly string[] = [];
  const trouble = await telling(async () => {
    woken = await withTemporal(context.config, async (client) => [
      ...(await wakeStreams(client, ids)),
      ...(await wakeLooks(client, looks)),
    ]);
  });
  return { woken, trouble: trouble ?? (await showInTemporal(context, pool, of.partner)) };
}

/** A server that does not answer must not hold up what the database has done already. */
async function telling(work: () => Promise<unknown>): Promise<string | null> {
  const late = new AbortController();
  const tooLate = wait(10 * SECOND, 'Temporal did not answer in 10 s', { signal: late.signal }).catch(() => null);
  try {
    return await Promise.race([work().then(() => null, explain), tooLate]);
  } finally {
    late.abort();
  }
}
