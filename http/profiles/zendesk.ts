import { MINUTE, SECOND } from '../../core/duration.ts';
import type { QuotaReading } from '../../core/quota.ts';
import type { LimitProfile, SeenAnswer } from './profile.ts';

const ENDPOINT = 'zendesk-ratelimit-';

export const zendesk: LimitProfile = {
  name: 'zendesk',
  page: 'https://developer.zendesk.com/api-reference/introduction/rate-limits/',
  // The limit is called X-Rate-Limit, without -Limit behind.
  signs: ['x-rate-limit', 'x-zendesk-request-id'],
  readsStandard: true,
  policies: [
    {
      policy: 'account',
      limit: 'x-rate-limit',
      remaining: 'x-rate-limit-remaining',
      reset: 'ratelimit-reset',
      resetAs: 'seconds',
      windowMs: MINUTE,
    },
  ],
  readHeaders: (answer) => ({
    quotas: Object.keys(answer.headers)
      .filter((name) => name.startsWith(ENDPOINT))
      .slice(0, 8)
      .flatMap((name) => readEndpoint(answer, name)),
  }),
};

/** `zendesk-ratelimit-tickets-index: total=100; remaining=99; resets=41`, in seconds. */
function readEndpoint({ headers, confidence, note }: SeenAnswer, name: string): QuotaReading[] {
  const pairs = (headers[name] ?? '').slice(0, 256).matchAll(/\b(total|remaining|resets)=(\d{1,9})\b/gi);
  const values = Object.fromEntries([...pairs].map(([, key = '', value]) => [key.toLowerCase(), Number(value)]));
  const { total, remaining, resets } = values;
  if (remaining === undefined || total === 0) {
    note(`${name} is not total; remaining; resets`);
    return [];
  }
  return [
    {
      policy: name.slice(ENDPOINT.length),
      unit: 'requests',
      ...(total === undefined ? {} : { limit: total }),
      remaining,
      ...(resets === undefined ? {} : { resetInMs: resets * SECOND }),
      source: name,
      confidence,
    },
  ];
}
