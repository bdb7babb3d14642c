import { z } from 'zod';
import { hasLoneSurrogate } from '../core/column-text.ts';
import { isExactNumber } from '../core/exact-numbers.ts';
import { valueAt } from '../core/json.ts';
import { versionOf } from '../core/version.ts';
import type { CompiledStream, Mismatch } from '../definitions/compiled.ts';
import { cellOf } from './cell-text.ts';

/**
 * The version of a record that may not fit its schema, as it would be if it fitted. undefined where that is not certain: a part is absent or has another
 * type, the fault is in the version itself, or a schema in code or a transform of the key may make something else of the record.
 */
export function heldVersion(stream: CompiledStream, record: unknown, mismatch?: Mismatch): string | undefined {
  if (stream.version.length === 0 || stream.definition.schema instanceof z.ZodType || makesKeys(stream))
    return undefined;
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return undefined;
  const paths = stream.version.map(({ path }) => path.join('.'));
  if (mismatch?.path === '' || paths.some((path) => `${mismatch?.path}.`.startsWith(`${path}.`))) return undefined;
  if (!stream.version.every((part) => isReadable(part, record))) return undefined;
  return versionOf(record as Readonly<Record<string, unknown>>, stream.version) ?? undefined;
}

type Part = CompiledStream['version'][number];

function isReadable({ path, type, read }: Part, record: object): boolean {
  const value = valueAt(record, path);
  if (value === null || value === undefined) return false;
  const cell = cellOf({ name: '', path, type, ...(read === undefined ? {} : { read }) }, value);
  if ('reason' in cell || cell.text === null) return false;
  if (read !== undefined) return true;
  const holder = valueAt(record, path.slice(0, -1));
  const isDigits = typeof holder === 'object' && holder !== null && isExactNumber(holder, path.at(-1) as string);
  if (type === 'integer' || type === 'number') return typeof value === 'number' || isDigits;
  const isText = type === 'text' || type === 'timestamp' || type === 'date';
  return isText && typeof value === 'string' && !isDigits && !hasLoneSurrogate(value);
}

/** A transform makes the key of something else than the field of its name. */
const makesKeys = ({ transform, keyColumns }: CompiledStream): boolean =>
  transform !== undefined &&
  !keyColumns.every(({ path }, i) => {
    const cell = transform.cells[i];
    return cell?.kind === 'plain' && cell.source.path.join('.') === path.join('.');
  });
