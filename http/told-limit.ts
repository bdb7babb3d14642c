import type { ToldLimit } from '../core/call.ts';
import { isExhausted } from './profiles/longest-wait.ts';
import { readPartnerClock } from './partner-clock.ts';
import { parseRetryAfter } from './retry-after.ts';
import type { Verdict } from './classify.ts';

interface Told {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly verdict: Pick<Verdict, 'action' | 'reading'>;
  readonly nowMs: number;
}

/** What an answer said of limits beside its status; null: nothing. A header whose meaning was only guessed says nothing. */
export function toldLimit({ status, headers, verdict, nowMs }: Told): ToldLimit | null {
  const { quotas, waitMs, waitSource = '' } = verdict.reading;
  const usedUp = quotas.filter((quota) => isExhausted(quota) && quota.confidence !== 'guessed');
  const resets = usedUp.flatMap(({ resetInMs }) => resetInMs ?? []);
  const none: ToldLimit = { kind: 'used-up', waitMs: resets.length === 0 ? null : Math.max(...resets) };
  if (verdict.action === 'throttled') {
    // What we make of an answer that names no time is nothing that the partner has said.
    if (waitMs !== undefined && !waitSource.startsWith('profile ')) return { kind: 'wait', waitMs };
    return usedUp.length > 0 ? none : { kind: 'nothing', waitMs: null };
  }
  if (usedUp.length > 0) return none;
  // On these it says when something is ready, not that we are too fast.
  if (status === 202 || (status >= 300 && status < 400)) return null;
  const after = parseRetryAfter(headers['retry-after'], () => readPartnerClock(headers, nowMs) ?? nowMs);
  return after === undefined || after <= 0 ? null : { kind: 'wait', waitMs: after };
}
