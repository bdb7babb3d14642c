import { mkdir, writeFile } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { findPartner } from '../../definitions/find.ts';
import { readDefinition } from '../../definitions/read-definition.ts';
import { rehearse, type Rehearsing } from './rehearse.ts';

/** Writes a partner's definition for a rehearsal into a folder of partners. Functions of a definition in TypeScript stay where they are. */
export async function writeRehearsed(
  name: string,
  { from, into, ...how }: Rehearsing & { readonly from: string; readonly into: string },
): Promise<void> {
  const file = await findPartner(name, from);
  await mkdir(into, { recursive: true });
  if (/\.ya?ml$/.test(file)) {
    const { value } = await readDefinition(file);
    await writeFile(join(into, `${how.as}.yaml`), JSON.stringify(rehearse(value, how)));
    return;
  }
  const module = [
    `import { importDefinition } from ${ours('../../definitions/import-definition')};`,
    `import { rehearse } from ${ours('./rehearse')};`,
    `export default rehearse(await importDefinition(${JSON.stringify(resolve(file))}), ${JSON.stringify(how)});`,
  ];
  await writeFile(join(into, `${how.as}.mjs`), `${module.join('\n')}\n`);
}

/** A module of ours, compiled or not. */
const ours = (path: string): string =>
  JSON.stringify(new URL(path + extname(new URL(import.meta.url).pathname), import.meta.url).href);
