import { parseWindow, startOf } from './window.ts';

/**
 * Whether a run's window lies in the one that is asked for, or is it: `2026-11-24` has the day wherever it was a day, all hours of it, and what
 * was new up to a time of it. Throws InvalidInput where `asked` is no window.
 */
export function windowWithin(label: string, asked: string): boolean {
  const wanted = parseWindow(asked);
  if (label === asked) return true;
  const [first = '', last = first] = asked.split('..');
  const [day = '', zone] = label.split('@');
  // A day is that day in each zone, though its hours are others.
  if (zone !== undefined && isDay(first) && isDay(last)) return first <= day && day <= last;
  if (asked.startsWith('..') || asked.includes('@')) return false;
  const own = windowOf(label);
  if (own === undefined) return false;
  return own.from === own.to
    ? wanted.from < own.to && own.to <= wanted.to
    : wanted.from <= own.from && own.to <= wanted.to;
}

const isDay = (text: string): boolean => !text.includes('T') && startOf(text) !== undefined;

/** undefined: that of a run which read no window, as a replay of the quarantine. */
function windowOf(label: string): ReturnType<typeof parseWindow> | undefined {
  try {
    return parseWindow(label);
  } catch {
    return undefined;
  }
}
