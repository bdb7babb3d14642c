import type { LoadedTable } from '../../apply/table-of.ts';
import type { StreamLog } from '../../store/log/find-log.ts';

/**
 * A table whose columns may get other names and wider types, once those of the stream's own table have: there a person has said so (`syncline plan
 * --apply`), and a run has begun since.
 */
export const reshaping = (loaded: LoadedTable, log: Pick<StreamLog, 'definitionVersion'>): LoadedTable =>
  loaded.stream.definitionVersion === log.definitionVersion
    ? { ...loaded, table: { ...loaded.table, reshapes: true } }
    : loaded;
