import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { explain, InvalidInput } from '../core/errors.ts';
import { findOnPath, isExecutable } from './find-on-path.ts';

/** The newest patch of the server that the CLI (TEMPORAL_CLI_VERSION) and docker-compose.yml bring. */
export const TEMPORAL_SERVER_VERSION = '1.32.2';

export interface ClusterBinaries {
  /** Holds `temporal-server` and `temporal-sql-tool`, named as in Temporal's images. */
  readonly folder: string;
  /** The server's PostgreSQL schemas: `temporal/versioned` and `visibility/versioned`. */
  readonly schemaDir: string;
}

const MODULE = `go.temporal.io/server@v${TEMPORAL_SERVER_VERSION}`;
const PROGRAMS = { 'temporal-server': 'cmd/server', 'temporal-sql-tool': 'cmd/tools/sql' } as const;
const BUILD_PATIENCE_MS = 3_600_000;
const run = promisify(execFile);

/** Temporal's own server as production runs it: from the cache, or built once through the Go module proxy. Needs `go`. */
export async function clusterBinaries(options: {
  readonly cacheDir: string;
  readonly pathEnv: string;
  readonly log: (line: string) => void;
}): Promise<ClusterBinaries> {
  const [go] = await findOnPath('go', options.pathEnv);
  if (go === undefined)
    throw new InvalidInput(
      `there is no go on the PATH, and the Temporal server is built with it: install Go 1.21 or newer (https://go.dev/dl)`,
    );
  const home = join(options.cacheDir, `temporal-server-${TEMPORAL_SERVER_VERSION}-${process.platform}-${process.arch}`);
  await mkdir(home, { recursive: true });
  // The server may need a newer Go than this one: it is fetched through the same proxy.
  const withEnv = ['GOTOOLCHAIN=auto', 'GOFLAGS=-buildvcs=false'];
  try {
    const there = await Promise.all(Object.keys(PROGRAMS).map((name) => isExecutable(join(home, name))));
    if (there.includes(false)) {
      options.log(`building the Temporal server ${TEMPORAL_SERVER_VERSION} (10 minutes or more, once)`);
      await build([...withEnv, go], home);
    }
    const { stdout } = await run('env', [...withEnv, go, 'mod', 'download', '-json', MODULE], { cwd: '/' });
    const { Dir: source } = JSON.parse(stdout) as { Dir: string };
    return { folder: home, schemaDir: join(source, 'schema', 'postgresql', 'v12') };
  } catch (cause) {
    throw new InvalidInput(`the Temporal server could not be built: ${explain(cause)}`, { cause });
  }
}

async function build(go: readonly string[], home: string): Promise<void> {
  const work = await mkdtemp(join(home, 'building-'));
  try {
    const packages = Object.values(PROGRAMS).map((path) => MODULE.replace('@', `/${path}@`));
    await run('env', [`GOBIN=${work}`, ...go, 'install', ...packages], { cwd: '/', timeout: BUILD_PATIENCE_MS });
    // go names a program after the last part of its path.
    for (const [name, path] of Object.entries(PROGRAMS))
      await rename(join(work, path.split('/').at(-1) ?? ''), join(home, name));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
