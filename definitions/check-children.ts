import { parentColumn, POSITION } from '../core/child-table.ts';
import { nameProblems } from './check-columns.ts';
import { arrayAt, childName, childTables } from './children.ts';
import { columnsOf, keyColumnsOf } from './columns.ts';
import type { StreamDefinition } from './definition.ts';
import type { JsonSchema } from './json-schema.ts';
import type { Path, Problem } from './problem.ts';
import { hides } from './transforms.ts';

/** Whether arrays can be tables of their own. */
export function checkChildren(stream: StreamDefinition, json: JsonSchema, path: Path): readonly Problem[] {
  if (stream.children === undefined) return [];
  const table = stream.table ?? String(path.at(-1));
  const tables = childTables(stream, json, { table, columns: columnsOf(stream, json) });
  return Object.entries(stream.children).flatMap(([name, child]): Problem[] => {
    const at = [...path, 'children', name];
    const found = arrayAt(json, name);
    const own = found && tables.find((one) => one.path.join('.') === found.path.join('.'));
    if (found === undefined)
      return [
        {
          path: at,
          says: 'expected an array of objects whose properties the schema names (type: array, items: { type: object, … })',
        },
      ];
    if (own === undefined)
      return [
        { path: at, says: 'it is inside an object that is JSON; flatten that object, so that the array has a column' },
      ];
    const { drop, ...how } = stream.transforms?.[name] ?? {};
    if (drop === true || hides(how) || how.cast !== undefined)
      return [{ path: at, says: 'its transform leaves no array of it; leave out one of the two' }];
    if (own.columns.length === 0) return [{ path: at, says: 'its elements have no field that the schema names' }];
    const names = own.columns.map((column) => column.name);
    const parents = keyColumnsOf(stream, json).map((column) => parentColumn(table, column.name));
    const twice = [...parents, ...names].filter(
      (each, i, all) => all.findIndex((other) => other.toLowerCase() === each.toLowerCase()) !== i,
    );
    return [
      ...twice.map((each) => ({
        path: at,
        says: `two columns "${each}"; leave the field out of the schema: the array keeps it`,
      })),
      ...names
        .flatMap((each) =>
          each.toLowerCase() === POSITION ? [`column "${each}" is one of our own`] : nameProblems(each),
        )
        .map((says) => ({ path: at, says: says.split(';')[0] as string })),
      ...child.key.flatMap((key, index): Problem[] => {
        const column = own.columns.find((one) => one.path.join('.') === key);
        return column !== undefined && column.type !== 'json'
          ? []
          : [{ path: [...at, 'key', index], says: `expected a field of its elements that is no JSON, found "${key}"` }];
      }),
      ...(child.table === undefined && childName(table, name).length > 40
        ? [{ path: at, says: 'the name of its table would have more than 40 letters; give it one with `table`' }]
        : []),
    ];
  });
}
