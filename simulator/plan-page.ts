import type { Fault } from './fault.ts';

/** Which rows of a selection one answer holds and where it says the next one begins. */
export interface PagePlan {
  readonly from: number;
  readonly to: number;
  /** Where the next page begins; null at the end. */
  readonly next: number | null;
}

export interface PageAsk {
  readonly length: number;
  readonly from: number;
  readonly limit: number;
  /** The client, not our answer, counts rows or pages: a shorter page would lose some. */
  readonly fixedSize: boolean;
  readonly faults: readonly Fault[];
}

export function planPage(ask: PageAsk): PagePlan {
  const { faults, limit } = ask;
  const early = faults.find((each) => each.kind === 'early_end');
  const end = Math.max(0, ask.length - (early?.rows ?? 0));
  const from = Math.min(Math.max(0, ask.from), end);
  const short = !ask.fixedSize && faults.some((each) => each.kind === 'short_page');
  const size = short && end - from > limit ? Math.max(1, Math.floor(limit / 2)) : limit;
  const to = Math.min(end, from + size);
  const last = to >= end || (early !== undefined && early.rows === undefined);

  if (faults.some((each) => each.kind === 'repeat_token')) return { from, to, next: from };
  const cycles = faults.some((each) => each.kind === 'cycle_tokens') && Math.floor(from / limit) % 2 === 1;
  if (cycles) return { from, to, next: Math.max(0, from - limit) };
  return { from, to, next: last ? null : to };
}
