import { DAY, HOUR, SECOND } from './duration.ts';

/** The instant at which a calendar day begins in a time zone, in epoch ms: where the clock skips midnight, a bit later. */
export function startOfDay(day: string, zone: string): number {
  const formatter = formatterOf(zone);
  // Local days only ever move forward, also where clocks are put back: so the first second of one can be searched for.
  let before = (Date.parse(`${day}T00:00:00Z`) - 16 * HOUR) / SECOND;
  let within = (Date.parse(`${day}T00:00:00Z`) + DAY) / SECOND;
  while (within - before > 1) {
    const middle = Math.floor((before + within) / 2);
    if (formatter.format(middle * SECOND) < day) before = middle;
    else within = middle;
  }
  return within * SECOND;
}

export function isZone(zone: string): boolean {
  try {
    return formatterOf(zone).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** Canada writes 2026-11-24. */
function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  formatters.set(timeZone, made);
  return made;
}

/** The calendar day of an instant in a time zone. */
export const dayIn = (epochMs: number, zone: string): string => formatterOf(zone).format(epochMs);

export interface ClockChange {
  /** When the clock is put on (`gap`) or back (`overlap`), epoch ms. */
  readonly atMs: number;
  readonly kind: 'gap' | 'overlap';
  /** Local times that are left out, or come twice, as if they were UTC, epoch ms: from, and to (exclusive). */
  readonly fromLocalMs: number;
  readonly toLocalMs: number;
}

/** The changes of a zone's clock within some time. */
export function clockChanges(zone: string, fromMs: number, toMs: number): readonly ClockChange[] {
  const changes: ClockChange[] = [];
  let before = offsetAt(zone, fromMs);
  for (let at = fromMs; at < toMs; at += DAY) {
    const after = offsetAt(zone, at + DAY);
    if (after === before) continue;
    const atMs = changeBetween(zone, at, at + DAY);
    const [fromLocalMs, toLocalMs] = [atMs + Math.min(before, after), atMs + Math.max(before, after)];
    changes.push({ atMs, kind: after > before ? 'gap' : 'overlap', fromLocalMs, toLocalMs });
    before = after;
  }
  return changes;
}

function changeBetween(zone: string, fromMs: number, toMs: number): number {
  const old = offsetAt(zone, fromMs);
  let [before, after] = [fromMs / SECOND, toMs / SECOND];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(zone, middle * SECOND) === old) before = middle;
    else after = middle;
  }
  return after * SECOND;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Local time minus UTC, ms. */
export function offsetAt(zone: string, epochMs: number): number {
  let clock = clocks.get(zone);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
    clocks.set(zone, clock);
  }
  const part = Object.fromEntries(clock.formatToParts(epochMs).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(epochMs / SECOND) * SECOND;
}

/** Offsets of days without a change of the clock: most times of a partner are of a few of them. */
const steady = new Map<string, number>();
const MOST_STEADY = 10_000;

/**
 * The instant of a local time (as if it were UTC), both in epoch ms. One that comes twice is the first of the two; one that the clock
 * leaves out is as much later as the clock was put on.
 */
export function instantIn(zone: string, localMs: number): number {
  const day = `${zone} ${Math.floor(localMs / DAY)}`;
  const known = steady.get(day);
  if (known !== undefined) return localMs - known;
  const [before, after] = [offsetAt(zone, localMs - 2 * DAY), offsetAt(zone, localMs + 2 * DAY)];
  if (before === after) {
    if (steady.size >= MOST_STEADY) steady.clear();
    steady.set(day, before);
    return localMs - before;
  }
  const meant = [before, after].map((offset) => ({ offset, atMs: localMs - offset }));
  const real = meant.filter(({ offset, atMs }) => offsetAt(zone, atMs) === offset).map(({ atMs }) => atMs);
  return real.length === 0 ? localMs - before : Math.min(...real);
}
