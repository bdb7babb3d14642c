import { DAY } from '../../core/duration.ts';
import type { QuotaReading } from '../../core/quota.ts';
import { MAX_RESET_MS } from './read-time.ts';

const MAX_QUOTAS = 32;
const MAX_WINDOW_MS = 400 * DAY;

/** Quotas whose numbers can be meant; the rest is left out or cut, and noted. */
export function believable(quotas: readonly QuotaReading[], note: (problem: string) => void): readonly QuotaReading[] {
  const kept = quotas.slice(0, MAX_QUOTAS).filter(isSound);
  if (kept.length < quotas.length) note('a policy has numbers that cannot be meant');
  return kept.map((quota) => {
    const { resetInMs, windowMs, ...rest } = quota;
    if ((resetInMs ?? 0) > MAX_RESET_MS) note(`${quota.source}: the reset is further away than a month`);
    return {
      ...rest,
      policy: rest.policy.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 64),
      ...(windowMs === undefined || windowMs > MAX_WINDOW_MS ? {} : { windowMs }),
      ...(resetInMs === undefined ? {} : { resetInMs: Math.min(resetInMs, MAX_RESET_MS) }),
    };
  });
}

const isSound = ({ policy, limit, used, remaining, windowMs, resetInMs }: QuotaReading): boolean =>
  isText(policy) &&
  [limit, used, remaining, windowMs, resetInMs].every((value) => value === undefined || isCount(value));

const isText = (value: unknown): boolean => typeof value === 'string';

/** Of a function or a body it may be anything. */
export const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;
