import { DAY, HOUR, MINUTE } from './duration.ts';

/** How old a stream's data may be, and how old it is. */
export interface Freshness {
  /** ms; what the definition promises. */
  readonly promiseMs: number;
  /** ISO: when the last run began whose data counts; the data is as of then. Null: there was none. */
  readonly freshAt: string | null;
  readonly ageMs: number | null;
  readonly late: boolean;
}

export function freshnessOf(
  promiseMs: number | undefined,
  { freshAt, nowMs }: { readonly freshAt: string | null; readonly nowMs: number },
): Freshness | null {
  if (promiseMs === undefined) return null;
  const ageMs = freshAt === null ? null : Math.max(0, nowMs - Date.parse(freshAt));
  return { promiseMs, freshAt, ageMs, late: ageMs === null || ageMs > promiseMs };
}

/** `its data is 31h old, promised is 26h`. */
export const describeLateness = ({ ageMs, promiseMs }: Freshness): string =>
  `${ageMs === null ? 'no run of it has ended well yet' : `its data is ${ageText(ageMs)} old`}, promised is ${ageText(promiseMs)}`;

/** `45m`, `26.5h`, `7d`: fine enough that what is a little late is not said to be as old as it may be. */
export function ageText(ageMs: number): string {
  const [unitMs, unit] = ageMs < 2 * HOUR ? [MINUTE, 'm'] : ageMs < 4 * DAY ? [HOUR, 'h'] : [DAY, 'd'];
  return `${Math.round((ageMs / unitMs) * 10) / 10}${unit}`;
}
