import type { StrictOptions } from './strict-partner.ts';

/** A request arrived at some time between these two: when it left, and when the partner's process came to look at it. µs of one clock. */
export interface Arrived {
  readonly leftUs: number;
  readonly seenUs: number;
}

export type Rule = Pick<StrictOptions, 'limit' | 'perMs' | 'burst'> & { readonly kind: 'bucket' | 'sliding' };

/**
 * How many requests broke the rule whatever the way to the partner took: each is taken to arrive as soon as the rule lets it.
 * A process that stands still makes such intervals longer, but no request too soon; a request that left too soon stays so.
 */
export function tooSoon(arrived: readonly Arrived[], rule: Rule): number {
  const left = arrived.toSorted((a, b) => a.leftUs - b.leftUs);
  const waiting: Arrived[] = [];
  const admitted: number[] = [];
  let late = 0;
  let tat = -Infinity;
  while (left.length > 0 || waiting.length > 0) {
    const freeUs = freeAt(rule, admitted, tat);
    const atUs = waiting.length > 0 ? freeUs : Math.max(freeUs, left[0]?.leftUs ?? 0);
    while (left[0] !== undefined && left[0].leftUs <= atUs) waiting.push(left.shift() as Arrived);
    // Whoever was seen first has the least time.
    const next = waiting.reduce((a, b) => (b.seenUs < a.seenUs ? b : a));
    waiting.splice(waiting.indexOf(next), 1);
    if (atUs > next.seenUs) {
      late += 1;
      continue;
    }
    const cameUs = Math.max(atUs, next.leftUs);
    admitted.push(cameUs);
    tat = Math.max(cameUs, tat) + periodUs(rule);
  }
  return late;
}

const periodUs = ({ limit, perMs }: Rule): number => (perMs * 1000) / limit;

/** From when on the rule admits one more. */
function freeAt(rule: Rule, admitted: readonly number[], tat: number): number {
  if (rule.kind === 'bucket') return tat - (rule.burst - 1) * periodUs(rule);
  const oldest = admitted.at(-rule.limit);
  return oldest === undefined ? -Infinity : oldest + rule.perMs * 1000;
}
