import { DAY } from './duration.ts';
import { InvalidInput } from './errors.ts';
import type { TimeRange } from './page.ts';
import { sortableTime } from './version.ts';
import { isZone, startOfDay } from './zone.ts';

/**
 * A window by its label: `2026-11-24` (a day), `2026-11-24@Europe/Berlin` (a day there), `..2026-11-24T03:00:00Z` (all
 * that is new up to a time), or a range of days or times that is read exactly as given.
 */
export interface Window extends TimeRange {
  readonly label: string;
  /** A day follows on from what was read before; a range stands for itself. */
  readonly kind: 'day' | 'range';
}

const expected =
  'a day (2026-11-24 or 2026-11-24@Europe/Berlin), days (2026-01-01..2026-01-31, both included), times (2026-01-01T00:00:00Z..2026-01-01T06:00:00Z) or what is new up to a time (..2026-01-01T06:00:00Z)';

export function parseWindow(label: string): Window {
  const window = dayThere(label) ?? upTo(label);
  if (window !== undefined) return window;
  const [first = '', second, ...rest] = label.split('..');
  const from = startOf(first);
  const to = second === undefined ? endOf(first) : endOf(second);
  if (from === undefined || to === undefined || rest.length > 0 || (second === undefined && first.includes('T')))
    throw new InvalidInput(`window: expected ${expected}, found ${JSON.stringify(label)}`);
  if (to <= from) throw new InvalidInput(`window: expected an end after its start, found ${JSON.stringify(label)}`);
  return { label, kind: second === undefined ? 'day' : 'range', from, to };
}

/** `2026-11-24@Europe/Berlin`: 23 hours long or 25 where clocks change. */
function dayThere(label: string): Window | undefined {
  const [day = '', zone, ...rest] = label.split('@');
  if (zone === undefined || rest.length > 0 || day.includes('T') || startOf(day) === undefined || !isZone(zone))
    return undefined;
  const [from, to] = [startOfDay(day, zone), startOfDay(nextDay(day), zone)].map((ms) => new Date(ms).toISOString());
  return from === undefined || to === undefined || to <= from ? undefined : { label, kind: 'day', from, to };
}

/** It begins where the last one ended: its own beginning is its end. */
function upTo(label: string): Window | undefined {
  if (!label.startsWith('..') || !label.includes('T')) return undefined;
  const to = startOf(label.slice(2));
  return to === undefined ? undefined : { label, kind: 'day', from: to, to };
}

const nextDay = (day: string): string => dayOf(Date.parse(`${day}T00:00:00Z`) + DAY);

/** The day of an instant, in UTC. */
export const dayOf = (epochMs: number): string => new Date(epochMs).toISOString().slice(0, 10);

/** The instant at which a day (in UTC) or a time begins, ISO; undefined when the text is neither. */
export function startOf(text: string): string | undefined {
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return isRealDay(text) ? `${text}T00:00:00.000Z` : undefined;
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  if (!isRealDay(text.slice(0, 10))) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}

function endOf(text: string): string | undefined {
  const start = startOf(text);
  return start === undefined || text.includes('T') ? start : plus(start, DAY);
}

const isRealDay = (day: string): boolean => {
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
};

export const plus = (iso: string, durationMs: number): string => new Date(Date.parse(iso) + durationMs).toISOString();

/**
 * What a run of an incremental stream reads. A day reaches back to the watermark, so that a missed night leaves no hole; a range is
 * read as given. Both start `lookbackMs` earlier. null: all there is, whatever its time and without one, as the first day does where
 * nothing says when to begin.
 */
export function rangeOf(input: {
  readonly window: Window;
  readonly watermark: string | null;
  readonly initial: string | undefined;
  readonly lookbackMs: number;
}): TimeRange | null {
  const { window, watermark, initial, lookbackMs } = input;
  const to = window.to;
  const first = initial === undefined ? undefined : isoOf(initial);
  if (window.kind === 'range') return nonEmpty(plus(window.from, -lookbackMs), to);
  if (watermark === null) return first === undefined ? null : nonEmpty(first, to);
  const back = plus(toMs(watermark) < window.from ? toMs(watermark) : window.from, -lookbackMs);
  return nonEmpty(first !== undefined && back < first ? first : back, to);
}

const nonEmpty = (from: string, to: string): TimeRange => ({ from: from < to ? from : plus(to, -DAY), to });

/** The range of what was never read before, in a run that reads `range`: it has all its past before it. */
export const wholePast = (range: TimeRange, initial: string | undefined): TimeRange | null =>
  initial === undefined ? null : { ...range, from: isoOf(initial) };

const isoOf = (time: string): string => new Date(Date.parse(time)).toISOString();

/**
 * How far a run may move the watermark: what changes while it reads is read again by the next one, and so is what shows up `lagMs`
 * late. A run of a day reads as of when it began, if that was on that day; one that is caught up later stands for the beginning of
 * its day.
 */
export const readAsOf = (
  { from, to }: TimeRange,
  { beganAt, lagMs }: { readonly beganAt: string; readonly lagMs: number },
): string => plus(beganAt < to ? beganAt : from, -lagMs);

/** Watermarks keep nine digits; requests start at the millisecond before, never after. */
const toMs = (watermark: string): string => new Date(Math.floor(Date.parse(sortableTime(watermark)))).toISOString();

/** The slices of a range, each at most `sliceMs` long; `sliceMs` undefined: the whole range. */
export function sliceCount(range: TimeRange | null, sliceMs: number | undefined): number {
  if (range === null || sliceMs === undefined) return 1;
  return Math.max(1, Math.ceil((Date.parse(range.to) - Date.parse(range.from)) / sliceMs));
}

export function sliceAt(range: TimeRange | null, sliceMs: number | undefined, index: number): TimeRange | null {
  if (range === null || sliceMs === undefined) return range;
  const from = plus(range.from, index * sliceMs);
  const to = plus(from, sliceMs);
  return { from, to: to < range.to ? to : range.to };
}
