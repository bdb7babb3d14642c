import {
  ActivityFailure,
  continueAsNew,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  sleep,
} from '@temporalio/workflow';
import type { PartnerActivities } from '../activities/index.ts';
import { MINUTE } from '../core/duration.ts';
import type { FollowHintsInput, HintsFollowed, HintsRound } from '../messages/follow-hints.ts';
import { isToContinueAsNew } from './is-to-continue-as-new.ts';
import { ownNames } from './own-names.ts';

/** Whoever looks for work starts it again when something is due: it need not wait longer than this for that. */
const PATIENCE_MS = MINUTE;

/** Fetches the records that webhooks of a partner have named, until none is open. It waits where the partner wants to be left alone. */
export async function followHints(input: FollowHintsInput): Promise<HintsFollowed> {
  const { partner, times } = input;
  const { fetchHints } = proxyActivities<PartnerActivities>({
    taskQueue: ownNames().partnerQueue(partner),
    startToCloseTimeout: times.startToCloseMs,
    heartbeatTimeout: times.heartbeatTimeoutMs,
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
  });
  let followed = input.soFar;
  for (;;) {
    let round: HintsRound;
    try {
      round = await fetchHints({ partner });
    } catch (error) {
      if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
      // A definition that does not hold: the next round may find it mended.
      setCurrentDetails(`cannot be followed now: ${error.cause?.message ?? error.message}`);
      await sleep(PATIENCE_MS, { summary: 'the definition may be mended' });
      continue;
    }
    followed = { fetched: followed.fetched + round.fetched, refused: followed.refused + round.refused };
    setCurrentDetails(`${followed.fetched} records asked for, ${followed.refused} answers could not be taken`);
    if (round.state === 'done') return followed;
    if (round.state === 'later') {
      const leftMs = Date.parse(round.until) - Date.now();
      if (!round.deferred && leftMs > PATIENCE_MS) return followed;
      await sleep(Math.max(1, leftMs), { summary: round.cause.slice(0, 120) });
    }
    if (isToContinueAsNew()) await continueAsNew<typeof followHints>({ ...input, soFar: followed });
  }
}
