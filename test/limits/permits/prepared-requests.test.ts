import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { HOUR, MINUTE } from '../../../core/duration.ts';
import type { GrantedPermit } from '../../../limits/permits/limiter.ts';
import { granted, nextCredential, openLimiters, quota, type Limiters } from '../limiters.ts';

let limiters: Limiters;
beforeAll(async () => {
  limiters = await openLimiters();
});
afterAll(() => limiters.close());
const limiterOf: Limiters['of'] = (...given) => limiters.of(...given);

/** Made ready: resolves with what becomes of it. */
const ready = ({ departure }: GrantedPermit): Promise<'sent' | 'turned back'> =>
  new Promise((resolve) =>
    departure?.ready(
      () => resolve('sent'),
      () => resolve('turned back'),
    ),
  );

describe('a request that waits', () => {
  const departing = { departs: true, patienceMs: MINUTE } as const;

  test('is made ready meanwhile, and leaves when its slot is there', async () => {
    const limiter = limiterOf({ concurrency: 1 });
    const holder = granted(await limiter.ask({ patienceMs: MINUTE }));
    const waiting = granted(await limiter.ask(departing));
    const left = ready(waiting);
    expect(await Promise.race([left, sleep(300, 'kept')])).toBe('kept');
    await holder.release();
    expect(await left).toBe('sent');
    expect(await limiter.ask()).toMatchObject({ granted: false, cause: 'concurrency' });
    await waiting.release();
  });

  test('is made ready only if it leaves by its departure', async () => {
    const limiter = limiterOf({ concurrency: 1 });
    const holder = granted(await limiter.ask({ patienceMs: MINUTE }));
    const waiting = limiter.ask({ patienceMs: MINUTE });
    expect(await Promise.race([waiting, sleep(300, 'kept')])).toBe('kept');
    await holder.release();
    await granted(await waiting).release();
  });

  test('leaves after a critical one that came later', async () => {
    const limiter = limiterOf({ concurrency: 1 });
    const holder = granted(await limiter.ask({ patienceMs: MINUTE }));
    const normal = granted(await limiter.ask(departing));
    const order: string[] = [];
    const normalLeft = ready(normal).then(() => order.push('normal'));
    const critical = granted(await limiter.ask({ ...departing, lane: 'critical' }));
    const criticalLeft = ready(critical).then(() => order.push('critical'));
    await holder.release();
    await criticalLeft;
    await critical.release();
    await normalLeft;
    expect(order).toEqual(['critical', 'normal']);
    await normal.release();
  });

  test('is turned back when somebody is told to stay away meanwhile', async () => {
    const limiter = limiterOf({ concurrency: 1 });
    const holder = granted(await limiter.ask({ patienceMs: MINUTE }));
    const left = ready(granted(await limiter.ask(departing)));
    await limiter.block(HOUR, 'too many requests');
    await holder.release();
    expect(await left).toBe('turned back');
  });

  test('is turned back when its patience is over', async () => {
    const limiter = limiterOf({ concurrency: 1 });
    const holder = granted(await limiter.ask({ patienceMs: MINUTE }));
    const asked = await limiter.ask({ ...departing, patienceMs: 400 });
    // Where even the question took longer than that, it was refused.
    expect(asked.granted ? await ready(asked) : 'turned back').toBe('turned back');
    await holder.release();
  });

  test('is not made ready for what is far away', async () => {
    const limiter = limiterOf({ quotas: [quota({ limit: 1 })] });
    granted(await limiter.ask({ patienceMs: MINUTE }));
    expect(await limiter.ask(departing)).toMatchObject({ granted: false, cause: 'daily' });
  });

  test('keeps no slot from another process while it is not ready yet', async () => {
    const credential = nextCredential();
    const [mine, other] = [0, 1].map((i) => limiterOf({ concurrency: 1 }, { credential, pool: limiters.pools[i]! }));
    const holder = granted(await mine!.ask({ patienceMs: MINUTE }));
    const slow = granted(await mine!.ask(departing));
    await holder.release();
    await granted(await other!.ask({ patienceMs: MINUTE })).release();
    expect(await ready(slow)).toBe('sent');
    await slow.release();
    await Promise.all([mine?.close?.(), other?.close?.()]);
  });

  test('takes no slot when it was given up while it was made ready', async () => {
    const limiter = limiterOf({ concurrency: 1 });
    const holder = granted(await limiter.ask({ patienceMs: MINUTE }));
    const given = granted(await limiter.ask(departing));
    await given.release();
    await holder.release();
    expect(await limiter.ask()).toMatchObject({ granted: true });
  });
});
