import type { Column } from './column.ts';

/** What a row of a history says of its version, behind the stream's own columns and `prefix`. */
export const historyColumns = [
  { name: 'valid_from', type: 'timestamp' },
  { name: 'valid_to', type: 'timestamp' },
  { name: 'is_current', type: 'boolean' },
  { name: 'is_deleted', type: 'boolean' },
  { name: 'version_no', type: 'integer' },
  { name: 'received_at', type: 'timestamp' },
] as const satisfies readonly Pick<Column, 'name' | 'type'>[];
