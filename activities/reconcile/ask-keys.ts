import { Context } from '@temporalio/activity';
import { backoffMs } from '../../core/backoff.ts';
import { InvalidInput, PartnerDown } from '../../core/errors.ts';
import { fetchOf } from '../../definitions/fetch-of.ts';
import type { AskKeysInput, AskedKeys } from '../../messages/reconcile.ts';
import type { Deferral } from '../../messages/deferral.ts';
import type { ActivityDeps } from '../activity-deps.ts';
import { callsBy } from '../pull/calls-by.ts';
import { deferralOf } from '../pull/deferral.ts';
import { FetchByKey } from '../pull/fetch-by-key.ts';
import { grantGoesOn } from '../pull/grant-goes-on.ts';
import { pausedDeferral, PauseGuard } from '../pull/pause-guard.ts';
import type { PullContext } from '../pull/pull-deps.ts';
import { RequestTally } from '../pull/request-tally.ts';

export type AskKeysDeps = Pick<
  ActivityDeps,
  'names' | 'partners' | 'reconciler' | 'failpoint' | 'metrics' | 'calls' | 'spans' | 'now' | 'random' | 'draining'
>;

/** How many keys are looked up at once. */
const AT_ONCE = 200;

/** One grant of asking for records one by one, each by one call: what comes is a listing, as what is listed is. */
export async function askKeys(
  deps: AskKeysDeps,
  input: AskKeysInput,
  context: Pick<PullContext, 'signal' | 'writer'> & { readonly heartbeat: () => void },
): Promise<AskedKeys> {
  const { partner, stream: name, reconciliation, look, syncId } = input;
  const { reconciler, now } = deps;
  const fetch = fetchOf(await deps.partners.streams(partner), name);
  if (fetch === undefined)
    throw new InvalidInput(`no definition says how a record of ${partner} ${name} is asked for by its key`);
  const access = await deps.partners.access(partner, name);
  const { stream } = access;
  const { retry, grant } = stream.partner;
  const of = { stream, reconciliation, look };
  await reconciler.draw(of);

  const guard = new PauseGuard(access.pauses, { partner, runId: null, syncId });
  const tally = new RequestTally(context.writer);
  const { calls: log, ...rest } = deps;
  const beganAtMs = now();
  let requests = 0;
  const reader = new FetchByKey(
    {
      warehouse: reconciler.listings,
      failpoint: deps.failpoint,
      now,
      calls: {
        ...access,
        ...rest,
        ...callsBy(log, { ...context.writer, syncId, runId: null }),
        limiter: guard.over(access.limiter),
        signal: AbortSignal.any([context.signal, guard.signal]),
        lane: 'backfill',
        throttledBackoffMs: () =>
          backoffMs({ attempt: 1, baseMs: retry.base, capMs: retry.cap, random: 1 - deps.random() / 2 }),
        onRequest: () => {
          tally.count();
          requests += 1;
        },
      },
    },
    { stream, fetch, field: '', lane: 'backfill', writer: context.writer, runId: () => syncId },
  );
  const mayGoOn = (): boolean =>
    !deps.draining() &&
    grantGoesOn(grant, { requests, lastsMs: now() - beganAtMs, width: 1, answerMs: 0, holds: false });

  const later = async ({ until, cause }: Deferral): Promise<AskedKeys> => {
    await reconciler.listings.deferStream(await reader.run(), until);
    return { state: 'later', until, cause };
  };

  let asked = 0;
  const ask = async (): Promise<AskedKeys> => {
    for (;;) {
      const keys = await reconciler.keysToAsk(of, AT_ONCE);
      if (keys.length === 0) {
        await reader.run();
        await reader.end();
        return { state: 'done' };
      }
      for (const key of keys) {
        if (!mayGoOn()) return { state: 'more' };
        const paused = pausedDeferral(await guard.look(), { nowMs: now() });
        if (paused !== undefined) return await later(paused);
        const { refused } = await reader.bring(key);
        await reconciler.noteAsked(of, { key, refused });
        asked += 1;
        context.heartbeat();
      }
    }
  };
  if (await reconciler.hasEnded(syncId)) return { state: 'done' };
  await reconciler.listings.deferStream(await reader.run(), null);
  guard.begin();
  try {
    return await ask();
  } catch (error) {
    const nowMs = now();
    const deferral =
      pausedDeferral(guard.pause, { nowMs, error }) ??
      deferralOf(error, { pages: asked, idleGrants: input.idle, retry, nowMs, random: deps.random() });
    if (deferral === undefined || context.signal.aborted || (error instanceof PartnerDown && asked === 0)) throw error;
    return await later(deferral);
  } finally {
    guard.end();
    const left = tally.rest();
    if (left !== undefined) await reconciler.listings.bookRequests(await reader.run(), left);
  }
}

/** As an activity. */
export function askKeysOf(deps: AskKeysDeps, input: AskKeysInput): Promise<AskedKeys> {
  const context = Context.current();
  const { info, cancellationSignal: signal } = context;
  const writer = { workflowRunId: info.workflowExecution?.runId ?? '', attempt: info.attempt };
  return askKeys(deps, input, { signal, writer, heartbeat: () => context.heartbeat() });
}
