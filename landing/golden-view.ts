import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import { InvalidInput } from '../core/errors.ts';
import type { LandedStream } from '../core/landed-stream.ts';
import { quoted } from '../core/sql-text.ts';
import { fieldsFrom, survivorOf, type DuplicateSettings, type Survivor } from '../definitions/duplicates.ts';
import { entitySql } from '../store/duplicates/entity-sql.ts';
import { pgError } from '../targets/postgres/pg-error.ts';
import { postgresTypes } from '../targets/postgres/column-types.ts';
import { rowIdSql } from '../targets/postgres/row-id.ts';
import { targetOf } from '../targets/postgres/target-table.ts';

export interface Golden {
  /** In duplicates.yaml. */
  readonly name: string;
  readonly settings: Pick<DuplicateSettings, 'from' | 'survivors' | 'view'>;
  /** By partner and stream: `crm.contacts`. */
  readonly streams: ReadonlyMap<string, LandedStream>;
}

interface Source {
  readonly stream: LandedStream;
  readonly fields: Readonly<Record<string, string>>;
  readonly changed: string | undefined;
}

/** `golden.people`, unless the file says otherwise. */
export const viewOf = ({ name, settings }: Pick<Golden, 'name' | 'settings'>): string =>
  settings.view ?? `golden.${name}`;

const viewParts = (view: string): readonly [schema: string, name: string] => {
  const [schema, name] = view.split('.') as [string, string];
  return [schema, name];
};

/**
 * SQL of two views: the golden records, one row for each entity, and `<view>_rows`, which says of each row what entity it belongs to. Both are read from
 * the rows as they are now, so nothing has to be kept in step. `ledger`: the schema of the control tables.
 */
export function goldenSql(golden: Golden, ledger: string): { readonly golden: string; readonly rows: string } {
  const fields = fieldsFrom(golden.settings);
  const sources = sourcesOf(golden);
  const types = new Map(fields.map((field) => [field, typeOf(sources, field)]));
  const parts = sources.map((source, at) => sourceSql(source, { at, types }));
  const members = `${quoted(ledger)}.duplicate_members`;
  const from = `(${parts.join('\n    union all ')}) r
    left join ${members} m on m.name = ${literal(golden.name)} and m.stream = r.stream and m.row = r.row`;
  const entity = `coalesce(m.entity, ${entitySql('r.stream', 'r.row')})`;
  const survivors = fields.map(
    (field) => `${survivorSql(field, golden.settings, types.get(field) as string)} as ${quoted(field)}`,
  );
  return {
    golden: `select ${entity} as entity, count(*)::integer as members,
      array_agg(r.stream || ' ' || r.row order by r.stream, r.row) as rows${survivors.map((each) => `,\n      ${each}`).join('')}
    from ${from}
    group by 1`,
    rows: `select ${entity} as entity, r.stream, r.row, r.event, m.entity is not null as merged from ${from}`,
  };
}

const sourcesOf = ({ settings, streams }: Golden): readonly Source[] =>
  settings.from.map(({ stream, fields, changed }) => {
    const found = streams.get(stream);
    if (found === undefined) throw new InvalidInput(`duplicates.yaml: there is no stream ${stream}`);
    return { stream: found, fields, changed };
  });

/** What two tables have as different types is compared, and shown, as text. */
function typeOf(sources: readonly Source[], field: string): string {
  const found = new Set(
    sources.flatMap(({ stream, fields }) => {
      const column = stream.columns.find(({ name }) => name === fields[field]);
      return column === undefined ? [] : [postgresTypes[column.type]];
    }),
  );
  return found.size === 1 ? ([...found][0] as string) : 'text';
}

function sourceSql(
  { stream, fields, changed }: Source,
  { at, types }: { readonly at: number; readonly types: ReadonlyMap<string, string> },
): string {
  const values = [...types].map(([field, type]) => {
    const column = fields[field];
    return `${column === undefined ? 'null' : `t.${quoted(column)}`}::${type} as ${quoted(field)}`;
  });
  return `select ${at} as source, ${literal(`${stream.partner.name}.${stream.name}`)} collate "C" as stream, ${rowIdSql(stream, 't')} collate "C" as row, t._event as event,
      ${changedSql(stream, changed)} as changed${values.map((value) => `, ${value}`).join('')}
      from ${targetOf(stream)} t where t._deleted_at is null`;
}

/** A number that grows with it: streams may say it as times, days or counters. */
function changedSql(stream: LandedStream, changed: string | undefined): string {
  if (changed === undefined) return 'null::numeric';
  const type = stream.columns.find(({ name }) => name === changed)?.type;
  const column = `t.${quoted(changed)}`;
  return type === 'timestamp' || type === 'date' ? `extract(epoch from ${column})::numeric` : `${column}::numeric`;
}

/** Ties go to the first source, and then to the row that came later: rows of two streams have no common order of arrival. */
const NEWEST = 'r.changed desc nulls last, r.source, r.event desc, r.row';

function survivorSql(field: string, settings: Pick<DuplicateSettings, 'survivors'>, type: string): string {
  const value = `r.${quoted(field)}`;
  const known = `filter (where ${value} is not null)`;
  // An empty text says less than any other one.
  const full = type === 'text' ? `${value} = '', ` : '';
  const rule = survivorOf(settings, field);
  if (typeof rule === 'object')
    return `${functionName(rule.function)}(array_agg(${value} order by ${NEWEST}) ${known})`;
  const first = (order: string): string => `(array_agg(${value} order by ${full}${order}) ${known})[1]`;
  if (rule === 'mostFrequent')
    return `coalesce(mode() within group (order by ${value}) filter (where ${value} is not null${type === 'text' ? ` and ${value} <> ''` : ''}), ${first(NEWEST)})`;
  return first(ordersBy(value)[rule]);
}

const ordersBy = (value: string) =>
  ({
    newest: NEWEST,
    longest: `length(${value}::text) desc, ${NEWEST}`,
    source: `r.source, ${NEWEST}`,
  }) as const satisfies Record<Exclude<Survivor, 'mostFrequent' | object>, string>;

const functionName = (name: string): string => name.split('.').map(quoted).join('.');
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Makes both views as the definition wants them. Rights that were given on them stay. Call it in a transaction. */
export async function ensureGoldenViews(client: ClientBase, golden: Golden): Promise<void> {
  const [schema, name] = viewParts(viewOf(golden));
  const { rows } = await client.query<{ ledger: string; there: boolean }>(
    'select current_schema() as ledger, to_regnamespace($1) is not null as there',
    [quoted(schema)],
  );
  const ledger = rows[0]?.ledger as string;
  if (rows[0]?.there !== true) await client.query(`create schema if not exists ${quoted(schema)}`);
  const sql = goldenSql(golden, ledger);
  const mine = `made by Syncline from duplicates ${golden.name}, ledger in ${ledger}`;
  await ensureView(client, { schema, name, mine, sql: sql.golden });
  await ensureView(client, { schema, name: `${name}_rows`, mine, sql: sql.rows });
}

interface View {
  readonly schema: string;
  readonly name: string;
  /** What its comment begins with. */
  readonly mine: string;
  readonly sql: string;
}

async function ensureView(client: ClientBase, { schema, name, mine, sql }: View): Promise<void> {
  const view = `${quoted(schema)}.${quoted(name)}`;
  const said = `${mine}; ${createHash('sha256').update(sql).digest('hex').slice(0, 16)}`;
  const { rows } = await client.query<{ kind: string | null; says: string | null }>(
    `select c.relkind as kind, obj_description(c.oid, 'pg_class') as says from (select to_regclass($1) as oid) n left join pg_class c using (oid)`,
    [view],
  );
  const { kind, says } = rows[0] as (typeof rows)[number];
  if (says === said) return;
  if (kind !== null && says?.startsWith(`${mine}; `) !== true)
    throw new InvalidInput(
      `${schema}.${name} is there and is not ours: drop it, or give the golden records another name (\`view\` in duplicates.yaml)`,
    );
  await client.query('savepoint golden');
  try {
    await client.query(`create or replace view ${view} as ${sql}`);
  } catch (error) {
    // A column changed its name, type or place: PostgreSQL makes such a view only anew.
    if (pgError(error).code !== '42P16') throw error;
    await client.query('rollback to savepoint golden');
    await remake(client, { view, sql });
  }
  await client.query('release savepoint golden');
  await client.query(`comment on view ${view} is ${literal(said)}`);
}

async function remake(
  client: ClientBase,
  { view, sql }: { readonly view: string; readonly sql: string },
): Promise<void> {
  const { rows: rights } = await client.query<{ grantee: string; privilege: string }>(
    `select case when grantee = 0 then 'public' else grantee::regrole::text end as grantee, privilege_type as privilege
      from pg_class c, aclexplode(c.relacl) where c.oid = to_regclass($1) and grantee <> c.relowner`,
    [view],
  );
  await client.query(`drop view ${view}`);
  await client.query(`create view ${view} as ${sql}`);
  for (const { grantee, privilege } of rights) await client.query(`grant ${privilege} on ${view} to ${grantee}`);
}
