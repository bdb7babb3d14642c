import type { QuotaUnit } from '../../core/quota.ts';
import type { LimitProfile, PolicyHeaders } from './profile.ts';

const policy = (name: string, unit: QuotaUnit): PolicyHeaders => ({
  policy: name,
  unit,
  limit: `x-ratelimit-limit-${name}`,
  remaining: `x-ratelimit-remaining-${name}`,
  reset: `x-ratelimit-reset-${name}`,
  resetAs: 'duration',
});

/** Also Azure's and others that copy it: the kind stands behind, resets are durations (`6m0s`). */
export const openai: LimitProfile = {
  name: 'openai',
  page: 'https://platform.openai.com/docs/guides/rate-limits',
  signs: ['x-ratelimit-remaining-requests', 'x-ratelimit-limit-requests', 'x-ratelimit-remaining-tokens'],
  policies: [policy('requests', 'requests'), policy('tokens', 'cost')],
  retryAfter: [{ header: 'retry-after-ms', as: 'milliseconds' }],
};
