import { readFile } from 'node:fs/promises';
import { InvalidInput } from '../core/errors.ts';
import { importDefinition } from './import-definition.ts';
import type { Locate } from './problem.ts';
import { readYaml } from './yaml.ts';

/** What a definition's file holds, as it is written: nothing is filled in or checked. */
export async function readDefinition(file: string): Promise<{ readonly value: unknown; readonly locate: Locate }> {
  if (!/\.ya?ml$/.test(file)) return { value: await importDefinition(file), locate: () => undefined };
  const { value, locate, errors } = readYaml(await readFile(file, 'utf8'));
  if (errors.length === 0) return { value, locate };
  throw new InvalidInput(errors.map(({ line, col, says }) => `${file}:${line}:${col}: ${says}`).join('\n'));
}
