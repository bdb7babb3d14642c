import { setTimeout as sleep } from 'node:timers/promises';
import { DAY, HOUR } from '../../core/duration.ts';
import { bucketsOf, type Bucket } from '../declare/bucket.ts';
import { callOf, chargesOf } from '../declare/charges.ts';
import type { Limiter, LimiterFor, Permit, PermitRequest } from './limiter.ts';

interface Sent {
  atMs: number;
  readonly charges: readonly number[];
  underWay: boolean;
}

const now = (): number => performance.now();

/**
 * The declared limits as one process can keep them without a database: it does not know what others send, nor what was sent before it
 * began. A request counts from its answer on, later than the partner counts it.
 */
export function processLimiter({
  limits,
  baseUrl = 'http://localhost',
}: Pick<LimiterFor, 'limits' | 'baseUrl'>): Limiter {
  const buckets = bucketsOf(limits);
  const sent: Sent[] = [];
  let blocked = { untilMs: -Infinity, reason: '' };

  /** The bucket that has no room for longest. */
  const rest = (charges: readonly number[]): { readonly waitMs: number; readonly cause: string } | undefined => {
    const waits = buckets.map((bucket, i) => ({
      waitMs: waitOf(bucket, { charge: charges[i] ?? 1, sent, unitsOf: (each) => each.charges[i] ?? 1, nowMs: now() }),
      cause: bucket.name,
    }));
    const [longest] = [{ waitMs: blocked.untilMs - now(), cause: blocked.reason }, ...waits].toSorted(
      (a, b) => b.waitMs - a.waitMs,
    );
    return longest !== undefined && longest.waitMs > 0 ? longest : undefined;
  };

  const ask = async (request: Partial<PermitRequest> = {}): Promise<Permit> => {
    const { method = 'GET', url = baseUrl, patienceMs = 0, signal } = request;
    const patientUntilMs = now() + patienceMs;
    const call = callOf({ method, url }, baseUrl);
    const charges = chargesOf(call, buckets, { weights: limits.weights, cost: limits.cost?.assume ?? 1 });
    for (;;) {
      const wait = rest(charges);
      if (wait === undefined) break;
      if (now() + wait.waitMs > patientUntilMs) return { granted: false, ...wait };
      await sleep(Math.ceil(wait.waitMs), undefined, signal === undefined ? {} : { signal });
    }
    const own: Sent = { atMs: now(), charges, underWay: true };
    sent.push(own);
    return {
      granted: true,
      release: async () => {
        own.underWay = false;
        own.atMs = now();
      },
    };
  };

  return {
    ask,
    block: async (waitMs, reason) => {
      blocked = { untilMs: Math.max(blocked.untilMs, now() + waitMs), reason };
      return new Date(Date.now() + waitMs).toISOString();
    },
  };
}

/** While a slot is taken, nobody knows how long for. */
const SLOT_MS = 50;
const calendar: Readonly<Record<string, number>> = { hour: HOUR, day: DAY, week: 7 * DAY, month: 31 * DAY };

function waitOf(
  bucket: Bucket,
  asked: {
    readonly charge: number;
    readonly sent: readonly Sent[];
    readonly unitsOf: (sent: Sent) => number;
    readonly nowMs: number;
  },
): number {
  const { kind, cap, periodUs, guardUs, burst, unit } = bucket;
  const { charge, sent, unitsOf, nowMs } = asked;
  if (charge === 0) return 0;
  if (kind === 'concurrency') return sent.filter(({ underWay }) => underWay).length < cap ? 0 : SLOT_MS;
  if (kind === 'rate') {
    const perUnitMs = periodUs / 1000 / cap;
    let freeAtMs = -Infinity;
    for (const each of sent) freeAtMs = Math.max(freeAtMs, each.atMs) + unitsOf(each) * perUnitMs;
    return freeAtMs - nowMs - Math.max(0, burst - charge) * perUnitMs;
  }
  const lengthMs = (periodUs > 0 ? periodUs / 1000 : (calendar[unit] ?? DAY)) + guardUs / 1000;
  let units = charge;
  // The latest first: when the one leaves with which there are too many, there is room.
  for (const each of sent.toReversed()) {
    if (each.atMs + lengthMs <= nowMs) break;
    units += unitsOf(each);
    if (units > cap) return each.atMs + lengthMs - nowMs;
  }
  return charge > cap ? lengthMs : 0;
}
