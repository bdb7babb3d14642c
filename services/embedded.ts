import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { migrate } from '../store/migrate/migrate.ts';
import { portOrFree } from './free-port.ts';
import { startPostgres, type PostgresServer } from './postgres.ts';
import { resolveTemporalCli } from './temporal-cli.ts';
import { startTemporal, type TemporalServer } from './temporal-server.ts';
import { installedBundle } from './installed-bundle.ts';
import { cachedWorkflowBundle } from './workflow-bundle.ts';

export interface EmbeddedOptions {
  readonly dir: string;
  readonly cacheDir: string;
  readonly pathEnv: string;
  /** Keep data over restarts. */
  readonly durable: boolean;
  readonly say: (line: string) => void;
  /** The schema of the ledger; `syncline` by default. */
  readonly controlSchema?: string;
  /** Wanted ones; another where somebody else listens already. Free ones when absent. */
  readonly ports?: { readonly [name in keyof EmbeddedPorts]?: number | undefined };
}

export interface EmbeddedPorts {
  readonly postgres: number;
  readonly temporal: number;
  readonly ui: number;
}

export interface Embedded {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly uiUrl: string;
  readonly workflowBundle: string;
  readonly ports: EmbeddedPorts;
  stop(): Promise<void>;
}

/** PostgreSQL (migrated), a Temporal server with its UI, and the workflow bundle: all at once, on local ports. */
export async function startEmbedded({
  dir,
  cacheDir,
  pathEnv,
  durable,
  say,
  controlSchema,
  ports,
}: EmbeddedOptions): Promise<Embedded> {
  const started: { postgres?: PostgresServer; temporal?: TemporalServer } = {};
  const stop = async (): Promise<void> => {
    await Promise.allSettled([started.temporal?.stop(), started.postgres?.stop()]);
    if (!durable) await rm(dir, { recursive: true, force: true });
  };
  const log = say;
  const results = await Promise.allSettled([
    startPostgres({ dataDir: resolve(join(dir, 'postgres')), durable, port: await wanted(ports?.postgres) }).then(
      async (postgres) => {
        started.postgres = postgres;
        await migrate(postgres.url, controlSchema === undefined ? {} : { schema: controlSchema });
        say(`PostgreSQL listens on 127.0.0.1:${postgres.port}`);
      },
    ),
    resolveTemporalCli({ cacheDir, pathEnv, log }).then(async (cliPath) => {
      const dbFile = durable ? resolve(join(dir, 'temporal.db')) : undefined;
      started.temporal = await startTemporal({
        cliPath,
        dbFile,
        port: await wanted(ports?.temporal),
        uiPort: await wanted(ports?.ui),
      });
      say(`Temporal listens on ${started.temporal.address}, its UI on ${started.temporal.uiUrl}`);
    }),
    installedBundle() ?? cachedWorkflowBundle({ cacheDir: join(dir, '..', 'cache') }),
  ]);
  const [, , bundle] = results;
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined || bundle.status === 'rejected') {
    await stop();
    throw failed?.reason;
  }
  const { postgres, temporal } = started as { postgres: PostgresServer; temporal: TemporalServer };
  return {
    databaseUrl: postgres.url,
    temporalAddress: temporal.address,
    uiUrl: temporal.uiUrl ?? '',
    workflowBundle: bundle.value,
    ports: {
      postgres: postgres.port,
      temporal: portOf(`http://${temporal.address}`),
      ui: portOf(temporal.uiUrl ?? ''),
    },
    stop,
  };
}

/** Absent where it was not asked for: who starts the server then tries several free ones. */
const wanted = async (port: number | undefined): Promise<number | undefined> =>
  port === undefined ? undefined : portOrFree(port);

const portOf = (url: string): number => Number(new URL(url).port);
