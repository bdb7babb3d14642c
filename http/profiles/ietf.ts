import type { LimitProfile } from './profile.ts';
import { readStructured } from './read-structured.ts';

export const ietf: LimitProfile = {
  name: 'ietf',
  page: 'https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/',
  signs: ['ratelimit', 'ratelimit-policy', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'],
  policies: [
    {
      policy: 'ratelimit',
      limit: 'ratelimit-limit',
      remaining: 'ratelimit-remaining',
      // GitLab's.
      used: 'ratelimit-observed',
      reset: 'ratelimit-reset',
      // Seconds in the drafts up to -06; some send a time under this name (GitLab).
      resetAs: 'auto',
      all: 'ratelimit-policy',
    },
  ],
  readHeaders: (answer) => ({
    quotas: readStructured(answer, { field: 'ratelimit', policyField: 'ratelimit-policy' }),
  }),
};
