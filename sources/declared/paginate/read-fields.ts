import { valueAt } from '../../../core/json.ts';
import { NoWayOn } from './no-way-on.ts';
import { saysNone } from './says-none.ts';

/** A field of the body; a name that itself has dots (`@odata.nextLink`) is found too. */
export function fieldAt(body: unknown, path: string): unknown {
  return valueAt(body, [path]) ?? valueAt(body, path);
}

/** A declared number of records or pages; null when there is none, or a negative one for "unknown". */
export function readCount(body: unknown, path: string | undefined): number | null {
  if (path === undefined) return null;
  const value = fieldAt(body, path);
  const count = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(count) && (count as number) >= 0 ? (count as number) : null;
}

/** A token as text; null for every way to say "none". */
export const readToken = (value: unknown, where: string, none?: unknown): string | null =>
  saysNone(value, none) ? null : asText(value, where);

/** The value of a record's field as text; null when it has none. Here 0 is a value like others. */
export const readKey = (value: unknown, where: string): string | null =>
  value === undefined || value === null || value === '' ? null : asText(value, where);

function asText(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  throw new NoWayOn(`${where} is neither text nor a number: it cannot name the next page`);
}
