import { columnText, hasLoneSurrogate } from '../core/column-text.ts';
import { valueAt } from '../core/json.ts';
import { keyPart, keyText } from '../core/key-text.ts';
import { rowOfGone } from '../core/row-of-gone.ts';
import { versionOf } from '../core/version.ts';
import type { Column, CompiledStream, Mismatch } from '../definitions/compiled.ts';

export interface StagedDelete {
  readonly key: string;
  /** null: it names none. */
  readonly version: string | null;
  /** The key's texts, and nothing else. */
  readonly columns: readonly (string | null)[];
}

/**
 * What a record says that only says that it is gone: its key and its version. The schema is for records that are there, and is not asked,
 * but for the key of one that fits it: what a transform makes of it is the key of the others, too.
 */
export function stageDelete(stream: CompiledStream, record: unknown): StagedDelete | Mismatch {
  const { keyColumns, version } = stream;
  const parsed = stream.parse(record);
  const value = 'value' in parsed ? parsed.value : record;
  const texts: string[] = [];
  for (const column of keyColumns) {
    const part = keyPartOf(column, valueAt(value, column.path));
    if (typeof part !== 'string') return { path: column.path.join('.'), ...part };
    texts.push(part);
  }
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  const named = version.some(({ path }) => (valueAt(fields, path) ?? null) !== null);
  return {
    key: keyText(texts) as string,
    version: named ? versionOf(fields, version) : null,
    columns: [...rowOfGone(stream, texts), null],
  };
}

/** The text of one field of a key, or why it is none. */
export function keyPartOf({ type, read }: Column, value: unknown): string | { readonly reason: string } {
  const cell = read === undefined ? columnText(type, value) : read(value);
  if ('reason' in cell) return cell;
  if (cell.text === null) return { reason: 'expected a value for the primary key of what is gone, found none' };
  if (typeof value === 'string' && hasLoneSurrogate(value))
    return { reason: 'the key holds half of a surrogate pair, which UTF-8 cannot write' };
  return keyPart(type, cell.text);
}
