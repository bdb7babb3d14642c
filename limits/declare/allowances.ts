import type { Allowance } from '../../core/backfill-estimate.ts';
import { DAY, HOUR } from '../../core/duration.ts';
import type { BucketView, LimitsView } from '../../core/limits-view.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { bucketsOf, type Bucket } from './bucket.ts';
import { chargesOf } from './charges.ts';

const calendar: Readonly<Record<string, number>> = { hour: HOUR, day: DAY, week: 7 * DAY, month: 30 * DAY };

/** Requests of a stream that each declared limit leaves to backfills, as long as critical work waits. */
export function allowancesOf({ partner, definition }: CompiledStream, live?: LimitsView): Allowance[] {
  const { limits } = partner;
  const buckets = bucketsOf(limits);
  const call = { method: definition.method, path: definition.path ?? '' };
  const charges = chargesOf(call, buckets, { weights: limits.weights, cost: limits.cost?.assume ?? 1 });
  return buckets.flatMap((bucket, i) => {
    const charge = charges[i] ?? 1;
    if (bucket.kind === 'concurrency' || charge === 0) return [];
    const share = bucket.kind === 'quota' ? limits.lanes.backfill : 1;
    const view = live?.buckets.find(({ name }) => name === bucket.name);
    return [
      {
        name: bucket.name,
        kind: bucket.kind,
        requests: ((view?.effective ?? bucket.cap) * share) / charge,
        perMs: periodMs(bucket),
        share,
        ...(bucket.kind === 'quota' && view !== undefined
          ? presentPeriod(view, { share, charge, nowMs: Date.parse(live?.at ?? '') })
          : {}),
      },
    ];
  });
}

const periodMs = ({ periodUs, unit }: Bucket): number => (periodUs > 0 ? periodUs / 1000 : (calendar[unit] ?? DAY));

function presentPeriod(
  { effective, used, resetsAt, periodMs: of }: BucketView,
  { share, charge, nowMs }: { readonly share: number; readonly charge: number; readonly nowMs: number },
): Pick<Allowance, 'left' | 'resetsInMs'> {
  const left = Math.max(0, effective * share - used) / charge;
  const resetsInMs = resetsAt === null ? (of ?? 0) : Math.max(0, Date.parse(resetsAt) - nowMs);
  return { left, resetsInMs };
}
