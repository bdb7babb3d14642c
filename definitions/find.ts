import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInput } from '../core/errors.ts';
import { ALERTS } from './alerts.ts';
import { closest } from './closest.ts';
import { DUPLICATES } from './duplicates.ts';
import { TARGETS } from './targets.ts';

const EXTENSIONS = ['.yaml', '.yml', '.ts', '.js', '.mjs'] as const;

/** Names of the partners in `dir`: `<name>.yaml`, `.yml`, `.ts`, `.js` or `.mjs`, or a folder `<name>` with such a file. */
export async function listPartners(dir: string): Promise<string[]> {
  return [...(await partnerFiles(dir)).keys()].toSorted();
}

/** Files of each partner, as they were found: who loads many reads the folder once. */
export type PartnerFiles = ReadonlyMap<string, readonly string[]>;

/** The one file that defines `name`. */
export async function findPartner(name: string, dir: string, found?: PartnerFiles): Promise<string> {
  if (isReserved(name))
    throw new InvalidInput(`a partner may not be called "${name}": ${join(dir, `${name}.yaml`)} declares the ${name}`);
  const files = found ?? (await partnerFiles(dir));
  const [file, other] = files.get(name) ?? [];
  if (file === undefined) {
    const names = [...files.keys()].toSorted();
    const near = closest(name, names);
    const cure =
      near !== undefined
        ? `did you mean "${near}"?`
        : names.length > 0
          ? `there are ${names.join(', ')}`
          : `write ${join(dir, `${name}.yaml`)}`;
    throw new InvalidInput(`there is no partner ${JSON.stringify(name)} in ${dir}; ${cure}`);
  }
  if (other !== undefined)
    throw new InvalidInput(`partner "${name}" is defined twice, in ${file} and in ${other}; keep one of them`);
  return file;
}

/** Files beside the partners that declare something of the whole installation. */
const reserved = [TARGETS, ALERTS, DUPLICATES] as const;
type Reserved = (typeof reserved)[number];
const isReserved = (name: string): name is Reserved => (reserved as readonly string[]).includes(name);

/** The one file that declares the targets of the installation; undefined: there are none beside the store's own tables. */
export const findTargets = (dir: string): Promise<string | undefined> => findFile(dir, TARGETS);

/** The one file that declares the targets, the alerts or the duplicates; undefined: there is none. */
export async function findFile(dir: string, what: Reserved): Promise<string | undefined> {
  const entries = await entriesOf(dir);
  const [file, other] = EXTENSIONS.map((end) => `${what}${end}`)
    .filter((name) => entries.includes(name))
    .map((name) => join(dir, name));
  if (other !== undefined)
    throw new InvalidInput(`${what} are declared twice, in ${file} and in ${other}; keep one of them`);
  return file;
}

export async function partnerFiles(dir: string): Promise<PartnerFiles> {
  const files = new Map<string, string[]>();
  for (const entry of await entriesOf(dir)) {
    const extension = EXTENSIONS.find((end) => entry.endsWith(end));
    if (extension !== undefined && !entry.endsWith('.d.ts')) {
      add(files, entry.slice(0, -extension.length), join(dir, entry));
    } else if (await isFolder(join(dir, entry))) {
      const inside = await entriesOf(join(dir, entry));
      for (const end of EXTENSIONS)
        if (inside.includes(`${entry}${end}`)) add(files, entry, join(dir, entry, `${entry}${end}`));
    }
  }
  for (const name of reserved) files.delete(name);
  return files;
}

async function entriesOf(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir)).filter((entry) => /^[a-z]/.test(entry)).toSorted();
  } catch (error) {
    throw new InvalidInput(`cannot read the folder of partners ${dir}; create it, or point to another one`, {
      cause: error,
    });
  }
}

const isFolder = async (path: string): Promise<boolean> => (await stat(path)).isDirectory();

function add(files: Map<string, string[]>, name: string, file: string): void {
  files.set(name, [...(files.get(name) ?? []), file]);
}
