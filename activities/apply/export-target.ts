import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { InvalidInput } from '../../core/errors.ts';
import type { ExportTargetInput, ExportTargetReport } from '../../messages/export-target.ts';
import type { TargetStore } from '../../store/target-store.ts';
import { exportsParquet } from '../../targets/exports-parquet.ts';
import type { ExportNotes } from '../../targets/target.ts';
import type { TargetsAccess } from './targets-access.ts';

interface ExportDeps {
  readonly targets: Pick<TargetsAccess, 'open'>;
  readonly store: Pick<TargetStore, 'noteExport' | 'completeExport' | 'forgetExport'>;
}

/** Writes tables of a target as files of Parquet, from the process that has it open, and notes where they are. */
export async function exportTarget(
  { targets, store }: ExportDeps,
  { target: name, tables, folder, export: id = randomUUID(), by = 'a worker' }: ExportTargetInput,
): Promise<ExportTargetReport> {
  const target = await targets.open(name);
  if (!exportsParquet(target))
    throw new InvalidInput(`target ${name}: kind ${target.kind} exports no files of Parquet; DuckDB does`);
  const noted = { export: id, target: name, host: hostname(), folder: resolve(folder), format: 'parquet', by };
  const notes = {
    id,
    begin: (begun) => store.noteExport({ ...noted, tables: begun }),
    end: (written, publish) => store.completeExport({ id, tables: written, publish }),
    fail: () => store.forgetExport(id),
  } satisfies ExportNotes;
  return {
    export: id,
    tables: await target.exportParquet({ folder, notes, ...(tables === undefined ? {} : { tables }) }),
  };
}
