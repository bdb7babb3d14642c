import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvalidInput, explain } from '../core/errors.ts';

/** The default export of a `.ts`, `.js` or `.mjs` definition. */
export async function importDefinition(file: string): Promise<unknown> {
  const module = await importFile(file);
  if (module.default !== undefined) return module.default;
  throw new InvalidInput(`${file}: no default export; write export default definePartner({ … })`);
}

async function importFile(file: string): Promise<{ readonly default?: unknown }> {
  try {
    return (await import(pathToFileURL(resolve(file)).href)) as { readonly default?: unknown };
  } catch (error) {
    throw new InvalidInput(
      `${file}: ${isUnknownExtension(error) ? NEEDS_TYPESCRIPT : `cannot be imported: ${explain(error)}`}`,
      {
        cause: error,
      },
    );
  }
}

const isUnknownExtension = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION';

const NEEDS_TYPESCRIPT =
  'this Node does not read TypeScript; use Node 22.18 or newer, or start with `node --import tsx`, or compile the file to .js';
