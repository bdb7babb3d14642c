import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ErrorRule, PartnerInput } from '../../definitions/definition.ts';
import type { FaultInput } from '../../simulator/fault.ts';
import type { RetryAfterForm } from '../../simulator/fault.ts';
import type { TrafficStats } from '../../simulator/traffic.ts';
import type { StreamReport } from '../../messages/stream-report.ts';
import { expectTruth } from '../support/expect-truth.ts';
import { firstOf } from '../support/long.ts';
import { openPullBench, streamReport } from '../support/pull-bench.ts';
import type { BenchPartner, PullBench } from '../support/pull-bench.ts';
import { runAll } from '../support/run-all.ts';
import * as streams from '../support/simulator-streams.ts';

interface Case {
  readonly name: string;
  readonly fault: Omit<Extract<FaultInput, { kind: 'throttle' }>, 'kind'>;
  readonly rules?: readonly ErrorRule[];
  readonly partner?: Partial<PartnerInput>;
}

let bench: PullBench;
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(() => bench.close());

/** 200 payments in 8 pages. */
async function pull({ fault, rules = [], partner: more = {} }: Case): Promise<{
  partner: BenchPartner;
  report: StreamReport;
  stats: TrafficStats;
}> {
  const { partner, report } = await bench.syncOnce({
    simulator: { faults: [{ kind: 'throttle', ...fault }] },
    streams: { payments: { ...streams.payments, errors: [...rules] } },
    partner: more,
  });
  return { partner, report: streamReport(report, 'payments'), stats: partner.simulator.stats() };
}

describe('after a throttled answer the run waits as asked and ends ok', () => {
  /** How each form is read: test/http/retry-after.test.ts. */
  const forms = firstOf<RetryAfterForm>(['int', 'imf', 'garbage', 'none', 'decimal', 'rfc850', 'asctime', 'past'], 4);
  const passing: readonly Case[] = [
    ...forms.map((retryAfter) => ({ name: `429 with Retry-After: ${retryAfter}`, fault: { retryAfter, nth: 3 } })),
    {
      name: '429 with a Retry-After of years, cut to maxWait',
      fault: { retryAfter: 'huge', nth: 3 },
      partner: { limits: { maxWait: '100ms' } },
    },
    { name: '503 with Retry-After', fault: { status: 503, nth: 3 } },
    { name: '403 with nothing remaining', fault: { status: 403, retryAfter: 'none', nth: 3 } },
    {
      name: '403, by a rule',
      fault: { status: 403, nth: 3 },
      rules: [{ status: 403, contains: 'rate limit', action: 'throttled' }],
    },
    {
      name: '400, by a rule for a code',
      fault: { status: 400, nth: 3 },
      rules: [{ status: 400, code: { path: 'error.code', equals: 'rate_limited' }, action: 'throttled' }],
    },
    {
      name: '200 with an error in its body, by a rule',
      fault: { status: 200, nth: 3 },
      rules: [{ contains: 'THROTTLED', action: 'throttled' }],
    },
  ];
  let pulled: (name: string) => ReturnType<typeof pull>;
  beforeAll(() => {
    pulled = runAll(passing, pull);
  });
  test.each(passing)('$name', async ({ name }) => {
    const { partner, report, stats } = await pulled(name);
    expect(report).toMatchObject({ outcome: 'ok', pages: 8 });
    expect({ requests: stats.requests, throttled: stats.throttled, early: stats.early }).toEqual({
      requests: 9,
      throttled: 1,
      early: 0,
    });
    await expectTruth(bench.pool, partner, 'payments');
  });
});

describe('a partner that throttles for ever ends the stream in red, after a bounded number of requests', () => {
  const staying: readonly (Case & { most: number })[] = [
    {
      name: 'without saying how long',
      fault: { retryAfter: 'none' },
      partner: { retry: { attempts: 2, base: '10ms', cap: '50ms' } },
      most: 7,
    },
    {
      name: 'always naming a second',
      fault: {},
      partner: { retry: { attempts: 1, base: '10ms', cap: '50ms' } },
      most: 4,
    },
    {
      name: 'from the third page on',
      fault: { retryAfter: 'none', after: 2 },
      partner: { retry: { attempts: 1, base: '10ms', cap: '50ms' } },
      most: 2 + 5,
    },
  ];
  let pulled: (name: string) => ReturnType<typeof pull>;
  beforeAll(() => {
    pulled = runAll(staying, pull);
  });
  test.each(staying)('$name', async ({ name, most }) => {
    const { report, stats } = await pulled(name);
    expect(report).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(/refused \d+ times in a row/) });
    expect(stats.requests).toBeGreaterThan(2);
    expect(stats.requests).toBeLessThanOrEqual(most);
    expect(stats.early).toBe(0);
  });
});

describe('all streams of a credential', () => {
  test('stay away together once one of them was told to wait', async () => {
    const { partner, report } = await bench.syncOnce({
      simulator: { faults: [{ kind: 'throttle', nth: [6, 14] }] },
      streams: {
        payments: streams.payments,
        customers: streams.customers,
        refunds: streams.refunds,
        events: streams.events,
      },
      partner: { limits: { concurrency: 1 } },
    });
    const { early, throttled, maxConcurrent } = partner.simulator.stats();
    expect({ outcome: report.outcome, early, throttled, maxConcurrent }).toEqual({
      outcome: 'ok',
      early: 0,
      throttled: 2,
      maxConcurrent: 1,
    });
    for (const stream of ['payments', 'customers', 'refunds', 'events'] as const)
      await expectTruth(bench.pool, partner, stream);
  });

  test('keep the declared limit, so that a strict partner refuses nothing', async () => {
    const { partner, report } = await bench.syncOnce({
      simulator: { limits: { rate: 20, burst: 2 } },
      streams: {
        payments: streams.payments,
        customers: streams.customers,
        refunds: streams.refunds,
        events: streams.events,
      },
      // The network delays some requests more than others: a margin of one for what arrives together.
      partner: { limits: { rate: 18, burst: 1 } },
    });
    expect({ outcome: report.outcome, violations: partner.simulator.stats().violations }).toEqual({
      outcome: 'ok',
      violations: 0,
    });
  });
});
