/** Texts that partners write where there is nothing: what their languages make of it, and the cursor of a scan that has ended. */
const NOTHING: readonly unknown[] = ['', '0', 'false', 'null', 'None', 'undefined'];

/**
 * Whether a value that names the next page, or announces one, says that there is none; `none` are further values that do. Paginators
 * and the look for signs of more share it: what ends a listing for the one must not be a doubt for the other.
 */
export function saysNone(value: unknown, none?: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0) return true;
  if (none !== undefined && [none].flat().includes(value)) return true;
  if (typeof value === 'string') return NOTHING.includes(value.trim());
  return typeof value === 'object' && Object.keys(value).length === 0;
}
