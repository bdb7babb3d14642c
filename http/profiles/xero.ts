import { DAY, MINUTE } from '../../core/duration.ts';
import type { LimitProfile } from './profile.ts';

const minute = MINUTE;
const problems = {
  minute: { unit: 'requests', windowMs: minute },
  day: { unit: 'requests', windowMs: DAY },
  daily: { unit: 'requests', windowMs: DAY },
  appminute: { unit: 'requests', windowMs: minute },
  concurrent: { unit: 'concurrency' },
} as const;

/** What remains of three windows, never their size; a refusal names the one and sends `Retry-After`. */
export const xero: LimitProfile = {
  name: 'xero',
  page: 'https://developer.xero.com/documentation/guides/oauth2/limits/',
  signs: ['x-minlimit-remaining', 'x-daylimit-remaining', 'x-appminlimit-remaining', 'x-rate-limit-problem'],
  policies: [
    { policy: 'minute', remaining: 'x-minlimit-remaining', windowMs: minute },
    { policy: 'day', remaining: 'x-daylimit-remaining', windowMs: DAY },
    { policy: 'appminute', remaining: 'x-appminlimit-remaining', windowMs: minute },
  ],
  readHeaders: ({ headers, confidence }) => {
    const policy = headers['x-rate-limit-problem']?.trim().toLowerCase() ?? '';
    if (!Object.hasOwn(problems, policy)) return {};
    const window = problems[policy as keyof typeof problems];
    return { quotas: [{ policy, ...window, remaining: 0, source: 'x-rate-limit-problem', confidence }] };
  },
};
