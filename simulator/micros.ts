import { InvalidInput } from '../core/errors.ts';

/** Times inside the simulator are whole microseconds since 1970: exact in a double until the year 2255. */
export type Micros = number;

/** `2026-11-20T12:34:56.123456Z`. */
export function isoOf(micros: Micros): string {
  const rest = micros % 1000;
  return `${new Date((micros - rest) / 1000).toISOString().slice(0, -1)}${String(rest).padStart(3, '0')}Z`;
}

/** Reads what clients send: ISO with zone and up to six decimals, a date, or epoch seconds or milliseconds. */
export function microsOf(text: string, name: string): Micros {
  if (/^\d{1,11}$/.test(text)) return Number(text) * 1_000_000;
  if (/^\d{12,14}$/.test(text)) return Number(text) * 1000;
  const form = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6}\d*)?)?(Z|[+-]\d\d:?\d\d))?$/.exec(text);
  const millis = form === null ? Number.NaN : Date.parse(text);
  if (Number.isNaN(millis)) throw new InvalidInput(`${name} must be an ISO time with zone, a date or an epoch number`);
  const decimals = form?.[3] ?? '';
  return millis * 1000 + Number(decimals.slice(4, 7).padEnd(3, '0'));
}
