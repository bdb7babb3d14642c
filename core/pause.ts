import { SECOND } from './duration.ts';
import type { LimitsView, Wait } from './limits-view.ts';

/** A throttle that is over sooner is left to the permits: to pause and resume a queue takes more than a second itself. */
export const LONG_WAIT_MS = 10 * SECOND;
/** A queue takes about this long to go on (measured: 1.0 to 1.3 s); permits hold whatever comes early. */
export const RESUME_LEAD_MS = 1.5 * SECOND;

/**
 * Until when nobody can send at all, whatever lane: only then the whole queue may stand still. What is merely kept for
 * critical work is no reason. Undefined: no pause, or none that is worth it.
 */
export function pauseOf(view: LimitsView, at: { readonly nowMs: number; readonly paused: boolean }): Wait | undefined {
  const { blocked, told, circuit, buckets } = view;
  const waits: Wait[] = [
    ...(blocked === null ? [] : [blocked]),
    ...(told === null || told.left >= 1 ? [] : [{ until: told.until, cause: 'the partner says that nothing is left' }]),
    ...(circuit?.state === 'open' && circuit.openUntil !== null
      ? [{ until: circuit.openUntil, cause: `the partner does not answer: ${circuit.lastError}` }]
      : []),
    ...buckets.flatMap(({ name, kind, left, resetsAt, hasFreeCalls }) =>
      kind === 'quota' && left <= 0 && resetsAt !== null && !hasFreeCalls
        ? [{ until: resetsAt, cause: `${name} is used up` }]
        : [],
    ),
  ];
  const last = waits.toSorted((a, b) => Date.parse(b.until) - Date.parse(a.until))[0];
  // Near its end a pause is over: what comes early waits for its permit in the worker.
  const leastMs = at.paused ? RESUME_LEAD_MS : LONG_WAIT_MS;
  return last !== undefined && Date.parse(last.until) - at.nowMs > leastMs ? last : undefined;
}
