import type { ClientBase } from 'pg';
import { z } from 'zod';
import type { Column, ColumnType, CompiledStream } from '../../definitions/compiled.ts';
import { quoted } from './quote.ts';

const integer = `'^-?[0-9]{1,18}$'`;

/** Whether the JSON value `v` is one that the column takes as it stands, and how it is written. */
const taken = {
  text: [`jsonb_typeof(v) = 'string'`, `v #>> '{}'`],
  integer: [`jsonb_typeof(v) = 'number' and v #>> '{}' ~ ${integer}`, `(v #>> '{}')::bigint`],
  number: [`jsonb_typeof(v) = 'number'`, `(v #>> '{}')::numeric`],
  boolean: [`jsonb_typeof(v) = 'boolean'`, `(v #>> '{}')::boolean`],
  timestamp: [
    `jsonb_typeof(v) = 'string' and v #>> '{}' ~ '^[0-9]{4}-.*(Z|[+-][0-9]{2}:[0-9]{2})$' and pg_input_is_valid(v #>> '{}', 'timestamptz')`,
    `(v #>> '{}')::timestamptz`,
  ],
  date: [
    `jsonb_typeof(v) = 'string' and v #>> '{}' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' and pg_input_is_valid(v #>> '{}', 'date')`,
    `(v #>> '{}')::date`,
  ],
  json: [`jsonb_typeof(v) <> 'null'`, 'v'],
} as const satisfies Record<ColumnType, readonly [when: string, value: string]>;

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
  const fields = added.filter(({ path }) => path.length === 1);
  if (fields.length === 0 || stream.definition.schema instanceof z.ZodType) return;
  const names = fields.map(({ path }) => path[0] as string);
  const values = fields.map(({ type }, at) => {
    const [when, value] = taken[type];
    const here = (text: string): string => text.replaceAll(/\bv\b(?! #)|\bv(?= #)/g, `(_extra -> $1[${at + 1}])`);
    return { when: here(when), value: here(value) };
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
