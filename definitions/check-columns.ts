import { columnsOf } from './columns.ts';
import type { StreamDefinition } from './definition.ts';
import { unflattenable } from './flatten.ts';
import type { JsonSchema } from './json-schema.ts';
import type { Path, Problem } from './problem.ts';

/** Columns that every target has besides the record's own. */
export const lineageColumns = [
  '_event',
  '_page',
  '_run',
  '_loaded_at',
  '_hash',
  '_version',
  '_extra',
  '_deleted_at',
] as const;

/** PostgreSQL's system columns (documentation §5.6): a table cannot have another column of these names. */
const systemColumns = ['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid'];

/** PostgreSQL's limits (documentation, appendix K): NAMEDATALEN - 1 bytes, columns of one table. */
const MAX_NAME_BYTES = 63;
const MAX_COLUMNS = 1600 - lineageColumns.length;

/** Whether the stream's fields make a table. */
export function checkColumns(stream: StreamDefinition, json: JsonSchema, path: Path): readonly Problem[] {
  const columns = columnsOf(stream, json);
  const taken = new Map<string, string>();
  const problems = columns.flatMap(({ name, path: field }): Problem[] => {
    const at = [...path, 'schema', 'properties', ...field.slice(0, 1)];
    const other = taken.get(name.toLowerCase());
    taken.set(name.toLowerCase(), other ?? field.join('.'));
    if (other !== undefined)
      return [{ path: at, says: `two columns "${name}", of the fields ${other} and ${field.join('.')}; ${CURE}` }];
    return nameProblems(name).map((says) => ({ path: at, says }));
  });
  if (Array.isArray(stream.flatten))
    problems.push(
      ...stream.flatten.flatMap((name, index): Problem[] => {
        const why = unflattenable(name, json);
        return why === undefined
          ? []
          : [{ path: [...path, 'flatten', index], says: `"${name}" cannot be flattened: ${why}` }];
      }),
    );
  if (columns.length > MAX_COLUMNS)
    problems.push({
      path: [...path, 'schema'],
      says: `${columns.length} columns, and a table takes ${MAX_COLUMNS}; leave fields out of properties: they are kept in _extra`,
    });
  return problems;
}

const CURE = 'leave one of them out of properties: it is kept in _extra';

export function nameProblems(name: string): string[] {
  if ((lineageColumns as readonly string[]).includes(name.toLowerCase()))
    return [
      `column "${name}" is one of our own (${lineageColumns.join(', ')}); leave it out of properties: it is kept in _extra`,
    ];
  if (systemColumns.includes(name))
    return [`column "${name}" is PostgreSQL's own; leave it out of properties: it is kept in _extra`];
  if (name === '' || name.includes('\0'))
    return ['a column needs a name; leave it out of properties: it is kept in _extra'];
  const bytes = Buffer.byteLength(name);
  return bytes > MAX_NAME_BYTES
    ? [
        `the column's name has ${bytes} bytes, and PostgreSQL takes ${MAX_NAME_BYTES}; leave it out of properties: it is kept in _extra`,
      ]
    : [];
}
