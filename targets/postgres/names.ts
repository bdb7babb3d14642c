import { quoted } from '../../core/sql-text.ts';
import type { Place, TargetTable } from '../target.ts';

export { quoted };

/** Our own schema in a database, the first that unqualified names are looked for in. The store has its own. */
export const OWN_SCHEMA = 'syncline_target';
export const CURSORS = 'cursors';
export const TOUCHED = 'touched_tables';

/** The names of streams have no hyphen, so a table beside a stream's is never another stream's. */
export const tableAt = (table: string, place: Place | 'next' = 'live'): string =>
  place === 'live' ? table : `${table}-${place}`;

export const nameOf = ({ schema, table, place }: Pick<TargetTable, 'schema' | 'table' | 'place'>): string =>
  `${quoted(schema)}.${quoted(tableAt(table, place))}`;

/** For messages. */
export const saidName = ({ schema, table, place }: Pick<TargetTable, 'schema' | 'table' | 'place'>): string =>
  `${schema}.${tableAt(table, place)}`;
