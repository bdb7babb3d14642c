import type { CompiledStream } from '../../definitions/compiled.ts';
import { quoted } from '../../core/sql-text.ts';
import { targetOf } from '../../targets/postgres/target-table.ts';
import { keyIs } from '../key-is.ts';

/** A temporary table of what the store knows of each key: event, version, hash, whether it is gone, whether the listing was of its part of the stream. */
export const headsOf = (streamId: number): string => `heads_${streamId}`;

/**
 * In SQL: the head of each key of the stream, from the table that stands for them. Of a stream that appends, the newest of each key. A row whose key
 * somebody has changed is no head.
 */
export function headsSql(stream: CompiledStream, streamId: number, scope: string): string {
  const isNewest = stream.definition.disposition === 'append';
  return `select ${isNewest ? 'distinct on (e.key)' : ''} e.key, t._event as event, t._version as version, t._hash as hash,
      t._deleted_at is not null as gone, ${scope} as listed
    from ${targetOf(stream)} t join events_${streamId} e on e.event = t._event where ${keyIs(stream, 'e.key', 't')}
    ${isNewest ? 'order by e.key, t._version desc nulls last, t._event desc' : ''}`;
}

/** In SQL, for a row `t`: whether a listing of a window must have it. */
export function scopeSql(stream: CompiledStream, range: { readonly from: Date; readonly to: Date } | null): string {
  if (range === null) return 'true';
  const { incremental, deletes } = stream.definition;
  const column = stream.columns.find(({ path }) => path.join('.') === incremental?.field);
  // A record that has changed since is in another window, and not gone: only a definition can say that this does not happen.
  if (deletes?.sweep !== 'window' || incremental === undefined || column === undefined) return 'false';
  const from = incremental.startInclusive ? '>=' : '>';
  return `t.${quoted(column.name)} ${from} '${range.from.toISOString()}' and t.${quoted(column.name)} < '${range.to.toISOString()}'`;
}
