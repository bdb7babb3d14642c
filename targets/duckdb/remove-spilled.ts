import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** As DuckDB names what does not fit into its memory. */
const PREFIX = 'duckdb_temp_';

/**
 * Removes what a process that was killed had put beside the file (`FILE.tmp/`) because it did not fit into memory: copies of rows, which DuckDB 1.5 leaves
 * there. Call it while the file is open here, so that no other process has it open: then what is older than this process belongs to nobody.
 */
export async function removeSpilled(path: string, startedMs = performance.timeOrigin): Promise<void> {
  const folder = `${path}.tmp`;
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => one.startsWith(PREFIX))) {
    const file = join(folder, name);
    const found = await stat(file).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < startedMs) await rm(file, { force: true }).catch(() => {});
  }
}
