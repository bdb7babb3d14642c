import { columnText, type ColumnText } from '../core/column-text.ts';
import { valueAt } from '../core/json.ts';
import { keyPart, keyText } from '../core/key-text.ts';
import type { Need, Offer } from '../core/need.ts';
import type { StagedRecord } from '../core/staged.ts';
import type { CompiledNeed, CompiledStream, Mismatch } from '../definitions/compiled.ts';

/** No key is longer, and no index of PostgreSQL takes more. */
const MOST_BYTES = 2500;

interface Parsed {
  readonly value: Record<string, unknown>;
  readonly key: string | null;
  /** Texts of the stream's columns. */
  readonly columns: readonly (string | null)[];
}

/** What a record needs and offers; or why it does not fit: it has to name what it needs. */
export function relatedBy(stream: CompiledStream, parsed: Parsed): Pick<StagedRecord, 'needs' | 'offers'> | Mismatch {
  const needs: Need[] = [];
  for (const need of stream.relations?.needs ?? []) {
    const found = valueOf(need, parsed.value);
    if (typeof found === 'object' && found !== null) return found;
    // A record that names itself, as the top of a tree may, needs nothing.
    if (found === null || (need.field === '' && need.stream === stream.name && found === parsed.key)) continue;
    needs.push({ name: need.name, stream: need.stream, field: need.field, value: found });
  }
  return { ...(needs.length === 0 ? {} : { needs }), ...offersOf(stream, parsed) };
}

/** null: nothing is needed. */
function valueOf({ by, optional, name }: CompiledNeed, value: Record<string, unknown>): string | null | Mismatch {
  const parts: string[] = [];
  for (const field of by) {
    const text = textOf(field, value);
    if ('reason' in text) return { path: field.path.join('.'), reason: text.reason };
    if (text.text === null)
      return optional
        ? null
        : { path: field.path.join('.'), reason: `expected a value for what it requires (${name}), found nothing` };
    parts.push(keyPart(field.type, text.text));
  }
  const found = keyText(parts) as string;
  return found.length > MOST_BYTES / 3 && Buffer.byteLength(found) > MOST_BYTES
    ? {
        path: by[0]?.path.join('.') ?? '',
        reason: `what it requires (${name}) has a name of more than ${MOST_BYTES} bytes`,
      }
    : found;
}

const textOf = ({ type, read, path }: CompiledNeed['by'][number], value: Record<string, unknown>): ColumnText =>
  read === undefined ? columnText(type, valueAt(value, path)) : read(valueAt(value, path));

/** By what others may find it. */
export function offersOf(
  stream: CompiledStream,
  { key, columns }: Pick<Parsed, 'key'> & Partial<Pick<Parsed, 'columns'>>,
): Pick<StagedRecord, 'offers'> {
  const offers = (stream.relations?.offers ?? []).flatMap(({ field, columns: [column] }): Offer[] => {
    if (field === '') return key === null ? [] : [{ field, value: key }];
    const text = column === undefined ? null : columns?.[stream.columns.findIndex(({ name }) => name === column.name)];
    return column === undefined || text === null || text === undefined
      ? []
      : [{ field, value: keyPart(column.type, text) }];
  });
  return offers.length === 0 ? {} : { offers };
}
