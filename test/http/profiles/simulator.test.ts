import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { rateHeaders } from '../../../simulator/rate-headers.ts';
import { headerFamilies } from '../../../simulator/settings.ts';
import { nowMs, read } from './answer.ts';

const quota = fc
  .record({
    limit: fc.integer({ min: 1, max: 1_000_000 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    windowMs: fc.integer({ min: 1000, max: 3_600_000 }),
    resetMs: fc.integer({ min: 0, max: 3_600_000 }),
  })
  .map(({ limit, share, ...rest }) => ({ name: 'main', limit, remaining: Math.floor(limit * share), ...rest }));

/** What the family tells beside the limit and what remains. */
const tellsReset = new Set(['ietf', 'ratelimit', 'x-ratelimit', 'github', 'zendesk']);

describe('what the simulator tells comes back', () => {
  test.each(headerFamilies.filter((family) => family !== 'none'))('%s', (family) => {
    fc.assert(
      fc.property(quota, (told) => {
        const { quotas, problems } = read({ headers: rateHeaders(family, told, nowMs) });
        expect(problems).toEqual([]);
        expect(quotas).toHaveLength(1);
        expect(quotas[0]).toMatchObject({ limit: told.limit, remaining: told.remaining });
        if (!tellsReset.has(family)) return;
        // Told in whole seconds, rounded up: never earlier than it is.
        expect(quotas[0]?.resetInMs).toBeGreaterThanOrEqual(told.resetMs);
        expect(quotas[0]?.resetInMs).toBeLessThan(told.resetMs + 1000);
      }),
      { numRuns: 200 },
    );
  });

  test.each(headerFamilies.filter((family) => tellsReset.has(family)))(
    '%s: a refusal is waited out, never less',
    (family) => {
      fc.assert(
        fc.property(quota, (told) => {
          const headers = rateHeaders(family, { ...told, remaining: 0 }, nowMs);
          const { waitMs = 0 } = read({ status: 429, headers, maxWaitMs: 10 * 3_600_000 });
          expect(waitMs).toBeGreaterThanOrEqual(told.resetMs);
        }),
      );
    },
  );
});
