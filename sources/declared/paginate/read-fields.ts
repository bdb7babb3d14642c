import { GiveUp } from '../../../core/errors.ts';
import { valueAt } from '../../../core/json.ts';

/** A field of the body; a name that itself has dots (`@odata.nextLink`) is found too. */
export function fieldAt(body: unknown, path: string): unknown {
  return valueAt(body, [path]) ?? valueAt(body, path);
}

/** What the partner says at `path`; undefined when it says nothing. */
export function readHasMore(body: unknown, path: string | undefined): boolean | undefined {
  if (path === undefined) return undefined;
  const value = fieldAt(body, path);
  if (value === undefined || value === null) return undefined;
  if (value === true || value === 'true' || value === 1) return true;
  if (value === false || value === 'false' || value === 0) return false;
  throw new GiveUp(`${path} is neither true nor false: whether there is another page is unknown`);
}

/** A declared number of records or pages; null when there is none, or a negative one for "unknown". */
export function readCount(body: unknown, path: string | undefined): number | null {
  if (path === undefined) return null;
  const value = fieldAt(body, path);
  const count = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(count) && (count as number) >= 0 ? (count as number) : null;
}

/** A token as text; null for every way to say "none": absent, null, empty, false. */
export function readToken(value: unknown, where: string): string | null {
  if (value === undefined || value === null || value === '' || value === false) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  throw new GiveUp(`${where} is neither text nor a number: it cannot name the next page`);
}
