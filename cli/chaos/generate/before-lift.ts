import type { CompiledStream } from '../../../definitions/compiled.ts';
import { shapeOf } from '../../../definitions/records.ts';
import type { Made } from './record-of.ts';

/** As the partner has it where fields are lifted out of an object: in there, but for those that name the record or its page. */
export function beforeLift(record: Made, { records, primaryKey, pagination }: CompiledStream['definition']): Made {
  const [name] = [shapeOf(records).lift ?? []].flat();
  if (name === undefined || Object.hasOwn(record, name)) return record;
  const above = new Set([...primaryKey, ...(pagination.type === 'keyset' ? [pagination.field] : [])]);
  const fields = Object.entries(record);
  return {
    ...Object.fromEntries(fields.filter(([field]) => above.has(field))),
    [name]: Object.fromEntries(fields.filter(([field]) => !above.has(field))),
  };
}
