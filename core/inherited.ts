/**
 * Whether every object has something of this name without having a field of it (`constructor`, `toString`, `__proto__`): there
 * `record[name]` says nothing of the record.
 */
export const isInherited = (name: string): boolean => name in Object.prototype;

/** A field of a record's own. */
export const ownField = (record: object, name: string): unknown =>
  Object.hasOwn(record, name) ? (record as Record<string, unknown>)[name] : undefined;
