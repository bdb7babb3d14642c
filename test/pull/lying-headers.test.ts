import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import { startJudge, type JudgeProcess } from '../../simulator/judge/start-judge.ts';
import type { JudgeInput } from '../../simulator/judge/settings.ts';
import { openPullBench } from '../support/pull-bench.ts';
import type { PullBench } from '../support/pull-bench.ts';

/** More than the burst. */
const PAGES = 30;

let bench: PullBench;
let judge: JudgeProcess;
beforeAll(async () => {
  [bench, judge] = await Promise.all([openPullBench(), startJudge()]);
});
afterAll(async () => {
  await judge.close();
  await bench.close();
});

const listing: StreamInput = {
  path: '/s/listing',
  query: { size: 2 },
  records: 'data',
  primaryKey: ['id'],
  pagination: { type: 'token', token: 'next', as: 'page' },
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, v: { type: 'integer' } } },
};

const cases: readonly {
  readonly name: string;
  readonly settings: JudgeInput;
  /** What is warned of, each once. */
  readonly problems?: readonly string[];
}[] = [
  { name: 'vanish', settings: { headers: 'ietf', lies: [{ kind: 'vanish', from: 5 }] } },
  {
    name: 'cannot be read',
    settings: { headers: 'x-ratelimit', lies: [{ kind: 'garbage', from: 5 }] },
    problems: [
      'x-ratelimit-limit is not a number',
      'x-ratelimit-remaining is not a number',
      'x-ratelimit-reset is no time that can be meant',
    ],
  },
  {
    name: 'say that nothing is left though it is',
    settings: { headers: 'ratelimit', lies: [{ kind: 'contradict', from: 5, to: 6 }] },
  },
  {
    name: 'name a reset in decades',
    settings: { headers: 'x-ratelimit', lies: [{ kind: 'hugeReset', from: 5 }] },
    problems: ['x-ratelimit-reset is no time that can be meant'],
  },
  { name: 'come with a clock that is an hour ahead', settings: { headers: 'x-ratelimit', clockSkewMs: 3_600_000 } },
  { name: 'come with a clock that is an hour behind', settings: { headers: 'x-ratelimit', clockSkewMs: -3_600_000 } },
];

describe('headers that lie neither stop a run nor make it flood: they', () => {
  test.each(cases)('$name', async ({ settings, problems = [] }) => {
    await judge.configure({
      judges: [{ kind: 'tokenBucket', rate: 50, burst: 20 }],
      streams: { listing: { pages: PAGES } },
      ...settings,
    });
    const { partner, report } = await bench.syncOnce({
      streams: { listing },
      partner: {
        baseUrl: judge.url,
        auth: { type: 'bearer', token: 'lied-to' },
        limits: { rate: 50, burst: 20, maxWait: '2s' },
      },
    });
    const { refused, requests } = await judge.report();
    expect(report.streams).toMatchObject([{ outcome: 'ok', counts: { inserted: 2 * PAGES } }]);
    expect({ refused, requests }).toEqual({ refused: 0, requests: PAGES });
    const warnings = bench
      .logged()
      .split('\n')
      .filter((line) => line.includes('cannot be believed') && line.includes(`"${partner.name}"`));
    const said = warnings.map((line) => (JSON.parse(line) as { problem: string }).problem);
    expect(said.toSorted((a, b) => a.localeCompare(b))).toEqual(problems);
  });

  test('and a 429 is waited for by the clock that the answer shows, however wrong that is', async () => {
    await judge.configure({
      streams: { listing: { pages: PAGES } },
      clockSkewMs: -3_600_000,
      refusal: { retryAfter: 'imf' },
      scripted: [{ nth: 10, retryAfterMs: 3000 }],
    });
    const { report } = await bench.syncOnce({
      streams: { listing },
      partner: { baseUrl: judge.url, auth: { type: 'bearer', token: 'told-to-wait' } },
    });
    const { early, tokens } = await judge.report();
    expect(report.outcome).toBe('ok');
    expect(early).toBe(0);
    // It was told to wait once, and went on afterwards.
    expect(tokens[0]?.resets).toMatchObject([{ firstAfterMs: expect.any(Number) }]);
  });
});
