import { describe, expect, test } from '@jest/globals';
import { PermitLapsed } from '../../core/departure.ts';
import { NeedsAttention, PartnerDown, RetryLater, WarehouseUnavailable } from '../../core/errors.ts';
import { noFailpoint } from '../../core/failpoint.ts';
import type { Answer } from '../../core/page.ts';
import { fetchPage } from '../../activities/pull/fetch-page.ts';
import type { Standing } from '../../limits/circuit/circuit.ts';
import { defineStream } from '../support/define-stream.ts';

const nowMs = Date.parse('2026-11-24T03:00:00Z');
const answered = (status: number, headers: Answer['headers'] = {}): Answer => {
  const text = '[]';
  const rest = {
    ascii: true,
    body: Buffer.from(text),
    bytes: text.length,
    durationMs: 5,
    receivedAtMs: nowMs,
    requestId: undefined,
  };
  return { status, headers, text, ...rest };
};
const closed: Standing = { state: 'closed', waitMs: 0, since: '2026-11-24T02:57:00Z' };

interface Scene {
  /** What becomes of the calls, one after the other. */
  readonly calls: readonly (Answer | Error)[];
  readonly standing?: Standing;
  readonly probe?: number;
}

/** One page is asked for; what was told to circuit and limiter, in its order. */
async function fetched({ calls, standing = closed, probe }: Scene): Promise<{ told: string[]; error: unknown }> {
  const told: string[] = [];
  let call = 0;
  const asking = fetchPage(
    {
      client: {
        send: async () => {
          const next = calls[call++] ?? answered(200);
          if (next instanceof Error) throw next;
          return next;
        },
        close: () => {},
      },
      authorizer: {
        authorize: async (request) => request,
        refresh: async () => true,
        canRefresh: true,
        secrets: async () => [],
      },
      limiter: {
        ask: async () => ({ granted: true, probe, release: async () => void told.push('released') }),
        block: async (waitMs) => {
          told.push(`block ${waitMs}`);
          return new Date(nowMs + waitMs).toISOString();
        },
      },
      circuit: {
        failed: async ({ error, afterMs, probe: of }) => {
          told.push(`failed, ${of}, ${afterMs}: ${error}`);
          return standing;
        },
        succeeded: async (of) => void told.push(`succeeded, ${of}`),
        abandoned: async (of) => void told.push(`abandoned, ${of}`),
      },
      failpoint: noFailpoint,
      now: () => nowMs,
      signal: new AbortController().signal,
      throttledBackoffMs: () => 70,
      onRequest: () => {},
    },
    {
      stream: defineStream(),
      pageNo: 3,
      known: null,
      beyond: false,
      resumed: false,
      restarts: 0,
      position: { cursor: null, range: null, parents: [] },
    },
  );
  const error = await asking.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { told, error };
}

const reset = new RetryLater('GET /orders could not be reached, or broke off', { cause: new Error('ECONNRESET') });

describe('what is told of a call, before its permit is given back', () => {
  test.each<[string, Scene, readonly string[]]>([
    ['a page', { calls: [answered(200)], probe: 4 }, ['succeeded, 4']],
    ['a page without a probe', { calls: [answered(200)] }, ['succeeded, undefined']],
    ['a refused request', { calls: [answered(404)], probe: 4 }, ['succeeded, 4']],
    [
      'an answer of the partner’s fault',
      { calls: [answered(502)], probe: 4 },
      ['failed, 4, 0: answered 502: the partner has a problem'],
    ],
    [
      'an answer of the partner’s fault that names a wait',
      { calls: [answered(502, { 'retry-after': '9' })] },
      ['failed, null, 9000: answered 502: the partner has a problem'],
    ],
    [
      'a broken connection',
      { calls: [reset], probe: 4 },
      ['failed, 4, 0: GET /orders could not be reached, or broke off: ECONNRESET'],
    ],
    // Nobody slips in between.
    ['a 429', { calls: [answered(429, { 'retry-after': '9' })], probe: 4 }, ['block 9000', 'succeeded, 4']],
    [
      'a 503 without a wait',
      { calls: [answered(503)] },
      ['failed, null, 70: answered 503: the partner is overloaded or in maintenance', 'block 70'],
    ],
    ['a 503 with a wait', { calls: [answered(503, { 'retry-after': '9' })] }, ['block 9000', 'succeeded, undefined']],
    ['a certificate', { calls: [new NeedsAttention('a certificate')], probe: 4 }, ['abandoned, 4']],
    ['our own database', { calls: [new WarehouseUnavailable('away')], probe: 4 }, ['abandoned, 4']],
    ['a cancellation', { calls: [new Error('cancelled')], probe: 4 }, ['abandoned, 4']],
    ['a cancellation without a probe', { calls: [new Error('cancelled')] }, []],
  ])('%s', async (_what, scene, expected) => {
    expect((await fetched(scene)).told).toEqual([...expected, 'released']);
  });

  test('a permit that lapsed, and the call that follows it', async () => {
    const { told } = await fetched({ calls: [new PermitLapsed('late'), answered(200)], probe: 4 });
    expect(told).toEqual(['abandoned, 4', 'released', 'succeeded, 4', 'released']);
  });

  test('a refused token, and the call with a new one', async () => {
    const { told } = await fetched({ calls: [answered(401), answered(200)], probe: 4 });
    expect(told).toEqual(['succeeded, 4', 'released', 'succeeded, 4', 'released']);
  });
});

describe('a call that fails', () => {
  test('while the circuit stays closed ends as without one', async () => {
    expect((await fetched({ calls: [reset] })).error).toBe(reset);
    expect((await fetched({ calls: [answered(502)] })).error).toMatchObject({ name: 'RetryLater', afterMs: undefined });
    expect((await fetched({ calls: [answered(503)] })).error).toMatchObject({ name: 'Throttled' });
  });

  test.each([
    ['502', answered(502)],
    ['503', answered(503)],
    ['reset', reset],
  ])('with the circuit open says so in words, and neither blocks nor slows anybody: %s', async (_what, call) => {
    const standing = { state: 'open', waitMs: 41_000, since: '2026-11-24T02:57:00Z' } as const;
    const { told, error } = await fetched({ calls: [call], standing });
    expect(error).toBeInstanceOf(PartnerDown);
    expect(error).toMatchObject({
      message: expect.stringMatching(
        /^acme has not been answering for 3m \(.+\); Syncline asks again in 41s, with one/,
      ),
      afterMs: 41_000,
      at: { partner: 'acme', stream: 'orders', page: 3 },
    });
    expect(told).toHaveLength(2);
  });

  test('with no retries at hand waits longer, as a failure of its own', async () => {
    const { error } = await fetched({ calls: [answered(502)], standing: { ...closed, waitMs: 30_000 } });
    expect(error).toMatchObject({ name: 'RetryLater', afterMs: 30_000, message: expect.stringContaining('502') });
  });
});
