import { DAY } from './duration.ts';

/** Shares of a limit, in percent, at which people are told. */
export const alertLevels = [80, 100] as const;

/** The highest level that is reached. */
export function levelReached(used: number, cap: number): (typeof alertLevels)[number] | undefined {
  return alertLevels.findLast((level) => used * 100 >= cap * level);
}

export interface AlertFacts {
  readonly bucket: string;
  readonly used: number;
  readonly cap: number;
  readonly goneAtMs: number | undefined;
  readonly resetsAtMs: number | undefined;
  readonly zone: string;
  readonly nowMs: number;
}

const count = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 1 });

/** `daily: 80 % used (400 of 500); at this pace gone at 03:10, resets 00:00 Europe/Berlin`. */
export function describeAlert(facts: AlertFacts): string {
  const { bucket, used, cap, goneAtMs, resetsAtMs, zone, nowMs } = facts;
  const state = used >= cap ? 'used up' : `${Math.floor((used * 100) / cap)} % used`;
  const gone =
    used >= cap || goneAtMs === undefined ? '' : `at this pace gone at ${clockTime(goneAtMs, { zone, nowMs })}`;
  const resets = resetsAtMs === undefined ? '' : `resets ${clockTime(resetsAtMs, { zone, nowMs })}`;
  const forecast = [gone, resets].filter((part) => part !== '').join(', ');
  return `${bucket}: ${state} (${count(used)} of ${count(cap)})${forecast === '' ? '' : `; ${forecast} ${zone}`}`;
}

/** `03:10`, with the day when it is further away than the next one like it. */
export function clockTime(atMs: number, { zone, nowMs }: { readonly zone: string; readonly nowMs: number }): string {
  // Swedish writes dates as ISO does.
  const text = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' }).format(
    atMs,
  );
  return atMs - nowMs < DAY ? text.slice(-5) : text;
}
