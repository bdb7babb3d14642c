import { canonicalJson } from '../core/canonical.ts';
import { parseDecimal, writeDecimal } from '../core/decimal.ts';
import { holdsExact, isExactNumber } from '../core/exact-numbers.ts';
import { parseJson } from '../core/json.ts';

/** One JSON value, one text: some warehouses keep the text as it came, others order keys and write numbers anew. */
export function jsonText(text: string): string {
  const holder = { value: parseJson(`[${text}]`) as readonly unknown[] };
  return holdsExact(holder.value) ? write(holder.value, '0') : canonicalJson(holder.value[0]);
}

/** The field of an object in which numbers are that no double holds. */
function write(holder: object, name: string): string {
  const value = (holder as Record<string, unknown>)[name];
  if (typeof value === 'string' && isExactNumber(holder, name)) {
    const decimal = parseDecimal(value);
    return decimal === undefined ? value : writeDecimal(decimal);
  }
  if (!holdsExact(value)) return canonicalJson(value);
  if (Array.isArray(value)) return `[${value.map((_, at) => write(value, String(at))).join(',')}]`;
  const members = Object.keys(value).toSorted();
  return `{${members.map((member) => `${canonicalJson(member)}:${write(value, member)}`).join(',')}}`;
}
