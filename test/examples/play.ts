import type { OwnAnswer } from '../support/own-partner.ts';
import type { Asked, Row } from './example-partner.ts';

/** What players of vendors have in common. */

export const MINUTE = 60_000;
export const DAY = 24 * 60 * MINUTE;

/** So many records, made one by one. */
export const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

/** A time of 2025, so many milliseconds after its first moment. */
export const at = (afterMs: number): number => Date.parse('2025-01-01T00:00:00Z') + afterMs;
export const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

export const headerOf = ({ headers }: Asked, name: string): string => String(headers[name] ?? '');

/** A part of a list and where it goes on; null at its end. */
export function part<T>(
  list: readonly T[],
  from: number,
  size: number,
): { readonly items: readonly T[]; readonly next: number | null } {
  const next = from + size;
  return { items: list.slice(from, next), next: next < list.length ? next : null };
}

export const notFound: OwnAnswer = { status: 404, body: { message: 'Not Found' } };

/** A list whose rows a test may replace by other versions. */
export function replaceIn(list: Row[], key: string, value: unknown, change: Row): void {
  const at = list.findIndex((row) => row[key] === value);
  if (at < 0) throw new Error(`there is no ${key} ${String(value)}`);
  list[at] = { ...list[at], ...change };
}
