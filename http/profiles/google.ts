import { DAY, SECOND } from '../../core/duration.ts';
import { parseHttpDate } from '../http-date.ts';
import type { Found, LimitProfile, SeenAnswer } from './profile.ts';
import { readTime } from './read-time.ts';
import { textAt, valuesAt } from './values-at.ts';

const refusals = [403, 429] as const;
const REASONS = 'error.errors.*.reason';
const daily = ['dailyLimitExceeded', 'quotaExceeded'] as const;

/** No headers: the reason, and with luck the time, stand in the body. */
export const google: LimitProfile = {
  name: 'google',
  page: 'https://developers.google.com/workspace/gmail/api/guides/handle-errors',
  signs: [],
  throttled: [
    { statuses: refusals, code: { path: REASONS, equals: ['rateLimitExceeded', 'userRateLimitExceeded', ...daily] } },
    { statuses: refusals, code: { path: 'error.status', equals: ['RESOURCE_EXHAUSTED'] } },
    { statuses: refusals, code: { path: 'error.details.*.reason', equals: ['RATE_LIMIT_EXCEEDED'] } },
  ],
  readBody,
  // https://cloud.google.com/service-usage/docs/troubleshooting
  fallbackWaitMs: 30 * SECOND,
};

function readBody(body: unknown, { partnerNowMs, confidence }: SeenAnswer): Found {
  const waits = [messageWaitMs(body, partnerNowMs), retryInfoMs(body, partnerNowMs)]
    .filter((waitMs) => waitMs !== undefined)
    .map((waitMs) => ({ waitMs, source: 'body' }));
  const isDaily = valuesAt(body, REASONS).some((reason) => daily.some((name) => name === reason));
  return {
    waits,
    quotas:
      isDaily && waits.length === 0
        ? [{ policy: 'daily', unit: 'requests', remaining: 0, windowMs: DAY, source: 'body', confidence }]
        : [],
  };
}

/** `User-rate limit exceeded.  Retry after 2026-09-16T03:57:19.386Z`. */
function messageWaitMs(body: unknown, partnerNowMs: number): number | undefined {
  const [, time] = /Retry after ([\dT:.+Z-]{17,40})/i.exec(textAt(body, 'error.message')?.slice(0, 500) ?? '') ?? [];
  const untilMs = time === undefined ? undefined : parseHttpDate(time, partnerNowMs);
  return untilMs === undefined ? undefined : Math.max(0, untilMs - partnerNowMs);
}

/** google.rpc.RetryInfo: `"retryDelay": "12.5s"`. */
function retryInfoMs(body: unknown, partnerNowMs: number): number | undefined {
  const delay = textAt(body, 'error.details.*.retryDelay');
  return delay === undefined ? undefined : readTime(delay, 'duration', partnerNowMs);
}
