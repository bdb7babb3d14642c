import { expect, test } from '@jest/globals';
import { parseList } from 'structured-headers';
import { admissionOf } from '../../../ingest/callers/admission.ts';
import { limitHeaders } from '../../../ingest/callers/limit-headers.ts';
import { Places } from '../../../ingest/callers/places.ts';
import type { TakenTokens } from '../../../store/callers/take-tokens.ts';

const taken: TakenTokens = {
  cause: null,
  waitUs: 0,
  rate: 50,
  burst: 100,
  daily: 1000,
  tokens: 99,
  used: 1,
  nextUs: 20_000,
  dayUs: 3_600_000_001,
  crosses: false,
};
const headers = (change: Partial<TakenTokens>, retryAfterS = 3): Record<string, string> =>
  limitHeaders(admissionOf({ ...taken, ...change }, retryAfterS));

test.each<[string, Partial<TakenTokens>, Record<string, string>]>([
  [
    'what is left',
    {},
    {
      'ratelimit-policy': '"rate";q=100;w=2, "daily";q=1000;w=86400',
      ratelimit: '"rate";r=99;t=1, "daily";r=999;t=3601',
      'x-ratelimit-limit': '100',
      'x-ratelimit-remaining': '99',
      'x-ratelimit-reset': '1',
    },
  ],
  [
    'no quota, a burst of less than a second, after a request of more units than the burst',
    { daily: null, burst: 5, tokens: -7.5, nextUs: 150_000 },
    {
      'ratelimit-policy': '"rate";q=50;w=1',
      ratelimit: '"rate";r=0;t=1',
      'x-ratelimit-limit': '50',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': '1',
    },
  ],
  [
    'the rate refuses',
    { cause: 'rate', tokens: 0.5, waitUs: 1_000_000 },
    {
      'ratelimit-policy': '"rate";q=100;w=2, "daily";q=1000;w=86400',
      ratelimit: '"rate";r=0;t=1, "daily";r=999;t=3601',
      'x-ratelimit-limit': '100',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': '1',
      'retry-after': '3',
    },
  ],
  [
    'the quota refuses',
    { cause: 'quota', used: 1000, tokens: 100, nextUs: 0 },
    {
      'ratelimit-policy': '"rate";q=100;w=2, "daily";q=1000;w=86400',
      ratelimit: '"rate";r=100;t=0, "daily";r=0;t=3601',
      'x-ratelimit-limit': '1000',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': '3601',
      'x-ratelimit-warning': '"daily";u=100;r=0;t=3601',
      'retry-after': '3',
    },
  ],
])('headers say: %s', (_, change, wanted) => {
  const said = headers(change);
  expect(said).toEqual(wanted);
  expect(parseList(said['ratelimit'] as string)).toHaveLength(parseList(said['ratelimit-policy'] as string).length);
});

test.each([
  [799, undefined],
  [800, '"daily";u=80;r=200;t=3601'],
  [999, '"daily";u=99;r=1;t=3601'],
])('with %s of 1000 units used, the warning is %s', (used, warning) => {
  expect(headers({ used })['x-ratelimit-warning']).toBe(warning);
});

test('requests that are refused together are told to come again one after the other', () => {
  const places = new Places();
  const take = (nowMs: number, waitMs = 20): number => places.take('shop', { nowMs, waitMs, takesMs: 20 });
  expect([take(0), take(0), take(0), take(10)]).toEqual([20, 40, 60, 70]);
  // What was promised is over: the next one waits as long as the database says.
  expect(take(500)).toBe(20);
  expect(places.take('other', { nowMs: 0, waitMs: 20, takesMs: 20 })).toBe(20);
});

test('nobody is sent away for longer than five minutes because of others', () => {
  const places = new Places();
  const waits = Array.from({ length: 20_000 }, () => places.take('shop', { nowMs: 0, waitMs: 20, takesMs: 20 }));
  expect(Math.max(...waits)).toBe(300_020);
});
