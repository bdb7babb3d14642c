import { carryExact, exactJson } from '../core/exact-numbers.ts';
import { sliceElements } from '../core/json.ts';
import { readParent } from '../core/parent-values.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { includedNames, parentFields } from '../definitions/mentions.ts';

/** A record as it came. */
export interface Received {
  readonly record: unknown;
  /** Exact text. */
  readonly payload: string;
  /** The text is. */
  readonly ascii: boolean;
  /** Why it cannot be a record, whatever the schema says. */
  readonly fault?: string | undefined;
  /** 32 hex digits over its canonical JSON, where they are known already. */
  readonly hash?: string | undefined;
}

/** The parsed records of a page with their exact texts; with the parent's value where the stream includes it. */
export function receivedOf(page: {
  readonly stream: CompiledStream;
  readonly text: string;
  readonly ascii: boolean;
  readonly records: readonly unknown[];
  /** Where in the text they stand as they came; undefined: they were made from it, and JSON is kept. */
  readonly exactAt: string | undefined;
  /** A JSON text for each of the records that were made. */
  readonly texts?: readonly string[] | undefined;
  /** Why a record is malformed, by its index. */
  readonly faults?: ReadonlyMap<number, string> | undefined;
  readonly parents: readonly string[];
}): readonly Received[] {
  const { stream, text, ascii, records, exactAt, texts, faults, parents } = page;
  if (records.length === 0) return [];
  const slices = exactAt === undefined ? undefined : sliceElements(text, exactAt, records);
  const exact = slices !== undefined && slices.length === records.length ? slices : undefined;
  const complete = withParents(stream);
  return records.map((record, i): Received => ({
    record: complete(record, parents),
    payload: exact?.[i] ?? texts?.[i] ?? exactJson(record, record),
    // What was made from the text may hold what an escape stood for.
    ascii: ascii && exact !== undefined,
    fault: faults?.get(i),
  }));
}

export const includesParents = ({ definition }: Pick<CompiledStream, 'definition'>): boolean =>
  Object.keys(includedNames(definition)).length > 0;

/** A record as it is checked and stored: some streams include values of the parent they were asked for with. */
export function withParents(
  stream: Pick<CompiledStream, 'definition'>,
): (record: unknown, parents: readonly string[]) => unknown {
  const included = Object.entries(includedNames(stream.definition));
  if (included.length === 0) return (record) => record;
  const fields = parentFields(stream.definition);
  return (record, [parent]) => {
    if (typeof record !== 'object' || record === null || Array.isArray(record)) return record;
    const values = included.map(([field, name]) => {
      return [name, parent === undefined ? undefined : readParent(fields, parent, field)] as const;
    });
    return carryExact(record, { ...record, ...Object.fromEntries(values) });
  };
}
