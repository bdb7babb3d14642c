import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Reading } from '../../../core/quota.ts';
import { profileNames } from '../../../definitions/limit-profile.ts';
import { MAX_RESET_MS } from '../../../http/profiles/read-time.ts';
import { profiles } from '../../../http/profiles/registry.ts';
import { nowMs, read } from './answer.ts';

/** Values that look like what the headers hold, and much that does not. */
const values = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.bigInt().map(String),
  fc.double().map(String),
  fc.integer({ min: -1e6, max: 1e6 }).map((ms) => String(nowMs + ms)),
  fc.integer({ min: -1e6, max: 1e6 }).map((secs) => String(nowMs / 1000 + secs)),
  fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.stringMatching(/^\d{1,30}(\.\d{1,30})?$/),
  fc.stringMatching(/^(\d{1,9}(;w=\d{1,12})?, ){0,20}\d{1,3}$/),
  fc.stringMatching(/^("[a-z]{0,5}"(;[rtqw]=-?\d{0,16}){0,4},? ?){0,5}$/),
  fc.stringMatching(/^(limit|remaining|reset)=\d{1,20}(, (limit|remaining|reset)=\d{1,4}){0,3}$/),
  fc.stringMatching(/^(\d{1,15}(ms|us|[dhms])){1,4}$/),
  fc.stringMatching(/^\d{1,14}\/\d{1,14}$/),
  fc.stringMatching(/^([a-z-]{1,8}=\d{1,14}\/\d{1,14};? ?){1,3}$/),
  fc.stringMatching(/^total=\d{1,12}; remaining=\d{0,12}; resets=\d{1,12}$/),
);

const common = ['retry-after', 'date', 'age', 'zendesk-ratelimit-x', 'x-shopify-shop-api-call-limit'];
const headersOf = (name: keyof typeof profiles): string[] => {
  const { signs, policies = [], retryAfter = [], costHeader } = profiles[name];
  const ofPolicies = policies.flatMap(({ policyFrom, limit, remaining, used, reset, window, all }) => [
    policyFrom,
    limit,
    remaining,
    used,
    reset,
    window?.header,
    all,
  ]);
  const named = [...signs, ...ofPolicies, ...retryAfter.map(({ header }) => header), costHeader];
  return [...new Set([...named, ...common].filter((header) => header !== undefined))];
};

const numbers = fc.oneof(fc.double(), fc.integer(), fc.constant(null), fc.string());
const bodies = fc.oneof(
  fc.jsonValue(),
  fc.record({
    errors: fc.array(fc.record({ extensions: fc.record({ code: fc.constantFrom('THROTTLED', 'RATELIMITED', '') }) })),
    extensions: fc.record({
      cost: fc.record({
        requestedQueryCost: numbers,
        actualQueryCost: numbers,
        throttleStatus: fc.record({ maximumAvailable: numbers, currentlyAvailable: numbers, restoreRate: numbers }),
      }),
    }),
  }),
  fc.record({
    retry_after: numbers,
    policyName: fc.oneof(fc.string(), fc.constant('DAILY')),
    errorType: fc.constant('RATE_LIMIT'),
  }),
  fc.record({
    error: fc.record({
      status: fc.constant('RESOURCE_EXHAUSTED'),
      message: values.map((value) => `Retry after ${value}`),
      details: fc.array(fc.record({ retryDelay: values })),
    }),
  }),
);

const within = (value: number | undefined, max: number): boolean =>
  value === undefined || (Number.isFinite(value) && value >= 0 && value <= max);

/** What is wrong with a reading. */
function oddities({ waitMs, quotas, cost, skewMs, problems }: Reading, maxWaitMs: number): string[] {
  const counts = quotas.flatMap(({ limit, used, remaining, windowMs }) => [limit, used, remaining, windowMs]);
  const checks: Readonly<Record<string, boolean>> = {
    wait: within(waitMs, maxWaitMs),
    counts: [...counts, cost].every((value) => within(value, Number.MAX_VALUE)),
    resets: quotas.every(({ resetInMs }) => within(resetInMs, MAX_RESET_MS)),
    names: quotas.every(({ policy }) => /^[\x20-\x7e]{0,64}$/.test(policy)),
    skew: skewMs === undefined || Number.isFinite(skewMs),
    size: quotas.length < 200 && problems.length <= 5 && problems.every((problem) => problem.length <= 100),
  };
  return Object.keys(checks).filter((name) => checks[name] === false);
}

const statuses = fc.constantFrom(200, 202, 304, 400, 403, 404, 429, 500, 503);

describe('whatever a partner sends, what is read can be believed', () => {
  test.each(profileNames)('%s', (name) => {
    const headers = fc.dictionary(fc.constantFrom(...headersOf(name)), values, { maxKeys: 12 });
    fc.assert(
      fc.property(headers, statuses, bodies, fc.nat(), fc.boolean(), (headers, status, json, maxWaitMs, isDeclared) => {
        const reading = read({ headers, status, json, maxWaitMs, profile: isDeclared ? name : 'auto' });
        expect(oddities(reading, maxWaitMs)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('a profile written out', () => {
    const names = ['x-a', 'x-b', 'x-c', 'x-d', 'x-e', 'date'];
    const forms = ['seconds', 'milliseconds', 'epoch', 'epochMs', 'iso', 'httpDate', 'duration', 'auto'];
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...names), values),
        fc.constantFrom(...forms),
        statuses,
        fc.nat(),
        (headers, as, status, maxWaitMs) => {
          const profile = {
            limit: 'x-a',
            remaining: 'x-b',
            used: 'x-c',
            reset: 'x-d',
            resetAs: as,
            retryAfter: { header: 'x-e', as },
          };
          expect(oddities(read({ headers, status, maxWaitMs, profile }), maxWaitMs)).toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('problems quote no value', () => {
    const canary = 'canary-c4n4ry';
    for (const name of profileNames) {
      const headers = Object.fromEntries(headersOf(name).map((header) => [header, canary]));
      const { problems, quotas } = read({ headers, status: 429, profile: name, text: canary });
      expect(problems.join(' ')).not.toContain(canary);
      // A name of a policy may come from a header that holds nothing else.
      const numbers = quotas.map((quota) => ({ ...quota, policy: '' }));
      expect(JSON.stringify(numbers)).not.toContain(canary);
    }
  });
});
