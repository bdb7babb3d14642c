import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { InvalidInput } from '../../core/errors.ts';
import { besideOf, MARKER, removeUnfinished } from '../export-folder.ts';
import type { ExportedTable, ExportNotes, TableName, TableToNote } from '../target.ts';
import { liveTables } from './cursors.ts';
import type { FileWork } from './duckdb-file.ts';
import { literal, qualified } from './names.ts';

/** How files are written, also anew. */
export const AS_PARQUET = 'format parquet, compression zstd';

interface ToExport {
  readonly owner: string;
  readonly tables?: readonly TableName[];
  readonly folder: string;
  readonly notes: ExportNotes;
}

/**
 * The set appears under its name when it is complete: it is written beside, and renamed. It is noted before the first file is written, and what is left of one that a
 * process died in is found by its name.
 */
export async function exportParquet(on: FileWork, input: ToExport): Promise<ExportedTable[]> {
  const folder = resolve(input.folder);
  if (await isThere(folder))
    throw new InvalidInput(`${folder} exists already: export to a folder that does not exist yet`);
  const { notes } = input;
  // Before the transaction that is read: what is erased after this knows of the export, what was erased before is not read.
  const noted = wantedOf(await liveTables(on, input.owner), input.tables);
  await notes.begin(noted);
  const beside = join(dirname(folder), `${besideOf(folder, notes.id)}${randomUUID()}`);
  let isPublished = false;
  try {
    // Of an attempt whose process died.
    await removeUnfinished(folder, notes.id);
    await mkdir(beside, { recursive: true });
    // One transaction: files and cursors are of one moment.
    const exported = await on.sql.transaction(() => writeTables(on, { owner: input.owner, tables: noted, beside }));
    await writeFile(join(beside, 'tables.json'), `${JSON.stringify(exported, undefined, 2)}\n`);
    await writeFile(join(beside, MARKER), `${JSON.stringify({ export: notes.id })}\n`);
    for (const { schema, table } of exported) await sync(join(beside, schema, `${table}.parquet`));
    for (const name of ['tables.json', MARKER]) await sync(join(beside, name));
    await notes.end(exported, async () => {
      await rename(beside, folder);
      isPublished = true;
    });
    return exported;
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    // What is there stays noted, whatever became of its end.
    if (!isPublished) await notes.fail().catch(() => {});
    throw error;
  }
}

function wantedOf(live: readonly TableToNote[], wanted: readonly TableName[] | undefined): readonly TableToNote[] {
  return (wanted ?? live).map(({ schema, table }) => {
    const found = live.find((one) => one.schema === schema && one.table === table);
    if (found === undefined)
      throw new InvalidInput(
        `no table ${schema}.${table} in this target; there are: ${live.map((one) => `${one.schema}.${one.table}`).join(', ') || 'none'}`,
      );
    return found;
  });
}

async function writeTables(
  on: FileWork,
  { owner, tables, beside }: { readonly owner: string; readonly tables: readonly TableName[]; readonly beside: string },
): Promise<ExportedTable[]> {
  const live = await liveTables(on, owner);
  // Not recursive: an erasure that removes what is written here is to be noticed.
  for (const schema of new Set(tables.map((each) => each.schema))) await mkdir(join(beside, schema));
  const exported: ExportedTable[] = [];
  for (const { schema, table, event } of wantedOf(live, tables)) {
    const file = literal(join(beside, schema, `${table}.parquet`));
    const rows = await on.sql.run(`copy ${qualified(on.catalog, { schema, table })} to ${file} (${AS_PARQUET})`);
    exported.push({ schema, table, rows, event });
  }
  return exported;
}

const isThere = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

async function sync(path: string): Promise<void> {
  const file = await open(path);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
