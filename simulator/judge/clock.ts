import type { Micros } from '../micros.ts';

export type Clock = () => Micros;

/** Epoch microseconds that only go forward, by the monotonic clock: what NTP does to the wall clock is not seen. */
export function createClock(): Clock {
  const startUs = Date.now() * 1000;
  const started = process.hrtime.bigint();
  return () => startUs + Number((process.hrtime.bigint() - started) / 1000n);
}
