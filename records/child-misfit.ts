import type { ChildTable } from '../core/child-table.ts';
import { columnText } from '../core/column-text.ts';
import { valueAt } from '../core/json.ts';
import type { Mismatch } from '../definitions/compiled.ts';

/** Why an element of an array has no row in its table: the record goes to quarantine as a whole. undefined: all have. */
export function childMisfit(children: readonly ChildTable[], value: unknown): Mismatch | undefined {
  for (const child of children) {
    const misfit = misfitOf(child, valueAt(value, child.path));
    if (misfit !== undefined) return misfit;
  }
  return undefined;
}

function misfitOf({ path, columns, key }: ChildTable, array: unknown): Mismatch | undefined {
  if (array === null || array === undefined) return undefined;
  const at = (...steps: (string | number)[]): string => [...path, ...steps].join('.');
  if (!Array.isArray(array)) return { path: at(), reason: `expected array, found ${typeof array}` };
  const taken = new Set<string>();
  for (const [n, element] of array.entries()) {
    if (typeof element !== 'object' || element === null || Array.isArray(element))
      return { path: at(n), reason: `expected object, found ${element === null ? 'null' : typeof element}` };
    const texts = new Map<string, string | null>();
    for (const column of columns) {
      const cell = columnText(column.type, valueAt(element, column.path));
      if ('reason' in cell) return { path: at(n, ...column.path), reason: cell.reason };
      texts.set(column.name, cell.text);
    }
    if (key.length === 0) continue;
    const own = key.map((name) => texts.get(name) ?? null);
    const missing = key.find((_, i) => own[i] === null);
    if (missing !== undefined)
      return { path: at(n, missing), reason: 'expected a value for the key of the element, found none' };
    const text = JSON.stringify(own);
    if (taken.has(text)) return { path: at(n), reason: 'another element of the array has the same key' };
    taken.add(text);
  }
  return undefined;
}
