import type { Limits } from '../../definitions/definition.ts';

/** One thing that is counted, as the functions of migrations/0003_limits.sql take it. Times in microseconds. */
export interface Bucket {
  readonly name: string;
  readonly kind: 'rate' | 'window' | 'quota' | 'concurrency';
  /** Units per period; slots. */
  readonly cap: number;
  readonly periodUs: number;
  /** rate: units at once. */
  readonly burst: number;
  /** window: how finely it is counted. */
  readonly sliceUs: number;
  /** quota: hour, day, week, month, or `duration`. */
  readonly unit: string;
  readonly resetAt: string;
  readonly zone: string;
  /** window: how much longer than declared it is kept; quota: how far the partner's clock may differ from ours. */
  readonly guardUs: number;
  readonly counts: 'requests' | 'cost';
}

const none = { periodUs: 0, burst: 0, sliceUs: 0, unit: '', resetAt: '0', zone: 'UTC', guardUs: 0 };
const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);

/** Later than this between permit and wire, a permit lapses at the latest. */
const MOST_LATE_MS = 250;
/** A window keeps 128 counts; two of them may be cut by its ends. */
const SLICES = 126;

export function bucketsOf(limits: Limits): readonly Bucket[] {
  const { rate, per, burst, concurrency, unit } = limits;
  return [
    ...(rate === undefined
      ? []
      : [{ ...none, name: 'rate', kind: 'rate' as const, cap: rate, periodUs: per * 1000, burst, counts: unit }]),
    ...limits.windows.map((window) => {
      const guardMs = clamp(window.per / 200, 2, 50);
      return {
        ...none,
        name: window.name,
        kind: 'window' as const,
        cap: window.limit,
        periodUs: window.per * 1000,
        sliceUs: Math.ceil(((window.per + guardMs + lateMsOfWindow(window.per)) * 1000) / SLICES),
        guardUs: guardMs * 1000,
        counts: window.unit,
      };
    }),
    ...limits.quotas.map((quota) => {
      const perMs = typeof quota.per === 'number' ? quota.per : undefined;
      return {
        ...none,
        name: quota.name,
        kind: 'quota' as const,
        cap: quota.limit,
        periodUs: (perMs ?? 0) * 1000,
        unit: typeof quota.per === 'number' ? 'duration' : quota.per,
        resetAt: quota.resetAt,
        zone: quota.zone,
        guardUs: Math.min(1000, (perMs ?? Infinity) / 100) * 1000,
        counts: quota.unit,
      };
    }),
    ...(concurrency === undefined
      ? []
      : [
          { ...none, name: 'concurrency', kind: 'concurrency' as const, cap: concurrency, counts: 'requests' as const },
        ]),
  ];
}

const lateMsOfWindow = (perMs: number): number => Math.min(MOST_LATE_MS, perMs / 40);
const burstMs = ({ burst, periodUs, cap }: Bucket): number => (burst * periodUs) / cap / 1000;

/** How late a request may be on the wire without harm: half of a burst pays for it, or a fortieth of a window. */
export function mostLateMs(buckets: readonly Bucket[]): number {
  return Math.min(
    MOST_LATE_MS,
    ...buckets.map((bucket) => {
      if (bucket.kind === 'rate') return burstMs(bucket) / 2;
      return bucket.kind === 'window' ? lateMsOfWindow(bucket.periodUs / 1000) : MOST_LATE_MS;
    }),
  );
}

/** Buckets that cannot bear a request being 100 ms late are sent to by one process at a time, with its own eyes on the clock. */
export const needsTurn = (buckets: readonly Bucket[]): boolean =>
  buckets.some(
    (bucket) =>
      (bucket.kind === 'rate' && (bucket.burst < 4 || burstMs(bucket) < 200)) ||
      (bucket.kind === 'window' && bucket.periodUs < 5_000_000),
  );
