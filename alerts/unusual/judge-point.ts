import type { Unusual, UnusualKind } from '../../core/alert-facts.ts';
import { median, quantile, spread } from './robust.ts';
import type { Point } from '../../core/stream-point.ts';
import { weekdayOf, weekdays, type Series } from './point.ts';

/** Fewer points say nothing of what is usual. */
const LEAST = { sameWeekday: 4, all: 10, shares: 3 } as const;
/** Points of a stream that are older than this are of another time. */
const LATEST = { sameWeekday: 8, all: 28, scatter: 56 } as const;

/**
 * A value is unusual where it is both: further from the median than `sigmas` times the usual distance, and off by a factor. Measured by
 * test/alerts/years.test.ts: a year of twelve
 * streams with seasons has 40 false alerts, 10 where holidays are declared; with 3 sigmas it has hundreds.
 */
const LIMITS = {
  rows: { sigmas: 6, up: 4, down: 2 },
  latency: { sigmas: 6, up: 4, down: Infinity },
  size: { sigmas: 8, up: 2, down: 2 },
} as const;
/** Logarithms of one usual value vary at least by this: a stream that has exactly 100 rows each day may have 103. */
const LEAST_SPREAD = 0.1;

/** What is far from usual in the last point of a stream. Empty where too little is known. `quiet`: few rows are no news on that day. */
export function judgePoint({
  point,
  before,
  quiet = false,
}: Series & { readonly quiet?: boolean }): readonly Unusual[] {
  const like = comparable(point, before);
  const found = [...noRows(point, like), ...values(point, like, before), ...shares(point, before)];
  return quiet
    ? found.filter(({ kind, value, usual }) => kind !== 'no-rows' && !(kind === 'rows' && value < usual))
    : found;
}

interface Comparable {
  readonly points: readonly Point[];
  readonly words: string;
}

/** The same days of the week where there are enough of them: a Sunday is no Monday. */
function comparable(point: Point, before: readonly Point[]): Comparable | undefined {
  const weekday = weekdayOf(point);
  const same = before.filter((one) => weekdayOf(one) === weekday).slice(-LATEST.sameWeekday);
  if (same.length >= LEAST.sameWeekday) return { points: same, words: `the last ${same.length} ${weekdays[weekday]}` };
  const all = before.slice(-LATEST.all);
  // Before a second weekend was seen, nobody knows what a weekend is like.
  const isSpread = all.length >= LEAST.all && new Set(all.map(weekdayOf)).size >= 7 && same.length >= 1;
  return isSpread ? { points: all, words: `the last ${all.length} runs` } : undefined;
}

/** The least rows that a stream had must be this, or always the same: of one that has a few rows, none is a matter of chance. */
const ALWAYS = { rows: 12, same: 6 } as const;

function noRows(point: Point, like: Comparable | undefined): readonly Unusual[] {
  if (like === undefined || point.rows > 0 || point.notModified) return [];
  const rows = like.points.filter(({ notModified }) => !notModified).map((one) => one.rows);
  const [least, most] = [Math.min(...rows), Math.max(...rows)];
  const isSteady = least >= ALWAYS.rows || (least >= 1 && least === most && rows.length >= ALWAYS.same);
  if (rows.length < LEAST.sameWeekday || !isSteady) return [];
  return [{ kind: 'no-rows', at: point.at, value: 0, usual: median(rows), comparedWith: like.words }];
}

function values(point: Point, like: Comparable | undefined, before: readonly Point[]): readonly Unusual[] {
  if (like === undefined) return [];
  const { points, words } = like;
  const measure = (kind: keyof typeof LIMITS, of: (one: Point) => number | undefined): readonly Unusual[] => {
    const value = of(point);
    const usual = points.map(of).filter((one) => one !== undefined);
    if (
      value === undefined ||
      usual.length < LEAST.sameWeekday ||
      !isFar(kind, value, usual, () => scatter(before, of))
    )
      return [];
    return [{ kind, at: point.at, value, usual: median(usual), comparedWith: words }];
  };
  return [
    // None at all has a rule of its own.
    ...measure('rows', ({ rows, notModified }) => (rows === 0 || notModified ? undefined : rows)),
    ...measure('latency', ({ durationMs, requests }) => (requests === 0 ? undefined : durationMs / requests)),
    ...measure('size', ({ bytes, rows }) => (rows < ENOUGH_ROWS ? undefined : bytes / rows)),
  ];
}

/** The size of a page without records is that of what surrounds them. */
const ENOUGH_ROWS = 20;
/** An answer that takes less is not slow, however fast they were before. */
const LEAST_LATENCY_MS = 500;
/** By how many rows a stream must be off, whatever the factor. */
const LEAST_ROWS = 20;

function isFar(kind: keyof typeof LIMITS, value: number, usual: readonly number[], scattered: () => number): boolean {
  const { sigmas, up, down } = LIMITS[kind];
  const middle = median(usual);
  if (kind === 'latency' && value < LEAST_LATENCY_MS) return false;
  if (kind === 'rows' && Math.abs(value - middle) < LEAST_ROWS) return false;
  const factor = (value + 1) / (middle + 1);
  if (factor < up && factor > 1 / down) return false;
  const logs = usual.map(Math.log1p);
  // Counts vary by their root, of themselves.
  const chance = kind === 'rows' ? 1 / Math.sqrt(Math.max(1, middle)) : 0;
  const width = Math.max(spread(logs), scattered(), LEAST_SPREAD, chance);
  return Math.abs(Math.log1p(value) - median(logs)) > sigmas * width;
}

/** Eight Tuesdays may be alike by chance; how far all days are from the middle of theirs is known better. */
function scatter(before: readonly Point[], of: (one: Point) => number | undefined): number {
  const days: number[][] = weekdays.map(() => []);
  for (const one of before.slice(-LATEST.scatter)) {
    const value = of(one);
    if (value !== undefined) days[weekdayOf(one)]?.push(Math.log1p(value));
  }
  const off = days.flatMap((logs) => {
    const middle = median(logs);
    return logs.map((log) => log - middle);
  });
  return off.length === 0 ? 0 : spread(off);
}

const FEW_REQUESTS = 10;

/** Shares are the same on all days of the week. */
function shares(point: Point, before: readonly Point[]): readonly Unusual[] {
  const recent = before.filter(({ requests }) => requests > 0).slice(-LATEST.all);
  if (recent.length < LEAST.shares || point.requests === 0) return [];
  const measure = (
    kind: Extract<UnusualKind, 'refusals' | 'retries'>,
    of: (one: Point) => number,
    least: { readonly count: number; readonly share: number },
  ): readonly Unusual[] => {
    const shareOf = (one: Point): number => of(one) / one.requests;
    const value = shareOf(point);
    const usual = recent.map(shareOf);
    const middle = median(usual);
    // Bad nights were heard of before; of few requests one is a large share.
    const highest = quantile(recent.filter(({ requests }) => requests >= FEW_REQUESTS).map(shareOf), 0.9);
    const beyond = middle + Math.max(least.share, 6 * spread(usual), middle);
    if (of(point) < least.count || value <= beyond || value <= highest) return [];
    return [{ kind, at: point.at, value, usual: middle, comparedWith: `the last ${recent.length} runs` }];
  };
  return [
    ...measure('refusals', ({ refused }) => refused, { count: 3, share: 0.01 }),
    ...measure('retries', ({ requests, pages }) => Math.max(0, requests - pages), { count: 5, share: 0.1 }),
  ];
}
