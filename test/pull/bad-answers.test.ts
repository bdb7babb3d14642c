import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { expectTruth } from '../support/expect-truth.ts';
import { firstOf } from '../support/long.ts';
import { openPullBench } from '../support/pull-bench.ts';
import type { PullBench } from '../support/pull-bench.ts';
import { pullOne } from '../support/pull-one.ts';
import type { PullCase, PulledOne } from '../support/pull-one.ts';
import { runAll } from '../support/run-all.ts';
import * as streams from '../support/simulator-streams.ts';
import { tableRows } from '../support/table-rows.ts';

/** The last of each list in the long form only: another of the same kind is in front, and test/http shows what an answer is taken for. */
const passing = firstOf<PullCase & { name: string; extra: number }>(
  [
    { name: '500 now and then', faults: [{ kind: 'status', status: 500, every: 3 }], extra: 3 },
    { name: '502 thrice in a row at the start', faults: [{ kind: 'status', status: 502, nth: [1, 2, 3] }], extra: 3 },
    {
      name: '408, 409, 425',
      faults: [408, 409, 425].map((status, i) => ({ kind: 'status', status, nth: 2 + i })),
      extra: 3,
    },
    { name: 'a reset before the answer', faults: [{ kind: 'reset', nth: [1, 4] }], extra: 2 },
    { name: 'a reset within the body', faults: [{ kind: 'reset', at: 'middle', nth: [2, 9] }], extra: 2 },
    { name: 'no answer', faults: [{ kind: 'hang', nth: 3 }], partner: { timeout: '1s' }, extra: 1 },
    { name: 'half of the JSON, whole as HTTP', faults: [{ kind: 'truncated', nth: [1, 9] }], extra: 2 },
    { name: 'half of the bytes', faults: [{ kind: 'truncated', length: 'wrong', nth: [1, 9] }], extra: 2 },
    { name: 'HTML with status 200', faults: [{ kind: 'html', nth: [2, 6] }], extra: 2 },
    {
      name: 'a body that dribbles too long',
      faults: [{ kind: 'slow_body', delayMs: 50, nth: 2 }],
      partner: { timeout: '1s' },
      extra: 1,
    },
    { name: 'another content type', faults: [{ kind: 'content_type' }], extra: 0 },
    { name: 'a slow body', faults: [{ kind: 'slow_body', chunkBytes: 4096, delayMs: 5 }], extra: 0 },
    { name: 'a page of 10 MB', faults: [{ kind: 'big_page', nth: 2 }], extra: 0 },
    { name: 'a clock that is off', faults: [{ kind: 'clock_skew' }], extra: 0 },
    { name: '502 thrice in a row in the middle', faults: [{ kind: 'status', status: 502, nth: [4, 5, 6] }], extra: 3 },
    { name: '503 without Retry-After', faults: [{ kind: 'status', status: 503, nth: [1, 5] }], extra: 2 },
    { name: 'an empty body now and then', faults: [{ kind: 'empty_body', nth: [1, 9] }], extra: 2 },
    { name: 'gzip that is none', faults: [{ kind: 'bad_gzip', nth: 4 }], extra: 1 },
  ],
  14,
);

const staying = firstOf<PullCase & { name: string; requests: number; reason: RegExp }>(
  [
    { name: '500', faults: [{ kind: 'status' }], requests: 4, reason: /500/ },
    {
      name: '500 from the third page on',
      faults: [{ kind: 'status', after: 2 }],
      // Five failures in a row would pass for a partner that is down.
      partner: { circuit: { streak: 6 } },
      requests: 7,
      reason: /500/,
    },
    { name: 'resets', faults: [{ kind: 'reset' }], requests: 4, reason: /broke off|reached/ },
    { name: 'silence', faults: [{ kind: 'hang' }], partner: { timeout: '1s' }, requests: 4, reason: /longer than 1/ },
    { name: 'truncated JSON', faults: [{ kind: 'truncated' }], requests: 4, reason: /a part of it/ },
    { name: 'HTML', faults: [{ kind: 'html' }], requests: 4, reason: /expected JSON.*text\/html/ },
    { name: 'an empty body', faults: [{ kind: 'empty_body' }], requests: 4, reason: /empty body/ },
    { name: 'broken gzip', faults: [{ kind: 'bad_gzip' }], requests: 4, reason: /broken gzip/ },
    {
      name: 'a 200 that only says it is throttled, without a profile or a rule',
      faults: [{ kind: 'throttle', status: 200, retryAfter: 'none' }],
      partner: { limits: { profile: 'none' } },
      requests: 4,
      reason: /expected an array/,
    },
    {
      name: 'records elsewhere than the definition says',
      faults: [],
      definition: { ...streams.payments, records: 'items' },
      requests: 4,
      reason: /found nothing; arrays are at "data": see "records"/,
    },
    { name: '400', faults: [{ kind: 'status', status: 400 }], requests: 1, reason: /400/ },
    { name: '401 with a fixed token', faults: [{ kind: 'expired_token' }], requests: 1, reason: /401/ },
    { name: '410 in the middle', faults: [{ kind: 'status', status: 410, nth: 3 }], requests: 3, reason: /410/ },
    {
      name: 'a page larger than is taken',
      faults: [{ kind: 'big_page' }],
      partner: { maxBytes: 1_000_000 },
      requests: 1,
      reason: /maxBytes/,
    },
    { name: '403', faults: [{ kind: 'status', status: 403 }], requests: 1, reason: /403/ },
    { name: '404', faults: [{ kind: 'status', status: 404 }], requests: 1, reason: /404/ },
  ],
  14,
);

let bench: PullBench;
let pulled: (name: string) => Promise<PulledOne>;
beforeAll(async () => {
  bench = await openPullBench();
  pulled = runAll<PullCase & { name: string }, PulledOne>([...passing, ...staying], (each) => pullOne(bench, each));
});
afterAll(() => bench.close());

describe('a fault that passes costs only its retries', () => {
  test.each(passing)('$name', async ({ name, extra }) => {
    const { partner, report, requests } = await pulled(name);
    expect(report).toMatchObject({ outcome: 'ok', state: 'done', pages: 8, counts: { fetched: 200, inserted: 200 } });
    expect(requests).toBe(8 + extra);
    await expectTruth(bench.pool, partner, 'payments');
  });

  test('many kinds at once, chosen by chance', async () => {
    const faults = (['reset', 'html', 'empty_body', 'truncated', 'status'] as const).map((kind) => ({
      kind,
      probability: 0.08,
    }));
    const { partner, report } = await pullOne(bench, {
      faults,
      partner: { retry: { attempts: 12, base: '5ms', cap: '20ms' } },
    });
    expect(report.outcome).toBe('ok');
    expect(partner.simulator.stats().requests).toBeGreaterThan(8);
    await expectTruth(bench.pool, partner, 'payments');
  });
});

describe('a fault that stays ends the stream in red, after a bounded number of requests', () => {
  test.each(staying)('$name', async ({ name, requests, reason }) => {
    const { partner, report, requests: sent } = await pulled(name);
    expect(report).toMatchObject({ outcome: 'failed', state: 'failed', reason: expect.stringMatching(reason) });
    expect(sent).toBe(requests);
    // What had come before stays, and the balance holds for it.
    const rows = (await tableRows(bench.pool, partner.name, 'payments')).length;
    expect(rows).toBe(report.counts.inserted);
  });
});
