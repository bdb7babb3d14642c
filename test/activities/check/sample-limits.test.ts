import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sampleLimits } from '../../../activities/check/sample-limits.ts';
import { describeLimits } from '../../../cli/describe-limits.ts';
import type { Answer } from '../../../core/page.ts';
import { compilePartner } from '../../../definitions/compile.ts';
import { limits } from '../../../definitions/definition.ts';
import { startSimulator, type Simulator } from '../../../simulator/start.ts';
import { loadAcme } from '../../definitions/partner-files.ts';
import { plainNames } from '../../../messages/names.ts';
import { checkIt } from './check-it.ts';

const nowMs = Date.parse('2026-11-24T10:00:00Z');
const lines = (headers: Answer['headers'], { profile = 'auto', text = '[]' } = {}): string[] =>
  describeLimits(
    sampleLimits(
      {
        status: 200,
        headers,
        text,
        ascii: true,
        body: Buffer.alloc(0),
        bytes: text.length,
        durationMs: 1,
        receivedAtMs: nowMs,
        requestId: undefined,
      },
      limits.parse({ profile }),
    ),
  );

describe('what the check tells of a partner', () => {
  test('names the profile and each quota', () => {
    const headers = {
      date: 'Tue, 24 Nov 2026 10:00:00 GMT',
      'x-ratelimit-limit': '5000',
      'x-ratelimit-remaining': '4999',
      'x-ratelimit-reset': String(nowMs / 1000 + 600),
      'x-ratelimit-resource': 'core',
    };
    expect(lines(headers)).toEqual([
      'limits, read as github (recognised):',
      '  core: 4,999 of 5,000 requests left, reset in 10m',
    ]);
    expect(lines(headers, { profile: 'github' })[0]).toBe('limits, read as github (declared):');
  });

  test('says what was guessed, what a clock is off, and what could not be read', () => {
    const headers = {
      date: 'Tue, 24 Nov 2026 12:00:00 GMT',
      'x-ratelimit-limit': 'many',
      'x-ratelimit-reset': '30',
    };
    expect(lines(headers)).toEqual([
      'limits, read as x-ratelimit (recognised):',
      '  x-ratelimit: no count of requests, reset in 30s',
      'note: what a reset means was guessed by its size: limits.profile can say it',
      "note: the partner's clock is 2h ahead",
      'note: x-ratelimit-limit is not a number',
    ]);
  });

  test('says what the answer cost', () => {
    const text = '{"extensions":{"cost":{"actualQueryCost":12}}}';
    expect(lines({ 'x-shopid': '1' }, { text, profile: 'linear' })).toEqual([]);
    expect(lines({ 'x-complexity': '60' })).toEqual(['limits, read as linear (recognised):', 'this answer cost 60']);
  });

  test('says nothing where there is nothing to read', () => {
    expect(lines({ 'content-type': 'application/json' })).toEqual([]);
  });
});

describe('partners check', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator({
      payments: 10,
      limits: { window: { limit: 100, perMs: 60_000 }, headers: 'hubspot' },
    });
  });
  afterAll(() => simulator.close());

  test('reads the limits of a real answer', async () => {
    const partner = await loadAcme(`name: acme
baseUrl: ${simulator.url}
streams:
  payments: { path: /v1/payments, records: data, primaryKey: [id], schema: { type: object, properties: { id: { type: string } } } }
`);
    const streams = compilePartner(partner, plainNames);
    const [stream] = streams.values();
    if (stream === undefined) throw new Error('no stream');
    expect(await checkIt(stream)).toMatchObject({
      pages: [{ status: 200 }],
      limits: {
        profile: 'hubspot',
        quotas: [{ policy: 'interval', limit: 100, remaining: 99, windowMs: 60_000 }],
        problems: [],
      },
    });
  });
});
