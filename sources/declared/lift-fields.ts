import { isObject, typeName, type Made } from './made-record.ts';

/**
 * The fields of some objects within a record become fields of the record. One that the record has already, or that another object has given it,
 * stays in its object: nothing is lost, and a field of the record never changes its meaning.
 */
export function lifted(made: Made, names: readonly string[]): Made {
  return names.reduce((before, name) => liftOne(before, name), made);
}

function liftOne(made: Made, name: string): Made {
  const { record, fault } = made;
  if (fault !== undefined || !isObject(record) || !Object.hasOwn(record, name)) return made;
  const inner = record[name];
  if (inner === null) return made;
  if (!isObject(inner)) return { record, fault: `expected an object at "${name}" to lift, found ${typeName(inner)}` };
  const fields = Object.entries(inner);
  const stay = fields.filter(([field]) => Object.hasOwn(record, field));
  const rise = fields.filter(([field]) => !Object.hasOwn(record, field));
  const own = Object.entries(record).filter(([field]) => field !== name || stay.length > 0);
  const rest = own.map(([field, value]) => (field === name ? [field, Object.fromEntries(stay)] : [field, value]));
  return { record: Object.fromEntries([...rest, ...rise]) };
}
