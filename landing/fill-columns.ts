import type { ClientBase } from 'pg';
import { z } from 'zod';
import type { Column, ColumnType, CompiledStream } from '../definitions/compiled.ts';
import { quoted } from '../core/sql-text.ts';

/** Whether a JSON value is one that the column takes as it stands, and how it is written; `v` and `t` are the value and its text in SQL. */
const taken = {
  text: (v, t) => [`jsonb_typeof(${v}) = 'string'`, t],
  integer: (v, t) => [`jsonb_typeof(${v}) = 'number' and ${t} ~ '^-?[0-9]{1,18}$'`, `(${t})::bigint`],
  number: (v, t) => [`jsonb_typeof(${v}) = 'number'`, `(${t})::numeric`],
  boolean: (v, t) => [`jsonb_typeof(${v}) = 'boolean'`, `(${t})::boolean`],
  timestamp: (v, t) => [
    `jsonb_typeof(${v}) = 'string' and ${t} ~ '^[0-9]{4}-.*(Z|[+-][0-9]{2}(:?[0-9]{2})?)$' and pg_input_is_valid(${t}, 'timestamptz')`,
    `(${t})::timestamptz`,
  ],
  date: (v, t) => [
    `jsonb_typeof(${v}) = 'string' and ${t} ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' and pg_input_is_valid(${t}, 'date')`,
    `(${t})::date`,
  ],
  json: (v) => [`jsonb_typeof(${v}) <> 'null'`, v],
} as const satisfies Record<ColumnType, (v: string, t: string) => readonly [when: string, value: string]>;

/** SQL finds its values in `_extra`, by one name and as they came. */
export const isInExtra = ({ path, read, was }: Column): boolean =>
  path.length === 1 && read === undefined && was === undefined;

/**
 * Moves what rows already hold of new columns there from `_extra`, or they would stay empty until each record changes. A
 * value of another type stays where it is. What a zod schema makes of a field only the next reading of it can tell.
 */
export async function fillColumns(
  client: ClientBase,
  {
    stream,
    table,
    added,
  }: { readonly stream: CompiledStream; readonly table: string; readonly added: readonly Column[] },
): Promise<void> {
  const fields = added.filter(isInExtra);
  if (fields.length === 0 || stream.definition.schema instanceof z.ZodType) return;
  const names = fields.map(({ path }) => path[0] as string);
  const values = fields.map(({ type }, at) => {
    const [when, value] = taken[type](`(_extra -> $1[${at + 1}])`, `(_extra ->> $1[${at + 1}])`);
    return { when, value };
  });
  const set = fields.map(({ name }, at) => {
    const { when, value } = values[at] as (typeof values)[number];
    return `${quoted(name)} = case when ${when} then ${value} end`;
  });
  const moved = values.map(
    ({ when }, at) => `case when ${when} or _extra -> $1[${at + 1}] = 'null' then $1[${at + 1}] end`,
  );
  await client.query(
    `update ${table} set ${set.join(', ')}, _extra = nullif(_extra - array_remove(array[${moved.join(', ')}], null), '{}')
      where _extra ?| $1`,
    [names],
  );
}
