import { assertNever } from '../../core/assert-never.ts';
import { DAY } from '../../core/duration.ts';
import type { Point } from '../../core/stream-point.ts';

/** Numbers from 0 to 1 that a seed gives (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A stream as the business behind it makes it. */
export interface Business {
  /** Rows on a usual weekday. */
  readonly rows: number;
  /** From Sunday on, as shares of that. */
  readonly week: readonly number[];
  /** How much days differ by chance: the standard deviation of the logarithm. */
  readonly noise: number;
  /** In a year. */
  readonly growth: number;
  readonly season: 'none' | 'shop' | 'office' | 'billing';
}

const office = [0.05, 1, 1.05, 1, 1, 0.9, 0.08];
const shop = [1.2, 0.9, 0.9, 0.95, 1, 1.2, 1.35];
const even = [1, 1, 1, 1, 1, 1, 1];

/** Twelve streams: a shop, an office, a biller, and things that hardly change. */
export const businesses: readonly Business[] = [
  { rows: 40_000, week: shop, noise: 0.12, growth: 0.4, season: 'shop' },
  { rows: 3_000, week: shop, noise: 0.2, growth: 0.2, season: 'shop' },
  { rows: 400, week: shop, noise: 0.3, growth: 0, season: 'shop' },
  { rows: 60, week: shop, noise: 0.35, growth: 0, season: 'shop' },
  { rows: 20_000, week: office, noise: 0.1, growth: 0.1, season: 'office' },
  { rows: 900, week: office, noise: 0.25, growth: 0.5, season: 'office' },
  { rows: 120, week: office, noise: 0.3, growth: -0.3, season: 'office' },
  { rows: 5_000, week: even, noise: 0.1, growth: 0.3, season: 'billing' },
  { rows: 250, week: even, noise: 0.25, growth: 0, season: 'billing' },
  { rows: 1_000_000, week: even, noise: 0.03, growth: 0.2, season: 'none' },
  { rows: 8, week: even, noise: 0.3, growth: 0, season: 'none' },
  { rows: 2, week: even, noise: 0.5, growth: 0, season: 'none' },
];

/** Month and day of days on which offices are closed. */
export const holidays: ReadonlySet<string> = new Set([
  '01-01',
  '04-03',
  '04-06',
  '05-01',
  '05-14',
  '05-25',
  '10-03',
  '12-24',
  '12-25',
  '12-26',
  '12-31',
]);

function seasonOf(season: Business['season'], day: string): number {
  const [, month = '', date = ''] = day.split('-');
  const at = `${month}-${date}`;
  switch (season) {
    case 'shop':
      // The last Friday of November and the Monday after it; December until the parcels would come too late; nothing over Christmas.
      if (at === '11-27' || at === '11-30') return 3;
      if (month === '12' && Number(date) <= 20) return 1.7;
      if (at === '12-25' || at === '12-26' || at === '01-01') return 0.35;
      return month === '07' || month === '08' ? 0.85 : 1;
    case 'office':
      if (holidays.has(at)) return 0.06;
      if (month === '12' && Number(date) > 23) return 0.3;
      return month === '08' ? 0.75 : 1;
    case 'billing':
      return date === '01' || date === '02' ? 2.5 : 1;
    case 'none':
      return 1;
    default:
      return assertNever(season);
  }
}

/** One point for each day from `from` on. Whoever gives the same seed gets the same. */
export function daysOf(
  business: Business,
  { from, days, seed }: { readonly from: string; readonly days: number; readonly seed: number },
): readonly Point[] {
  const random = seeded(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: days }, (_, index): Point => {
    const startMs = Date.parse(`${from}T00:00:00Z`) + index * DAY;
    const day = new Date(startMs).toISOString().slice(0, 10);
    const weekday = new Date(startMs).getUTCDay();
    const { rows: usual, week, noise, growth, season } = business;
    const expected =
      usual * (week[weekday] ?? 1) * (1 + (growth * index) / 365) * seasonOf(season, day) * Math.exp(noise * normal());
    const rows = Math.max(0, Math.round(expected + Math.sqrt(expected) * normal()));
    const pages = Math.max(1, Math.ceil(rows / 500));
    const retried = random() < 0.1 ? 1 + Math.floor(random() * pages * 0.05) : 0;
    const requests = pages + retried;
    // A partner is slow now and then, and each customer has notes of another length.
    const latency = 180 * Math.exp(0.25 * normal()) * (random() < 0.03 ? 2 : 1);
    return {
      day,
      at: new Date(startMs + DAY + 3 * 3_600_000).toISOString(),
      rows,
      requests,
      pages,
      refused: random() < 0.02 ? 1 : 0,
      bytes: Math.round(rows * 620 * Math.exp(0.05 * normal())) + pages * 90,
      durationMs: Math.round(requests * latency),
      notModified: false,
    };
  });
}
