import type { Wait } from './limits-view.ts';
import { RESUME_LEAD_MS } from './pause.ts';

export interface NextLook {
  readonly waitMs: number;
  /** Nothing goes on: when this time passes without a word, the governor may end. */
  readonly quiet: boolean;
  readonly why: string;
}

/** When the governor looks next if nobody tells it anything. */
export function nextLookMs(of: {
  readonly pause: Wait | null;
  /** The speed has not climbed back yet. */
  readonly slowed: boolean;
  readonly working: boolean;
  /** The last look failed: what it knew may be over. */
  readonly troubled: boolean;
  readonly nowMs: number;
  readonly times: { readonly lookMs: number; readonly pausedLookMs: number; readonly quietMs: number };
}): NextLook {
  const { pause, slowed, working, troubled, nowMs, times } = of;
  if (pause !== null && !troubled) {
    const leftMs = Date.parse(pause.until) - RESUME_LEAD_MS - nowMs;
    const waitMs = Math.min(Math.max(leftMs, 500), times.pausedLookMs);
    return { waitMs, quiet: false, why: `paused until ${pause.until.slice(0, 19)}Z: ${pause.cause}`.slice(0, 120) };
  }
  if (working || (slowed && !troubled))
    return { waitMs: times.lookMs, quiet: false, why: working ? 'looks again' : 'the speed climbs back' };
  return { waitMs: times.quietMs, quiet: true, why: 'no work' };
}
