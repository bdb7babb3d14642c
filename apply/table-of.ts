import { historyColumns } from '../core/history-columns.ts';
import { isHistory, streamOf } from '../core/table-name.ts';
import { keepsRows } from '../core/landed-stream.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { TargetTable } from '../targets/target.ts';
import type { Taking } from './changes-of.ts';
import type { HistoryRules } from './history-rows.ts';

/** A table of a stream, and how it takes events. */
export interface LoadedTable {
  /** `payments`, or `payments.history`. */
  readonly name: string;
  readonly stream: CompiledStream;
  readonly table: TargetTable;
  readonly taking: Taking | HistoryRules;
}

/** The table of this name; undefined: there is none. */
export function loadedTable(streams: ReadonlyMap<string, CompiledStream>, name: string): LoadedTable | undefined {
  const stream = streams.get(streamOf(name));
  if (stream === undefined) return undefined;
  if (!isHistory(name)) return { name, stream, table: tableOf(stream), taking: takingOf(stream) };
  const table = historyTableOf(stream);
  return table === undefined ? undefined : { name, stream, table, taking: historyRulesOf(stream) };
}

/** undefined: the stream has none. */
export function historyTableOf(stream: CompiledStream): TargetTable | undefined {
  const { history } = stream;
  if (history === undefined) return undefined;
  const own = historyColumns.map(({ name, type }) => ({ name: `${history.prefix}${name}`, path: [], type }));
  const { children: _children, ...table } = tableOf(stream);
  return { ...table, table: history.table, columns: [...stream.columns, ...own], rowPer: 'version' };
}

function historyRulesOf({ definition, history, version }: CompiledStream): HistoryRules {
  const isTime = version[0]?.type === 'timestamp' || version[0]?.type === 'date';
  const validFrom = history?.validFrom === 'version' && isTime ? 'version' : 'received';
  return { taking: definition.disposition === 'replace' ? 'listings' : 'versions', validFrom };
}

/** A stream's table in a target. */
export const tableOf = ({
  schema,
  table,
  columns,
  keyColumns,
  definition,
  transform,
  children,
}: CompiledStream): TargetTable => ({
  schema,
  table,
  columns,
  keys: keyColumns.length,
  ...(transform === undefined ? {} : { stamp: transform.stamp }),
  ...(children === undefined ? {} : { children }),
  rowPer: definition.disposition === 'append' || keyColumns.length === 0 ? 'event' : 'key',
});

export function takingOf({ definition, keyColumns }: CompiledStream): Taking {
  if (definition.disposition === 'replace') return 'listed';
  if (definition.disposition === 'append' || keyColumns.length === 0) return 'each';
  return keepsRows({ definition }) ? 'kept' : 'newest';
}
