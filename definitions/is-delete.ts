import { valueAt } from '../core/json.ts';
import type { StreamDefinition } from './definition.ts';

/** Whether a record, as it came, says that it is gone; undefined: no record of the stream does. */
export function deleteTest({ deletes }: Pick<StreamDefinition, 'deletes'>): ((record: unknown) => boolean) | undefined {
  if (deletes?.field === undefined) return undefined;
  const { field, equals, in: among } = deletes;
  const path = field.split('.');
  const wanted = among ?? (equals === undefined ? undefined : [equals]);
  const isDelete =
    wanted === undefined ? isSet : (value: unknown) => wanted.some((one) => value === one || isText(value, one));
  return (record) => isDelete(valueAt(record, path));
}

/** Formats without types, such as CSV, have texts for all. */
const isText = (value: unknown, wanted: string | number | boolean): boolean =>
  (typeof value === 'string' || typeof value === 'number') && String(value) === String(wanted);

/** A field that is always there, and says `false`, must not delete everything. */
const isSet = (value: unknown): boolean =>
  value !== undefined &&
  value !== null &&
  value !== false &&
  value !== 0 &&
  !(typeof value === 'string' && unset.test(value));

/** MySQL writes a date that is none as zeros. */
const unset = /^\s*(?:|0|false|no|null|0000-00-00.*)\s*$/i;
