import { keepsRows } from '../core/landed-stream.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { TargetTable } from '../targets/target.ts';
import type { Taking } from './changes-of.ts';

/** A stream's table in a target. */
export const tableOf = ({
  schema,
  table,
  columns,
  keyColumns,
  definition,
  transform,
}: CompiledStream): TargetTable => ({
  schema,
  table,
  columns,
  keys: keyColumns.length,
  ...(transform === undefined ? {} : { stamp: transform.stamp }),
  rowPer: definition.disposition === 'append' || keyColumns.length === 0 ? 'event' : 'key',
});

export function takingOf({ definition, keyColumns }: CompiledStream): Taking {
  if (definition.disposition === 'replace') return 'listed';
  if (definition.disposition === 'append' || keyColumns.length === 0) return 'each';
  return keepsRows({ definition }) ? 'kept' : 'newest';
}
