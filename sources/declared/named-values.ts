import { GiveUp, RetryLater } from '../../core/errors.ts';
import type { RecordsShape } from '../../definitions/records.ts';
import { hasWildcard, selectValues } from './select-values.ts';

type Columns = NonNullable<RecordsShape['columns']>;

/** Makes an object of a row; `fault` says why its values do not fit the names. */
export type NameRow = (row: unknown) => { readonly record: unknown; readonly fault?: string };

/** For rows that are arrays of values: by names that are given, or stand elsewhere in the body. */
export function rowNamer(columns: Columns, body: unknown): NameRow {
  const parts =
    typeof columns === 'string' || Array.isArray(columns)
      ? [{ path: '', names: namesOf(columns, body) }]
      : Object.entries(columns).map(([path, names]) => ({ path, names: namesOf(names, body) }));
  refuseTwice(parts.flatMap(({ names }) => names));
  return (row) => {
    const fields: (readonly [string, unknown])[] = [];
    for (const { path, names } of parts) {
      const values = valuesOf(row, path);
      if (values === undefined) return { record: row, fault: 'expected an array of values' };
      if (values.length !== names.length)
        return { record: row, fault: `expected ${names.length} values, found ${values.length}` };
      names.forEach((name, i) => fields.push([name, values[i]]));
    }
    return { record: Object.fromEntries(fields) };
  };
}

function valuesOf(row: unknown, path: string): readonly unknown[] | undefined {
  const found = selectValues(row, path).map(({ value }) => value);
  if (hasWildcard(path)) return found;
  return Array.isArray(found[0]) ? found[0] : undefined;
}

function namesOf(given: string | readonly string[], body: unknown): readonly string[] {
  if (typeof given !== 'string') return given;
  const found = selectValues(body, given).map(({ value }) => value);
  const names: unknown = hasWildcard(given) ? found : found[0];
  if (!Array.isArray(names)) throw new RetryLater(`expected the names of the columns at "${given}", found no array`);
  return names.map((name: unknown) => {
    if ((typeof name === 'string' && name !== '') || typeof name === 'number') return String(name);
    throw new RetryLater(
      `expected the names of the columns at "${given}", found something that is no text: is its field missing, as in "${given}.*.name"?`,
    );
  });
}

function refuseTwice(names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new GiveUp(`two columns have the name ${JSON.stringify(twice)}: give the names yourself, as columns: [a, b]`);
}
