import { parseJson, valueAt } from '../../core/json.ts';
import type { Limits } from '../../definitions/definition.ts';

/** What an answer says it cost; undefined when it does not, or nothing is declared. */
export function costOf(
  cost: Limits['cost'],
  answer: { readonly headers: Readonly<Record<string, string>>; readonly text: string },
): number | undefined {
  if (cost?.header !== undefined) return units(answer.headers[cost.header.toLowerCase()]);
  return cost?.body === undefined ? undefined : units(valueAt(parsed(answer.text), cost.body));
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function units(value: unknown): number | undefined {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value).trim() : '';
  return /^\d{1,12}(\.\d{1,6})?$/.test(text) ? Number(text) : undefined;
}
