import type { QuotaReading } from '../../core/quota.ts';
import type { Bucket } from '../declare/bucket.ts';

/** What an answer told, in the limiter's terms. It only tightens. */
export type Lesson =
  | { readonly kind: 'bucket'; readonly bucket: string; readonly left: number; readonly resetInMs: number | undefined }
  /** Of a limit that the definition does not declare. */
  | { readonly kind: 'undeclared'; readonly left: number; readonly resetInMs: number };

const PERIODS_MS: Readonly<Record<string, number>> = { hour: 3_600_000, day: 86_400_000, week: 604_800_000 };
/** An undeclared limit is of interest only when so little is left that requests under way might use it up. */
const FEW_LEFT = 25;

export function lessonsOf(readings: readonly QuotaReading[], buckets: readonly Bucket[]): readonly Lesson[] {
  return readings.flatMap((reading): Lesson[] => {
    const left = leftOf(reading);
    if (left === undefined || reading.unit === 'concurrency' || reading.unit === 'bytes') return [];
    const bucket = buckets.find((each) => fits(reading, each));
    if (bucket !== undefined) return [{ kind: 'bucket', bucket: bucket.name, left, resetInMs: reading.resetInMs }];
    const resetInMs = reading.resetInMs ?? reading.windowMs;
    // A name that several vendors use differently is no reason to stop.
    if (resetInMs === undefined || reading.confidence === 'guessed' || reading.unit === 'cost' || left > FEW_LEFT)
      return [];
    return [{ kind: 'undeclared', left, resetInMs }];
  });
}

const refillMs = ({ burst, periodUs, cap }: Bucket): number => Math.ceil((burst * periodUs) / cap / 1000);

function leftOf({ remaining, limit, used }: QuotaReading): number | undefined {
  if (remaining !== undefined) return remaining;
  return limit !== undefined && used !== undefined ? Math.max(0, limit - used) : undefined;
}

/** By name, or by the length of the period and the limit; where both refill, by how much they hold and how long that takes. */
function fits(reading: QuotaReading, bucket: Bucket): boolean {
  if (bucket.kind === 'concurrency' || bucket.counts !== reading.unit) return false;
  if (reading.policy.toLowerCase() === bucket.name) return true;
  if (reading.refills === true && bucket.kind === 'rate')
    return reading.limit === bucket.burst && reading.windowMs === refillMs(bucket);
  const perMs = PERIODS_MS[bucket.unit] ?? bucket.periodUs / 1000;
  return reading.windowMs === perMs && (reading.limit === undefined || reading.limit === bucket.cap);
}
