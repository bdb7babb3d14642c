import { DAY, MINUTE } from '../../core/duration.ts';
import type { QuotaReading } from '../../core/quota.ts';
import type { LimitProfile, SeenAnswer } from './profile.ts';

const INFO = 'sforce-limit-info';

/** Tells what was used, over the last 24 hours, never when it is free again: it frees bit by bit. */
export const salesforce: LimitProfile = {
  name: 'salesforce',
  page: 'https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_api_usage.htm',
  signs: [INFO],
  throttled: [{ statuses: [403], code: { path: '*.errorCode', equals: ['REQUEST_LIMIT_EXCEEDED'] } }],
  readHeaders: (answer) => ({ quotas: readUsage(answer) }),
  waitWithoutResetMs: 15 * MINUTE,
  fallbackWaitMs: 15 * MINUTE,
};

/** `api-usage=25/5000; per-app-api-usage=17/250(appName=x)`. */
function readUsage({ headers, confidence, note }: SeenAnswer): QuotaReading[] {
  const text = headers[INFO];
  if (text === undefined) return [];
  const items = text.slice(0, 1024).matchAll(/([\w-]{1,40})=(\d{1,12})\/(\d{1,12})/g);
  const quotas = [...items].map(([, policy = '', used, size]): QuotaReading => {
    const limit = Number(size);
    return {
      policy,
      unit: 'requests',
      limit,
      used: Number(used),
      remaining: Math.max(0, limit - Number(used)),
      // The window of api-bursts is not told.
      ...(policy.endsWith('usage') ? { windowMs: DAY } : {}),
      source: INFO,
      confidence,
    };
  });
  if (quotas.length === 0) note(`${INFO} is not name=used/limit`);
  return quotas.filter(({ limit }) => limit !== 0);
}
