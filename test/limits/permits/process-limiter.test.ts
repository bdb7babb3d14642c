import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { limits as limitsSchema, type PartnerInput } from '../../../definitions/definition.ts';
import type { Limiter } from '../../../limits/permits/limiter.ts';
import { processLimiter } from '../../../limits/permits/process-limiter.ts';

/** The monotonic clock stands still, and goes on as it is told. */
let nowMs = 1000;
const clock = jest.spyOn(performance, 'now');
beforeEach(() => void clock.mockImplementation(() => nowMs));

const limiterOf = (declared: PartnerInput['limits']): Limiter =>
  processLimiter({ limits: limitsSchema.parse(declared), baseUrl: 'https://api.acme.example/v1' });

/** Asks once; what was given is over after `tookMs`. */
async function ask(limiter: Limiter, tookMs = 0, path = '/orders'): Promise<string> {
  const permit = await limiter.ask({ method: 'GET', url: `https://api.acme.example/v1${path}` });
  if (!permit.granted) return `${permit.cause} ${Math.round(permit.waitMs)}`;
  nowMs += tookMs;
  await permit.release();
  return 'granted';
}

describe('the limits of one process', () => {
  test('a rate counts from the end of the last request', async () => {
    const limiter = limiterOf({ rate: 2 });
    expect(await ask(limiter, 100)).toBe('granted');
    nowMs += 400;
    expect(await ask(limiter)).toBe('rate 100');
    nowMs += 100;
    expect(await ask(limiter)).toBe('granted');
  });

  test('a burst goes at once, and is earned again', async () => {
    const limiter = limiterOf({ rate: 1, burst: 3 });
    expect([await ask(limiter), await ask(limiter), await ask(limiter), await ask(limiter)]).toEqual([
      'granted',
      'granted',
      'granted',
      'rate 1000',
    ]);
    nowMs += 2000;
    expect([await ask(limiter), await ask(limiter), await ask(limiter)]).toEqual(['granted', 'granted', 'rate 1000']);
  });

  test('a window and a quota have only so many, by their weights', async () => {
    const limiter = limiterOf({
      windows: [{ name: 'w', limit: 3, per: '10s' }],
      quotas: [{ name: 'q', limit: 4, per: 'hour' }],
      weights: [{ path: '/dear', weight: 2 }],
    });
    expect(await ask(limiter, 0, '/dear')).toBe('granted');
    expect(await ask(limiter, 0, '/dear')).toBe('w 10050');
    expect(await ask(limiter)).toBe('granted');
    nowMs += 10_050;
    expect(await ask(limiter)).toBe('granted');
    expect(await ask(limiter)).toBe('q 3590950');
  });

  test('so many at once', async () => {
    const limiter = limiterOf({ concurrency: 1 });
    const first = await limiter.ask();
    expect(await limiter.ask()).toMatchObject({ granted: false, cause: 'concurrency' });
    if (first.granted) await first.release();
    expect(await limiter.ask()).toMatchObject({ granted: true });
  });

  test('nobody asks before the partner lets them', async () => {
    const limiter = limiterOf({});
    await limiter.block(5000, 'answered 429');
    expect(await ask(limiter)).toBe('answered 429 5000');
    nowMs += 5001;
    expect(await ask(limiter)).toBe('granted');
  });

  test('who is patient waits instead of being refused', async () => {
    clock.mockRestore();
    const limiter = limiterOf({ rate: 20 });
    await ask(limiter);
    expect(await limiter.ask({ patienceMs: 1000 })).toMatchObject({ granted: true });
    const slow = limiterOf({ rate: 1, per: '1h' });
    await ask(slow);
    expect(await slow.ask({ patienceMs: 1000 })).toMatchObject({ granted: false, cause: 'rate' });
  });
});
