import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { InvalidInput } from '../../core/errors.ts';
import type { CommandContext } from '../command.ts';
import { exitCodes } from '../exit.ts';
import { packageFacts } from '../package-facts.ts';

const template = fileURLToPath(new URL('../../templates/project', import.meta.url));

/** npm leaves files of these names out of a package, or reads them as its own. */
const renamed: Readonly<Record<string, string>> = { gitignore: '.gitignore', 'env.example': '.env.example' };

/** A project that works: a definition, one with functions, a test. What is there already is left as it is. */
export async function init({ output, options }: CommandContext<{ dir?: string }>): Promise<number> {
  const dir = resolve(options.dir ?? '.');
  await mkdir(dir, { recursive: true });
  const written: string[] = [];
  const kept: string[] = [];
  for (const name of await filesOf(template)) {
    if (name === 'package.json') continue;
    const file = renamed[name] ?? name;
    ((await writeNew(join(dir, file), await readFile(join(template, name), 'utf8'))) ? written : kept).push(file);
  }
  const packageFile = await joinPackage(join(dir, 'package.json'));
  output.table(
    [
      ...written.map((file) => ({ file, '': 'written' })),
      ...kept.map((file) => ({ file, '': 'there already: left as it is' })),
      { file: 'package.json', '': packageFile },
    ],
    ['file', ''],
  );
  output.say('\nNow: npm install && npm test, or npx syncline dev');
  output.json({ dir, written, kept, packageFile });
  return exitCodes.ok;
}

async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1))
    .toSorted();
}

/** False: there is such a file. */
async function writeNew(file: string, text: string): Promise<boolean> {
  await mkdir(dirname(file), { recursive: true });
  try {
    await writeFile(file, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

const texts = z.record(z.string(), z.string());
const packageJson = z.looseObject({
  type: z.literal('module', 'expected "module": definitions and tests are ES modules').optional(),
  scripts: texts.default({}),
  dependencies: texts.default({}),
  devDependencies: texts.default({}),
});

/** Adds what a package.json lacks, and says so. */
async function joinPackage(file: string): Promise<'written' | 'added to' | 'there already: left as it is'> {
  const given = await readFile(file, 'utf8').catch(() => undefined);
  const own = packageJson.parse(JSON.parse(await readFile(join(template, 'package.json'), 'utf8')));
  const { version, peerDependencies } = packageFacts();
  const found = packageJson.safeParse(given === undefined ? {} : parse(given, file));
  if (!found.success)
    throw new InvalidInput(
      found.error.issues.map((issue) => `${file}: ${issue.path.join('.')}: ${issue.message}`).join('\n'),
    );
  // npm init writes a test script that only fails.
  const { test, ...scripts } = found.data.scripts;
  const joined = {
    ...own,
    ...found.data,
    scripts: { ...own.scripts, ...scripts, ...(test === undefined || /no test specified/.test(test) ? {} : { test }) },
    dependencies: { syncline: `^${version}`, ...found.data.dependencies },
    devDependencies: { ...peerDependencies, ...found.data.devDependencies },
  };
  const text = `${JSON.stringify(joined, null, 2)}\n`;
  if (text === given) return 'there already: left as it is';
  await writeFile(file, text);
  return given === undefined ? 'written' : 'added to';
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidInput(`${file}: expected JSON, found something else; correct it, or begin in an empty folder`, {
      cause,
    });
  }
}
