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
  const url = pathToFileURL(resolve(file)).href;
  try {
    return await importModule(url).catch(async (error: unknown) => {
      if (!isUnknownExtension(error) || !(await readTypeScript())) throw error;
      // Node keeps what it found under a URL, failures too.
      return importModule(`${url}?typescript`);
    });
  } catch (error) {
    throw new InvalidInput(
      `${file}: ${isUnknownExtension(error) ? NEEDS_TYPESCRIPT : `cannot be imported: ${explain(error)}`}`,
      {
        cause: error,
      },
    );
  }
}

const importModule = (url: string): Promise<{ readonly default?: unknown }> => import(url);

/** Node before 22.18 learns to read TypeScript from tsx, when the first definition needs it; false: tsx is not installed. */
async function readTypeScript(): Promise<boolean> {
  const tsx = await import('tsx/esm/api').catch(() => undefined);
  tsx?.register();
  return tsx !== undefined;
}

const isUnknownExtension = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION';

const NEEDS_TYPESCRIPT =
  'this Node does not read TypeScript; use Node 22.18 or newer, or install tsx, or compile the file to .js';
