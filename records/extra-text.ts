import { jsonText } from '../core/column-text.ts';
import { exactJson } from '../core/exact-numbers.ts';
import { besideNames } from '../core/field-names.ts';
import { ownField } from '../core/inherited.ts';
import type { CompiledStream, Mismatch } from '../definitions/compiled.ts';

/** What no column takes. Transforms may leave it out, and what they hide of a field is not shown there either. */
export function extraText(
  stream: CompiledStream,
  record: unknown,
  besides: ReadonlySet<string> | undefined,
): ReturnType<typeof extraOf> {
  const { transform } = stream;
  if (transform === undefined) return extraOf(stream, record, besides);
  if (transform.dropsExtra) return null;
  const isShown = (name: string): boolean =>
    !transform.hidden.some((field) => field === name || field.startsWith(`${name}.`));
  return extraOf(stream, record, besides === undefined ? undefined : new Set([...besides].filter(isShown)));
}

/** Fields without a column of their own, as one JSON object; null when there are none. */
function extraOf(
  stream: CompiledStream,
  record: unknown,
  besides: ReadonlySet<string> | undefined,
): { readonly text: string } | Mismatch | null {
  let extra: Record<string, unknown> | undefined;
  // Not Object.keys: it would make an array of each record's names. What JSON.parse makes inherits nothing that is enumerable.
  for (const name in record as object)
    // Without a prototype, a field named __proto__ is a field like any other.
    if (!stream.known.has(name) || besides?.has(name) === true)
      (extra ??= Object.create(null) as Record<string, unknown>)[name] = (record as Record<string, unknown>)[name];
  for (const [name, names] of stream.flattened ?? []) {
    const beside = besides?.has(name) === true ? undefined : besideNames(ownField(record as object, name), names);
    if (beside !== undefined) (extra ??= Object.create(null) as Record<string, unknown>)[name] = beside;
  }
  if (extra === undefined) return null;
  const cell = jsonText(exactJson(extra, record), extra);
  return 'reason' in cell ? { path: Object.keys(extra)[0] ?? '', reason: cell.reason } : { text: cell.text as string };
}
