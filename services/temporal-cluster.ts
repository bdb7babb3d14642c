import { execFile } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { explain, RetryLater } from '../core/errors.ts';
import { startChildServer } from './child-server.ts';
import type { ChildServer } from './child-server.ts';
import { freeLowPort } from './free-port.ts';
import type { ClusterBinaries } from './temporal-cluster-binaries.ts';
import { temporalIsReady } from './temporal-is-ready.ts';
import type { TemporalServer } from './temporal-server.ts';

export interface ClusterOptions {
  readonly binaries: ClusterBinaries;
  /** From `resolveTemporalCli`: deploy/setup-namespace.sh runs it. */
  readonly cliPath: string;
  /** The PATH of the scripts of deploy/. */
  readonly pathEnv: string;
  /** Of a user that may create databases; `temporal` and `temporal_visibility` are made there, or found. */
  readonly postgresUrl: string;
  readonly namespace?: string | undefined;
  /** Of its Prometheus endpoint on 127.0.0.1; none when absent. */
  readonly metricsPort?: number | undefined;
  readonly log?: ((line: string) => void) | undefined;
}

const deploy = (file: string): string => fileURLToPath(new URL(`../deploy/${file}`, import.meta.url));
const SETUP_PATIENCE_MS = 300_000;
const run = promisify(execFile);

/**
 * Temporal's own server with its state in PostgreSQL, on 127.0.0.1: what docker-compose.yml starts, with the same scripts
 * and the same settings, without containers. It lives no longer than this process; its databases stay.
 */
export async function startTemporalCluster(options: ClusterOptions): Promise<TemporalServer> {
  const database = addressOf(options.postgresUrl);
  await script('setup-schema.sh', `${options.binaries.folder}${delimiter}${options.pathEnv}`, {
    SQL_HOST: database.host,
    SQL_PORT: database.port,
    SQL_USER: database.user,
    SQL_PASSWORD: database.password,
    SCHEMA_DIR: options.binaries.schemaDir,
  });
  const ports = await freePorts();
  const server = startServer(options, database, ports);
  const address = `127.0.0.1:${ports.FRONTEND_GRPC_PORT}`;
  // `temporal-system` is the namespace that every cluster has.
  if (!(await temporalIsReady(server, address, 'temporal-system')))
    throw new RetryLater(`the Temporal server did not start: ${lastWords(server)}`);
  const namespace = options.namespace ?? 'default';
  await script('setup-namespace.sh', `${dirname(options.cliPath)}${delimiter}${options.pathEnv}`, {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
  }).catch(async (error: unknown) => {
    await server.stop();
    throw error;
  });
  if (!(await temporalIsReady(server, address, namespace)))
    throw new RetryLater(`the Temporal server does not serve ${namespace}: ${lastWords(server)}`);
  return { address, uiUrl: null, pid: server.pid, stop: () => server.stop(), kill: () => server.kill() };
}

/** Its log lines are JSON with long stack traces. */
const lastWords = (server: ChildServer): string => server.lastLines().split('\n').at(-1)?.slice(0, 500) ?? '';

interface Database {
  readonly host: string;
  readonly port: string;
  readonly user: string;
  readonly password: string;
}

function addressOf(url: string): Database {
  const { hostname, port, username, password } = new URL(url);
  return {
    host: hostname,
    port: port || '5432',
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
}

/** Variables of config_template_embedded.yaml in temporalio/temporal; all services listen, in one process. */
const PORTS = [
  'FRONTEND_GRPC_PORT',
  'FRONTEND_HTTP_PORT',
  'FRONTEND_MEMBERSHIP_PORT',
  'MATCHING_GRPC_PORT',
  'MATCHING_MEMBERSHIP_PORT',
  'HISTORY_GRPC_PORT',
  'HISTORY_MEMBERSHIP_PORT',
  'WORKER_GRPC_PORT',
  'WORKER_MEMBERSHIP_PORT',
] as const;

type Ports = Readonly<Record<(typeof PORTS)[number], string>>;

/** Temporal keeps its members' ports in a smallint of PostgreSQL: one above 32767 ends the server. */
async function freePorts(): Promise<Ports> {
  const found = new Set<number>();
  while (found.size < PORTS.length) found.add(await freeLowPort());
  return Object.fromEntries([...found].map((port, at) => [PORTS[at], String(port)])) as Ports;
}

function startServer(options: ClusterOptions, database: Database, ports: Ports): ChildServer {
  return startChildServer({
    command: `${options.binaries.folder}/temporal-server`,
    // As the image starts it; without the flag it warns that nobody has to log in.
    args: ['--allow-no-auth', 'start'],
    cwd: '/',
    env: {
      ...ports,
      DB: 'postgres12',
      DB_PORT: database.port,
      POSTGRES_SEEDS: database.host,
      POSTGRES_USER: database.user,
      POSTGRES_PWD: database.password,
      // Four services share a development machine's PostgreSQL with everything else.
      SQL_MAX_CONNS: '8',
      SQL_MAX_IDLE_CONNS: '8',
      SQL_VIS_MAX_CONNS: '4',
      SQL_VIS_MAX_IDLE_CONNS: '4',
      // Fixed for the life of a database: the compose file's number.
      NUM_HISTORY_SHARDS: '512',
      BIND_ON_IP: '127.0.0.1',
      TEMPORAL_BROADCAST_ADDRESS: '127.0.0.1',
      DYNAMIC_CONFIG_FILE_PATH: deploy('dynamicconfig.yaml'),
      LOG_LEVEL: 'error',
      ...(options.metricsPort === undefined ? {} : { PROMETHEUS_ENDPOINT: `127.0.0.1:${options.metricsPort}` }),
    },
    stopSignal: 'SIGTERM',
    orphanSignal: 'TERM',
    onLine: options.log ?? (() => {}),
  });
}

async function script(file: string, path: string, env: Readonly<Record<string, string>>): Promise<void> {
  try {
    await run('sh', [deploy(file)], { cwd: '/', env: { ...env, PATH: path, HOME: '/' }, timeout: SETUP_PATIENCE_MS });
  } catch (cause) {
    throw new RetryLater(`deploy/${file} failed: ${explain(cause)}`, { cause });
  }
}
