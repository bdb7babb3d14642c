import { quoted } from '../core/sql-text.ts';
import { duckdbRowIdSql } from '../targets/duckdb/row-id.ts';
import { duckdbTypes } from '../targets/duckdb/types.ts';
import { postgresTypes } from '../targets/postgres/column-types.ts';
import { rowIdSql } from '../targets/postgres/row-id.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import type { GoldenDialect } from './golden-sql.ts';

const postgres = {
  types: postgresTypes,
  table: targetOf,
  rowId: rowIdSql,
  collate: ' collate "C"',
  number: 'numeric',
} as const;

/** The store itself, which knows who belongs together. `ledger`: the schema of the control tables. */
export const storeDialect = (name: string, ledger: string): GoldenDialect => ({
  ...postgres,
  members: {
    from: `${quoted(ledger)}.duplicate_members m`,
    on: `m.name = '${name.replaceAll("'", "''")}' and m.stream = r.stream and m.row = r.row`,
  },
});

/** A target: a table there has what `duplicates links` wrote. */
export const targetDialect = (
  type: 'postgres' | 'duckdb',
  links: readonly [schema: string, table: string],
): GoldenDialect => ({
  ...(type === 'postgres' ? postgres : duckdb),
  members: {
    from: `${links.map(quoted).join('.')} m`,
    on: 'm.stream = r.stream and m."row" = r."row"',
  },
});

const duckdb = {
  types: duckdbTypes,
  table: targetOf,
  rowId: duckdbRowIdSql,
  collate: '',
  number: 'double',
} as const;
