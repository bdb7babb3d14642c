import type { ColumnType } from '../core/column.ts';
import { InvalidInput } from '../core/errors.ts';
import type { LandedStream } from '../core/landed-stream.ts';
import { quoted } from '../core/sql-text.ts';
import { fieldsFrom, survivorOf, type DuplicateSettings, type Survivor } from '../definitions/duplicates.ts';
import { entitySql } from '../store/duplicates/entity-sql.ts';

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

export const viewParts = (view: string): readonly [schema: string, name: string] => {
  const [schema, name] = view.split('.') as [string, string];
  return [schema, name];
};

/** How a warehouse says it. */
export interface GoldenDialect {
  readonly types: Readonly<Record<ColumnType, string>>;
  /** Whose rows say of rows which entity they belong to (stream, row, entity), as SQL with the alias `m`, and the condition for a row `r`. */
  readonly members: { readonly from: string; readonly on: string };
  readonly table: (stream: LandedStream) => string;
  /** The text that names a row. */
  readonly rowId: (stream: LandedStream, alias: string) => string;
  /** Behind a text that is ordered or compared: by code points, whatever the database would do. */
  readonly collate: string;
  /** A number that grows with time. */
  readonly number: string;
}

/**
 * SQL of two views: the golden records, one row for each entity, and `<view>_rows`, which says of each row what entity it belongs to. Both are read from
 * the rows as they are now, so nothing has to be kept in step.
 */
export function goldenSql(golden: Golden, dialect: GoldenDialect): { readonly golden: string; readonly rows: string } {
  const fields = fieldsFrom(golden.settings);
  const sources = sourcesOf(golden);
  const types = new Map(fields.map((field) => [field, typeOf(sources, field, dialect)]));
  const parts = sources.map((source, at) => sourceSql(source, { at, types, dialect }));
  const from = `(${parts.join('\n    union all ')}) r
    left join ${dialect.members.from} on ${dialect.members.on}`;
  const entity = `coalesce(m.entity, ${entitySql('r.stream', 'r."row"')})`;
  const survivors = fields.map(
    (field) =>
      `${survivorSql(field, golden.settings, (types.get(field) as string) === dialect.types.text)} as ${quoted(field)}`,
  );
  return {
    golden: `select ${entity} as entity, count(*)::integer as members,
      array_agg(r.stream || ' ' || r."row" order by r.stream, r."row") as "rows"${survivors.map((each) => `,\n      ${each}`).join('')}
    from ${from}
    group by 1`,
    rows: `select ${entity} as entity, r.stream, r."row", r.event, m.entity is not null as merged from ${from}`,
  };
}

const sourcesOf = ({ settings, streams }: Golden): readonly Source[] =>
  settings.from.map(({ stream, fields, changed }) => {
    const found = streams.get(stream);
    if (found === undefined) throw new InvalidInput(`duplicates.yaml: there is no stream ${stream}`);
    return { stream: found, fields, changed };
  });

/** What two tables have as different types is compared, and shown, as text. */
function typeOf(sources: readonly Source[], field: string, { types }: GoldenDialect): string {
  const found = new Set(
    sources.flatMap(({ stream, fields }) => {
      const column = stream.columns.find(({ name }) => name === fields[field]);
      return column === undefined ? [] : [types[column.type]];
    }),
  );
  return found.size === 1 ? ([...found][0] as string) : types.text;
}

function sourceSql(
  { stream, fields, changed }: Source,
  {
    at,
    types,
    dialect,
  }: { readonly at: number; readonly types: ReadonlyMap<string, string>; readonly dialect: GoldenDialect },
): string {
  const values = [...types].map(([field, type]) => {
    const column = fields[field];
    return `${column === undefined ? 'null' : `t.${quoted(column)}`}::${type} as ${quoted(field)}`;
  });
  return `select ${at} as source, ${literal(`${stream.partner.name}.${stream.name}`)}${dialect.collate} as stream, ${dialect.rowId(stream, 't')}${dialect.collate} as "row", t._event as event,
      ${changedSql(stream, changed, dialect)} as changed${values.map((value) => `, ${value}`).join('')}
      from ${dialect.table(stream)} t where t._deleted_at is null`;
}

/** A number that grows with it: streams may say it as times, days or counters. */
export function changedSql(
  stream: LandedStream,
  changed: string | undefined,
  { number }: Pick<GoldenDialect, 'number'>,
): string {
  if (changed === undefined) return `null::${number}`;
  const type = stream.columns.find(({ name }) => name === changed)?.type;
  const column = `t.${quoted(changed)}`;
  return type === 'timestamp' || type === 'date' ? `extract(epoch from ${column})::${number}` : `${column}::${number}`;
}

/** Ties go to the first source, and then to the row that came later: rows of two streams have no common order of arrival. */
const NEWEST = 'r.changed desc nulls last, r.source, r.event desc, r."row"';

function survivorSql(field: string, settings: Pick<DuplicateSettings, 'survivors'>, isText: boolean): string {
  const value = `r.${quoted(field)}`;
  const known = `filter (where ${value} is not null)`;
  // An empty text says less than any other one.
  const full = isText ? `${value} = '', ` : '';
  const rule = survivorOf(settings, field);
  if (typeof rule === 'object')
    return `${functionName(rule.function)}(array_agg(${value} order by ${NEWEST}) ${known})`;
  const first = (order: string): string => `(array_agg(${value} order by ${full}${order}) ${known})[1]`;
  if (rule === 'mostFrequent')
    return `coalesce(mode() within group (order by ${value}) filter (where ${value} is not null${isText ? ` and ${value} <> ''` : ''}), ${first(NEWEST)})`;
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
