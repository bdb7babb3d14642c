import type { ClientBase } from 'pg';
import type { Column } from '../core/column.ts';
import { keyParts } from '../core/key-text.ts';
import type { Bound, LedgerRule } from '../core/ledger-rule.ts';
import { arrayLiteral, quoted } from '../core/sql-text.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { postgresTypes } from '../targets/postgres/column-types.ts';
import { hasColumns } from '../targets/postgres/present.ts';
import { targetOf } from '../targets/postgres/target-table.ts';

/** Values that rows share, one text for each of a rule's columns. */
export type Place = readonly string[];

/** What rows of these keys share, by the columns. Rows that lack one of them belong to nothing. */
export async function placesOf(
  client: ClientBase,
  {
    stream,
    per,
    keys,
  }: { readonly stream: CompiledStream; readonly per: readonly Column[]; readonly keys: readonly string[] },
): Promise<readonly Place[]> {
  const { keyColumns } = stream;
  const parts = keyColumns.map((_, at) =>
    arrayLiteral(keys.map((key) => keyParts(key, keyColumns.length)[at] as string)),
  );
  const { rows } = await client.query<string[]>({
    rowMode: 'array',
    text: `select distinct ${per.map((column) => textOf('t', column)).join(', ')}
      from unnest(${keyColumns.map(({ type }, at) => `$${at + 1}::${postgresTypes[type]}[]`).join(', ')})
        as k(${keyColumns.map((_, at) => `k${at}`).join(', ')})
      join ${targetOf(stream)} t on ${keyColumns.map(({ name }, at) => `t.${quoted(name)} = k.k${at}`).join(' and ')}
      where ${belongs(per)}`,
    values: parts,
  });
  return rows;
}

interface Judged {
  readonly stream: CompiledStream;
  readonly streamId: number;
  /** null: the stream's last one. */
  readonly runNo: number | null;
  /** Only what these rows share; undefined: all of the table. */
  readonly places?: readonly Place[];
}

/**
 * Looks whether a rule holds, and keeps where it does not. All rows of a place are looked at, in one statement, exactly. What is broken and mended in
 * one run leaves nothing behind: its halves came on two pages.
 */
export async function judgeRule(client: ClientBase, rule: LedgerRule, judged: Judged): Promise<void> {
  const { stream, streamId, runNo, places } = judged;
  if (places?.length === 0) return;
  const { per, sum, bounds, name } = rule;
  const values: unknown[] = [streamId, name, runNo];
  const given = (value: unknown, type: string): string => `$${values.push(value)}::${type}`;
  const names = per.map((_, at) => `p${at}`);
  const touched =
    places === undefined
      ? undefined
      : `(select distinct * from unnest(${per
          .map(({ type }, at) =>
            given(arrayLiteral(places.map((place) => place[at] as string)), `${postgresTypes[type]}[]`),
          )
          .join(', ')}) as u(${names.join(', ')}))`;
  const limits: Limit[] = [];
  for (const [at, bound] of bounds.entries()) limits.push(await limitOf(client, { stream, per, bound, at }));
  const place = wordsOf(per.map((column, at) => textOfValue(`g.p${at}`, column)));
  const broken = sum === undefined ? 'g.rows > 1' : limits.map((limit) => limit.broken).join(' or ');
  const allowed = sum === undefined ? `'one'` : `concat_ws(', ', ${limits.map((limit) => limit.words).join(', ')})`;
  const found = sum === undefined ? 'g.rows::text' : 'trim_scale(g.total)::text';
  const isTouched =
    touched === undefined
      ? ''
      : `and b.place in (select md5(${wordsOf(per.map((column, at) => textOfValue(`u.p${at}`, column)))})::uuid from ${touched} u)`;
  const isMended = `b.stream_id = $1 and b.rule = $2 and b.mended_at is null ${isTouched}
        and not exists (select from judged j where md5(j.of)::uuid = b.place)`;
  await client.query(
    `with run as (select coalesce($3::integer, last_run) as no from streams where stream_id = $1), grouped as materialized (
        select ${per.map(({ name: column }, at) => `t.${quoted(column)} as p${at}`).join(', ')}, count(*) as rows,
          ${sum === undefined ? 'null::numeric' : `coalesce(sum(t.${quoted(sum.name)})::numeric, 0)`} as total,
          (array_agg(${wordsOf(stream.keyColumns.map((column) => textOf('t', column)))} order by ${wordsOf(stream.keyColumns.map((column) => textOf('t', column)))}))[1:${MOST_KEYS}] as keys
        from ${targetOf(stream)} t
        ${touched === undefined ? '' : `join ${touched} u on ${per.map(({ name: column }, at) => `t.${quoted(column)} = u.p${at}`).join(' and ')}`}
        where t._deleted_at is null and ${belongs(per)} group by ${names.map((_, at) => at + 1).join(', ')}
      ), judged as materialized (
        select ${place} as of, ${found} as found, ${allowed} as allowed, g.keys from grouped g ${limits.map(({ join }) => join).join(' ')}
        where ${broken}
      ), noted as (
        insert into broken_rules as b (stream_id, rule, place, of, found, allowed, keys, first_run, last_run)
          select $1, $2, md5(j.of)::uuid, j.of, j.found, j.allowed, j.keys, run.no, run.no from judged j, run
          on conflict (stream_id, rule, place) do update set found = excluded.found, allowed = excluded.allowed, keys = excluded.keys,
            last_at = now(), last_run = excluded.last_run, mended_at = null,
            since = case when b.mended_at is null then b.since else now() end,
            first_run = case when b.mended_at is null then b.first_run else excluded.first_run end
      ), forgotten as (
        delete from broken_rules b using run where ${isMended} and b.first_run = run.no
      )
      update broken_rules b set mended_at = now(), last_at = now(), last_run = run.no from run where ${isMended} and b.first_run <> run.no`,
    values,
  );
}

const MOST_KEYS = 5;

interface Limit {
  readonly join: string;
  readonly broken: string;
  readonly words: string;
}

const signs = { is: '<>', atMost: '>', atLeast: '<' } as const;
const words = { is: '', atMost: 'at most ', atLeast: 'at least ' } as const;

/** A needed record that is not there limits nothing: what needs it waits, or it has been deleted. */
async function limitOf(
  client: ClientBase,
  {
    stream,
    per,
    bound: { how, limit },
    at,
  }: {
    readonly stream: CompiledStream;
    readonly per: readonly Column[];
    readonly bound: Bound;
    readonly at: number;
  },
): Promise<Limit> {
  const said = (value: string): string => `'${words[how]}' || trim_scale(${value})::text`;
  if (typeof limit === 'string')
    return { join: '', broken: `g.total ${signs[how]} ${limit}::numeric`, words: said(`${limit}::numeric`) };
  const needed = stream.relations?.stream(limit.stream);
  const column = needed?.columns.find(({ path }) => path.join('.') === limit.field);
  if (
    needed === undefined ||
    column === undefined ||
    !(await hasColumns(client, { stream: needed, columns: [column] }))
  )
    return { join: '', broken: 'false', words: 'null' };
  const value = `l${at}.value`;
  return {
    join: `left join lateral (select n.${quoted(column.name)}::numeric * (${limit.times})::numeric as value from ${targetOf(needed)} n
        where n._deleted_at is null and ${per.map((_, part) => `n.${quoted(needed.keyColumns[part]?.name as string)} = g.p${part}`).join(' and ')}) l${at} on true`,
    broken: `${value} is not null and g.total ${signs[how]} ${value}`,
    words: `case when ${value} is not null then ${said(value)} end`,
  };
}

const belongs = (per: readonly Column[]): string =>
  per.map(({ name }) => `t.${quoted(name)} is not null`).join(' and ');

const textOf = (table: string, column: Column): string => textOfValue(`${table}.${quoted(column.name)}`, column);

/** One text for one value: 1.0 and 1 are the same number. */
const textOfValue = (value: string, { type }: Column): string =>
  type === 'number' ? `trim_scale(${value})::text` : `${value}::text`;

const wordsOf = (texts: readonly string[]): string =>
  texts.length === 1 ? (texts[0] as string) : `jsonb_build_array(${texts.join(', ')})::text`;
