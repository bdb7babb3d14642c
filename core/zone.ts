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
