import { InvalidInput } from '../../core/errors.ts';
import type { ExportTargetInput, ExportTargetReport } from '../../messages/export-target.ts';
import { exportsParquet } from '../../targets/exports-parquet.ts';
import type { TargetsAccess } from './targets-access.ts';

/** Writes tables of a target as files of Parquet, from the process that has it open. */
export async function exportTarget(
  targets: Pick<TargetsAccess, 'open'>,
  { target: name, tables, folder }: ExportTargetInput,
): Promise<ExportTargetReport> {
  const target = await targets.open(name);
  if (!exportsParquet(target))
    throw new InvalidInput(`target ${name}: kind ${target.kind} exports no files of Parquet; DuckDB does`);
  return { tables: await target.exportParquet({ folder, ...(tables === undefined ? {} : { tables }) }) };
}
