import { carryExact, exactJson } from '../core/exact-numbers.ts';
import { sliceElements } from '../core/json.ts';
import type { CompiledStream } from '../definitions/compiled.ts';

/** A record as it came. */
export interface Received {
  readonly record: unknown;
  /** Exact text. */
  readonly payload: string;
  /** The text is. */
  readonly ascii: boolean;
}

/** The parsed records of a page with their exact texts; with the parent's value where the stream includes it. */
export function receivedOf(page: {
  readonly stream: CompiledStream;
  readonly text: string;
  readonly ascii: boolean;
  readonly records: readonly unknown[];
  /** Where in the text they stand as they came; undefined: they were made from it, and JSON is kept. */
  readonly exactAt: string | undefined;
  readonly parents: readonly string[];
}): readonly Received[] {
  const { stream, text, ascii, records, exactAt, parents } = page;
  if (records.length === 0) return [];
  const slices = exactAt === undefined ? undefined : sliceElements(text, exactAt, records);
  const exact = slices !== undefined && slices.length === records.length ? slices : undefined;
  const include = stream.definition.parent?.include;
  return records.map((record, i): Received => {
    const payload = exact?.[i] ?? exactJson(record, record);
    return {
      record: include === undefined ? record : withParent(record, include, parents[0]),
      payload,
      // What was made from the text may hold what an escape stood for.
      ascii: ascii && exact !== undefined,
    };
  });
}

/** The record as it is checked and stored: some streams include the value of the parent they were asked for with. */
export function withParent(record: unknown, name: string, value: string | undefined): unknown {
  return typeof record === 'object' && record !== null ? carryExact(record, { ...record, [name]: value }) : record;
}
