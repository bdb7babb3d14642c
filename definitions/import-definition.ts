import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvalidInput, explain } from '../core/errors.ts';
import { ALERTS } from './alerts.ts';
import { TARGETS } from './targets.ts';

/**
 * The default export of a `.ts`, `.js` or `.mjs` definition as the file is now. Modules that it imports are read once in a
 * process: Node keeps them.
 */
export async function importDefinition(file: string): Promise<unknown> {
  const { default: exported } = await importFile(file);
  // A file that its folder's package.json makes CommonJS comes as a module within a module (tsx, compilers).
  const inner = isWrapped(exported) ? exported.default : exported;
  if (inner !== undefined) return inner;
  const define = defines[basename(file).split('.')[0] ?? ''] ?? 'definePartner';
  throw new InvalidInput(`${file}: no default export; write export default ${define}({ … })`);
}

const defines: Readonly<Record<string, string | undefined>> = { [TARGETS]: 'defineTargets', [ALERTS]: 'defineAlerts' };

const isWrapped = (value: unknown): value is { readonly default?: unknown } =>
  typeof value === 'object' && value !== null && '__esModule' in value;

async function importFile(file: string): Promise<{ readonly default?: unknown }> {
  try {
    const { mtimeMs } = await stat(file);
    // Node keeps a module under its URL for good, so a file that has changed needs another one.
    const url = `${pathToFileURL(resolve(file)).href}?changed=${mtimeMs}`;
    // Of one that is CommonJS it keeps the exports under its path, whatever the URL.
    Reflect.deleteProperty(createRequire(import.meta.url).cache, resolve(file));
    return await importModule(url).catch(async (error: unknown) => {
      if (!isUnknownExtension(error) || !(await readTypeScript())) throw error;
      // Node keeps what it found under a URL, failures too.
      return importModule(`${url}&typescript`);
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
  if (tsx === undefined) return false;
  tsx.register();
  // Of files that no package.json calls modules. Without it Node reads their TypeScript as JavaScript.
  (await import('tsx/cjs/api')).register();
  return true;
}

const isUnknownExtension = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION';

const NEEDS_TYPESCRIPT =
  'this Node does not read TypeScript; use Node 22.18 or newer, or install tsx, or compile the file to .js';
