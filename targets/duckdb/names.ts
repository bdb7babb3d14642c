import type { Place, TableName, TargetTable } from '../target.ts';

/** `"name"`, quotes doubled. Always: DuckDB reserves words that PostgreSQL does not. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** `'text'`, quotes doubled: for statements that take no parameters. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Our own tables in the file. */
export const OWN_SCHEMA = 'syncline';

/** The names of streams have no hyphen, so a table beside a stream's is never another stream's. */
export const tableAt = (table: string, place: Place = 'live'): string =>
  place === 'live' ? table : `${table}-${place}`;

/** With the catalog, which DuckDB names after the file: `acme.orders` is ambiguous in the file `acme.duckdb`. */
export const qualified = (catalog: string, { schema, table }: TableName): string =>
  [catalog, schema, table].map(quoted).join('.');

export const nameOf = (catalog: string, { schema, table, place }: TargetTable): string =>
  qualified(catalog, { schema, table: tableAt(table, place) });

/** For messages. */
export const saidName = ({ schema, table, place }: Pick<TargetTable, 'schema' | 'table' | 'place'>): string =>
  `${schema}.${tableAt(table, place)}`;
