import {
  ActivityFailure,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { ControlActivities } from '../activities/index.ts';
import { nextLookMs } from '../core/next-look.ts';
import type { GovernorNews, GovernorState, GovernPartnerInput } from '../messages/govern-partner.ts';
import type { Look } from '../messages/look.ts';
import { LIMITS_QUERY, signals } from '../messages/signals.ts';
import { describeLimits } from './details.ts';
import { isToContinueAsNew } from './is-to-continue-as-new.ts';

const { lookAtLimits } = proxyActivities<ControlActivities>({
  startToCloseTimeout: '30 seconds',
  retry: { maximumInterval: '30 seconds' },
});

const throttled = defineSignal<[GovernorNews['throttled']]>(signals.throttled);
const work = defineSignal<[GovernorNews['work']]>(signals.work);
const refresh = defineSignal<[GovernorNews['refresh']]>(signals.refresh);
const limits = defineQuery<GovernorState>(LIMITS_QUERY);

/**
 * Owns a partner's quota: the rate of its task queue, its pauses and their ends, alerts, and the picture of it all. It looks
 * once a minute while runs go on, at once when it is told something, and ends after a day without work: its id is the
 * partner's, so the next run starts it again, and a partner that is gone leaves nothing running.
 */
export async function governPartner({ partner, times, runs: before }: GovernPartnerInput): Promise<void> {
  const runs = new Set(before);
  let told = true;
  let waits: GovernorState['waits'] = null;
  let look: Look | null = null;
  let trouble: string | null = null;
  setHandler(throttled, (wait) => {
    waits = wait;
    told = true;
  });
  setHandler(work, ({ runId, state }) => {
    if (state === 'begun') runs.add(runId);
    else runs.delete(runId);
    told = true;
  });
  setHandler(refresh, () => {
    told = true;
  });
  const state = (): GovernorState => ({
    partner,
    limits: look?.limits ?? null,
    queue: look?.queue ?? null,
    pause: look?.pause ?? null,
    waits: waits !== null && Date.parse(waits.until) > Date.now() ? waits : null,
    runs: [...runs],
    trouble,
  });
  setHandler(limits, state);

  for (;;) {
    told = false;
    const asked = [...runs];
    try {
      look = await lookAtLimits.executeWithOptions({ summary: `runs: ${asked.length}` }, [{ partner, runs: asked }]);
      for (const runId of asked) if (!look.running.includes(runId)) runs.delete(runId);
      trouble = null;
    } catch (error) {
      // A definition that does not hold: its pauses end by themselves, and the next look may find it mended.
      if (isCancellation(error)) throw error;
      trouble = error instanceof ActivityFailure ? (error.cause?.message ?? error.message) : String(error);
    }
    setCurrentDetails(describeLimits(state()));
    if (isToContinueAsNew()) await continueAsNew<typeof governPartner>({ partner, times, runs: [...runs] });
    const next = nextLookMs({
      pause: look?.pause ?? null,
      slowed: (look?.limits.factor ?? 1) < 1,
      working: runs.size > 0,
      troubled: trouble !== null,
      nowMs: Date.now(),
      times,
    });
    const woken = await condition(() => told, next.waitMs, { summary: next.why });
    if (!woken && next.quiet) return;
  }
}
