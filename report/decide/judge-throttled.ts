import type { Throttled, ThrottledCall } from '../../store/partner-report/throttled-calls.ts';
import type { ReportedLimits } from '../partner-report.ts';
import type { CountedLimit, LimitsToCount } from './counted-limits.ts';

/** Whether a refusal as one call too many came within the limits that the partner documents. */
export type Verdict =
  | { readonly kind: 'within' }
  /** We had sent more than allowed: it was our fault. */
  | { readonly kind: 'above'; readonly limit: string }
  | { readonly kind: 'unclear'; readonly why: string };

export interface LimitsTold {
  readonly limits: LimitsToCount;
  /** As from when all our calls are known, epoch ms; -Infinity: from the first one. */
  readonly knownSinceMs: number;
}

const unclear = (why: string): Verdict => ({ kind: 'unclear', why });

/** `within` only where every limit was counted and leaves no doubt: it is said to the partner's face. */
export function judgeThrottled(
  call: Pick<ThrottledCall, 'at' | 'counts' | 'underWay' | 'sampled'>,
  { limits: { counted, left }, knownSinceMs }: LimitsTold,
): Verdict {
  const measured = measuredBy(counted, call);
  const over = measured.find(({ limit, sent }) => sent > limit.above);
  if (over !== undefined) return { kind: 'above', limit: over.limit.name };
  const [uncounted] = left;
  if (uncounted !== undefined) return unclear(`${uncounted.name} could not be counted: ${uncounted.why}`);
  if (counted.length === 0) return unclear('the definition declares no limit');
  if (call.sampled) return unclear('not all calls were kept');
  const unknown = counted.find(
    ({ stretch }) => stretch !== null && Date.parse(call.at) - stretch.perMs - stretch.slackMs < knownSinceMs,
  );
  if (unknown !== undefined) return unclear(`the calls kept do not reach back far enough for ${unknown.name}`);
  const near = measured.find(({ limit, most }) => most > limit.sure);
  return near === undefined ? { kind: 'within' } : unclear(`too close to ${near.limit.name} to tell`);
}

interface Measured {
  readonly limit: CountedLimit;
  readonly sent: number;
  readonly most: number;
}

/** Counts stand in the order of the limits that have a stretch. */
function measuredBy(
  counted: readonly CountedLimit[],
  { counts, underWay }: Pick<ThrottledCall, 'counts' | 'underWay'>,
): readonly Measured[] {
  const stretches = counted.filter(({ stretch }) => stretch !== null);
  return counted.map((limit) => ({
    limit,
    ...(limit.stretch === null ? underWay : (counts[stretches.indexOf(limit)] ?? { sent: 0, most: Infinity })),
  }));
}

/** Of what there may be hundreds of. */
const EXAMPLES = 10;

export function judgeLimits({ calls, busiest }: Throttled, told: LimitsTold): Omit<ReportedLimits, 'told'> {
  const judged = calls.map((call) => ({ call, verdict: judgeThrottled(call, told) }));
  const of = (kind: Verdict['kind']): ReportedLimits['within'] => {
    const found = judged.filter(({ verdict }) => verdict.kind === kind).map(({ call }) => call);
    const examples = found.slice(0, EXAMPLES);
    return {
      calls: found.length,
      examples: examples.map(({ at, stream, requestId, runId }) => ({ at, stream, requestId, runId })),
    };
  };
  const reasons = judged.flatMap(({ verdict }) => (verdict.kind === 'unclear' ? [verdict.why] : []));
  const { counted, left } = told.limits;
  const stretches = counted.filter(({ stretch }) => stretch !== null);
  return {
    declared: [
      ...counted.map((limit) => ({
        name: limit.name,
        says: limit.says,
        // A quota begins anew in the middle of such a stretch.
        busiest: Number.isFinite(limit.above) ? (busiest[stretches.indexOf(limit)] ?? null) : null,
        why: null,
      })),
      ...left.map((limit) => ({ ...limit, busiest: null })),
    ],
    within: of('within'),
    above: of('above'),
    unclear: [...new Set(reasons)]
      .map((why) => ({ why, calls: reasons.filter((each) => each === why).length }))
      .toSorted((a, b) => b.calls - a.calls),
  };
}
