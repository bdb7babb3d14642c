import { writeFile } from 'node:fs/promises';
import { explain, InvalidInput } from '../core/errors.ts';

/** Writes a report where people want it; a file that is there stays, unless they say otherwise. Gives its size in bytes. */
export async function writeReport(
  file: string,
  text: string,
  { force = false }: { readonly force?: boolean },
): Promise<number> {
  try {
    await writeFile(file, text, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    const isThere = typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIST';
    throw new InvalidInput(
      isThere
        ? `${file} is there already: give another one with --out, or --force to write over it`
        : `--out: cannot write ${file} (${explain(error)})`,
    );
  }
  return Buffer.byteLength(text);
}
