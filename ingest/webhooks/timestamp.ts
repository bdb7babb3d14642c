import type { Preset } from './preset.ts';

/** Milliseconds of the time in a header; null where it is none. What a number parser would make of `1e9`, ` 12` or `0x5f` does not count. */
export function timeOf(text: string, format: Preset['timestamp']): number | null {
  if (format === 'iso') return ISO.test(text) && !Number.isNaN(Date.parse(text)) ? Date.parse(text) : null;
  if (!/^[1-9]\d{0,14}$/.test(text)) return null;
  return format === 'milliseconds' ? Number(text) : Number(text) * 1000;
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** A time as the sender would write it. */
export function printTime(atMs: number, format: NonNullable<Preset['timestamp']>): string {
  if (format === 'iso') return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
  return String(format === 'milliseconds' ? atMs : Math.floor(atMs / 1000));
}
