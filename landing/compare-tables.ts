import type { ClientBase } from 'pg';
import type { CompiledStream } from '../definitions/compiled.ts';
import { postgresTypes } from '../targets/postgres/column-types.ts';
import { quoted } from '../core/sql-text.ts';
import type { TableFacts } from '../targets/postgres/table-facts.ts';
import { rowKeyOf } from '../targets/postgres/target-table.ts';

/** How rows of the table differ from what the log makes of them. */
export interface Differences {
  /** Another row stands under the same key. */
  readonly changed: number;
  /** The log has no such row. */
  readonly gone: number;
  /** The table lacks it. */
  readonly came: number;
  /** Some of them, by their keys. */
  readonly examples: readonly { readonly kind: 'changed' | 'gone' | 'came'; readonly key: readonly string[] }[];
}

export interface Compared {
  readonly stream: CompiledStream;
  /** Quoted, with its schema. */
  readonly live: string;
  /** In SQL: those rows of it that are looked at. Left out: all. */
  readonly rows?: string;
  readonly facts: TableFacts;
  /** Made of the log. */
  readonly build: string;
  /** Name of a temporary table that gets the live rows that differ, as they are, and of rows that the table lacks the key. */
  readonly differ: string;
}

/** What `differ` has beside the table's own columns: which kind it is, and the event that the log makes of the row. */
export const WAS = quoted('_before_was');
export const NOW = quoted('_before_now');

const EXAMPLES = 5;

/** Compares value by value; which page and run a row came with, and when it was loaded, says nothing of what it is. */
export async function compareTables(client: ClientBase, compared: Compared): Promise<Differences> {
  const { stream, live, rows: looked = live, facts, build, differ } = compared;
  const keys = rowKeyOf(stream);
  const there = new Set(facts.columns.map(({ name }) => name));
  const own = [
    ...stream.columns.filter(({ name }) => !keys.includes(name)),
    ...['_extra', '_event', '_version', '_hash']
      .filter((name) => !keys.includes(name))
      .map((name) => ({ name, type: null })),
  ];
  const of = (row: string): string =>
    own
      .map(({ name, type }) =>
        row === 't' && type !== null && !there.has(name) ? `null::${postgresTypes[type]}` : `${row}.${quoted(name)}`,
      )
      .join(', ');
  const columns = facts.columns.map(({ name }) =>
    keys.includes(name) ? `coalesce(t.${quoted(name)}, b.${quoted(name)}) as ${quoted(name)}` : `t.${quoted(name)}`,
  );
  await client.query(
    `create temp table ${differ} on commit drop as
      select case when b._event is null then 'gone' when t._event is null then 'came' else 'changed' end as ${WAS},
          b._event as ${NOW}, ${columns.join(', ')}
        from ${looked} t full join ${build} b on ${sameKey(stream, 't', 'b')}
        where b._event is null or t._event is null or t._deleted_at is distinct from b._deleted_at or (${of('t')}) is distinct from (${of('b')})`,
  );
  const { rows } = await client.query<{ kind: 'changed' | 'gone' | 'came'; count: string }>(
    `select ${WAS} as kind, count(*) as count from ${differ} group by 1`,
  );
  const counted = new Map(rows.map(({ kind, count }) => [kind, Number(count)]));
  const examples = await client.query<Differences['examples'][number]>(
    `select ${WAS} as kind, array[${keys.map((key) => `${quoted(key)}::text`).join(', ')}] as key from ${differ}
      order by 1, ${keys.map(quoted).join(', ')} limit ${EXAMPLES}`,
  );
  return {
    changed: counted.get('changed') ?? 0,
    gone: counted.get('gone') ?? 0,
    came: counted.get('came') ?? 0,
    examples: examples.rows,
  };
}

/** In SQL: two rows of one key. */
export const sameKey = (stream: CompiledStream, a: string, b: string): string =>
  rowKeyOf(stream)
    .map((key) => `${a}.${quoted(key)} = ${b}.${quoted(key)}`)
    .join(' and ');
