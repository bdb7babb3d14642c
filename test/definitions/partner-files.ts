import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { InvalidInput } from '../../core/errors.ts';
import type { Partner } from '../../definitions/definition.ts';
import type { Environment } from '../../definitions/interpolate.ts';
import { loadPartner } from '../../definitions/load.ts';

/** Writes files into a folder of their own, and removes it afterwards. */
export async function withFiles<T>(
  files: Readonly<Record<string, string>>,
  use: (dir: string) => Promise<T>,
): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'partners-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(dir, name)), { recursive: true });
      await writeFile(join(dir, name), text);
    }
    return await use(dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** Loads `acme` from the text of its YAML. */
export const loadAcme = (yaml: string, env: Environment = {}): Promise<Partner> =>
  withFiles({ 'acme.yaml': yaml }, (dir) => loadPartner('acme', { dir, env }));

/** The messages that a definition is refused with, one per problem, without the folder's name. */
export async function problemsOf(yaml: string, env: Environment = {}): Promise<string[]> {
  return withFiles({ 'acme.yaml': yaml }, async (dir) => {
    try {
      await loadPartner('acme', { dir, env });
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      const lines = error.message.replaceAll(join(dir, 'acme.yaml'), 'acme.yaml').split('\n');
      return lines.length === 1
        ? lines
        : lines.slice(/^\d+ problems/.test(lines[0] as string) ? 1 : 0).map((line) => line.trim());
    }
    return [];
  });
}

/** YAML of a partner with one stream, and what a test adds to both. */
export const acme = (more: { readonly top?: string; readonly stream?: string } = {}): string =>
  [
    'name: acme',
    'baseUrl: https://api.acme.example',
    ...(more.top === undefined ? [] : [more.top]),
    'streams:',
    '  orders:',
    '    path: /orders',
    '    primaryKey: [id]',
    '    schema: { type: object, properties: { id: { type: string }, at: { type: string, format: date-time } } }',
    ...(more.stream === undefined ? [] : [`    ${more.stream}`]),
  ].join('\n');
