import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { InvalidInput } from '../../core/errors.ts';
import type { ExportedTable, TableName } from '../target.ts';
import { liveTables } from './cursors.ts';
import type { FileWork } from './duckdb-file.ts';
import { literal, qualified } from './names.ts';

/** The set appears under its name when it is complete: it is written beside, and renamed. */
export async function exportParquet(
  on: FileWork,
  input: { readonly owner: string; readonly tables?: readonly TableName[]; readonly folder: string },
): Promise<ExportedTable[]> {
  const folder = resolve(input.folder);
  if (await isThere(folder))
    throw new InvalidInput(`${folder} exists already: export to a folder that does not exist yet`);
  const beside = join(dirname(folder), `.${basename(folder)}.${randomUUID()}`);
  await mkdir(beside, { recursive: true });
  try {
    // One transaction: files and cursors are of one moment.
    const exported = await on.sql.transaction(() => writeTables(on, { ...input, folder: beside }));
    await writeFile(join(beside, 'tables.json'), `${JSON.stringify(exported, undefined, 2)}\n`);
    for (const { schema, table } of exported) await sync(join(beside, schema, `${table}.parquet`));
    await sync(join(beside, 'tables.json'));
    await rename(beside, folder);
    return exported;
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw error;
  }
}

async function writeTables(
  on: FileWork,
  input: { readonly owner: string; readonly tables?: readonly TableName[]; readonly folder: string },
): Promise<ExportedTable[]> {
  const live = await liveTables(on, input.owner);
  const wanted = (input.tables ?? live).map(({ schema, table }) => {
    const found = live.find((one) => one.schema === schema && one.table === table);
    if (found === undefined)
      throw new InvalidInput(
        `no table ${schema}.${table} in this target; there are: ${live.map((one) => `${one.schema}.${one.table}`).join(', ') || 'none'}`,
      );
    return found;
  });
  const exported: ExportedTable[] = [];
  for (const { schema, table, event } of wanted) {
    await mkdir(join(input.folder, schema), { recursive: true });
    const file = literal(join(input.folder, schema, `${table}.parquet`));
    const rows = await on.sql.run(
      `copy ${qualified(on.catalog, { schema, table })} to ${file} (format parquet, compression zstd)`,
    );
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
