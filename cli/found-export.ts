import { randomUUID } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { z } from 'zod';
import { InvalidInput } from '../core/errors.ts';
import { noteMoved, readExport, type KnownExport } from '../store/exports/exports.ts';
import { noteExport, type TableToExport } from '../store/exports/note-export.ts';
import { exportIn, MARKER } from '../targets/export-folder.ts';

interface FoundExport {
  /** Absolute, on this machine. */
  readonly folder: string;
  readonly host: string;
  readonly by: string;
  readonly target: string | undefined;
}

const written = z.array(z.object({ schema: z.string(), table: z.string(), rows: z.number(), event: z.number() }));

/**
 * Notes where an export is: the same one where its folder was moved on its machine, else another one, since the first may still be where it
 * was. Erasures of its streams then have to reach it.
 */
export async function addExport(
  pool: Pool,
  found: FoundExport,
): Promise<{ readonly id: string; readonly says: string }> {
  const { folder, host, by } = found;
  const tables = await tablesIn(folder);
  const marked = await exportIn(folder);
  const known = marked === undefined ? undefined : await readExport(pool, marked);
  if (known !== undefined && known.state === 'complete' && known.host === host) {
    const name = `export ${known.export.slice(0, 8)}`;
    if (known.folder === folder) return { id: known.export, says: `${name}: is noted there already.` };
    if ((await exportIn(known.folder)) !== known.export) {
      await noteMoved(pool, { id: known.export, host, folder });
      return {
        id: known.export,
        says: `${name}: is in ${folder} now. \`syncline erase again\` erases there what is left.`,
      };
    }
  }
  const target = found.target ?? known?.target;
  if (target === undefined) throw new InvalidInput('--target: expected the name of the target that the export is of');
  const id = randomUUID();
  const completeSince = known?.at ?? (await stat(join(folder, 'tables.json'))).mtime.toISOString();
  const placed = tables.map((table) => withPlace(table, known));
  await noteExport(pool, { export: id, target, host, folder, format: 'parquet', by, tables: placed, completeSince });
  // After it is noted: a folder that names an export nobody knows is found again by this command.
  await writeFile(join(folder, MARKER), `${JSON.stringify({ export: id })}\n`);
  const before =
    known === undefined || known.state === 'gone'
      ? ''
      : ` Export ${known.export.slice(0, 8)} stays noted beside it: \`syncline export gone\` says when that one is not there any more.`;
  return {
    id,
    says: `export ${id.slice(0, 8)}: noted. \`syncline erase again\` takes out of it who was erased.${before}`,
  };
}

async function tablesIn(folder: string): Promise<z.output<typeof written>> {
  const file = join(folder, 'tables.json');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new InvalidInput(`${file} cannot be read (${error.code ?? 'no code'}): expected the folder of an export`);
  });
  try {
    return written.parse(JSON.parse(text));
  } catch (cause) {
    throw new InvalidInput(`${file}: expected the tables that \`syncline export\` lists there`, { cause });
  }
}

function withPlace(table: z.output<typeof written>[number], known: KnownExport | undefined): TableToExport {
  const same = known?.tables.find((each) => each.schema === table.schema && each.table === table.table);
  if (same === undefined || same.partner === null || same.stream === null) return table;
  return { ...table, of: { partner: same.partner, stream: same.stream } };
}
