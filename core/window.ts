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
 * What a run of an incremental stream reads. A day reaches back to the watermark (all there is, the first time), so that
 * a missed night leaves no hole; a range is read as given. Both start `lookbackMs` earlier.
 */
export function rangeOf(input: {
  readonly window: Window;
  readonly watermark: string | null;
  readonly initial: string;
  readonly lookbackMs: number;
}): TimeRange {
  const { window, watermark, initial, lookbackMs } = input;
  const to = window.to;
  const first = initialTime({ initial });
  const reach = watermark === null ? first : toMs(watermark) < window.from ? toMs(watermark) : window.from;
  const back = plus(window.kind === 'range' ? window.from : reach, -lookbackMs);
  const from = window.kind === 'day' && back < first ? first : back;
  return { from: from < to ? from : plus(to, -DAY), to };
}

/** Where the very first reading of a stream begins. */
export const initialTime = ({ initial }: { readonly initial: string }): string =>
  new Date(Date.parse(initial)).toISOString();

/**
 * How far a run may move the watermark: what changes while it reads is read again by the next one. A run of a day reads as
 * of when it began, if that was on that day; one that is caught up later stands for the beginning of its day.
 */
export const readAsOf = ({ from, to }: TimeRange, beganAt: string): string => (beganAt < to ? beganAt : from);

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
