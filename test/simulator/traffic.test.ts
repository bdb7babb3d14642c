import { expect, test } from '@jest/globals';
import { createTraffic } from '../../simulator/traffic.ts';

const arrival = { method: 'GET', path: '/v1/payments', stream: 'payments', key: 'none' };

test('the busiest second is any second, not one of the clock', () => {
  const traffic = createTraffic();
  for (const atMs of [0, 600, 900, 1100, 1599, 1600, 3000]) traffic.arrive({ ...arrival, atMs }).left();
  expect(traffic.stats()).toMatchObject({ requests: 7, maxPerSecond: 4, maxConcurrent: 1 });
});

test('the busiest second stays right over very many requests', () => {
  const traffic = createTraffic();
  for (let n = 0; n < 30_000; n++) traffic.arrive({ ...arrival, atMs: n * 10 }).left();
  expect(traffic.stats().maxPerSecond).toBe(100);
});

test('requests are open until they leave', () => {
  const traffic = createTraffic();
  const visits = [1, 2, 3].map((atMs) => traffic.arrive({ ...arrival, atMs }));
  visits[0]?.left();
  traffic.arrive({ ...arrival, atMs: 4 });
  expect(traffic.stats().maxConcurrent).toBe(3);
});

test('a reset forgets all', () => {
  const traffic = createTraffic();
  traffic.arrive({ ...arrival, atMs: 1 }).answered({ status: 200, throttled: false, records: 5, bytes: 9 });
  expect(traffic.stats()).toMatchObject({ ok: 1, records: 5, streams: { payments: { records: 5, bytes: 9 } } });
  traffic.reset();
  expect(traffic.arrivals()).toEqual([]);
  expect(traffic.stats()).toMatchObject({ requests: 0, ok: 0, streams: {} });
});
