import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { RetryLater } from '../core/errors.ts';
import { startChildServer } from './child-server.ts';
import type { ChildServer } from './child-server.ts';
import { freePort } from './free-port.ts';
import { postgresBinaries } from './postgres-binaries.ts';
import { clean, openFolder, reachableFolder } from './postgres-folder.ts';
import { unprivilegedUser } from './unprivileged-user.ts';

export interface PostgresOptions {
  /** Made when it is not there; opened, also after a crash, when it is. */
  readonly dataDir: string;
  /** true: PostgreSQL's own promises. false: a throwaway that is fast, and deleted on `stop` and when we die. */
  readonly durable: boolean;
  /** A free one when absent. */
  readonly port?: number | undefined;
  /** One line of the server's log: starts, stops, recovery; never a statement or a value. */
  readonly log?: ((line: string) => void) | undefined;
}

export interface PostgresServer {
  /** Of the database `postgres`, as superuser. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Where the data really is: another place than asked when root's folder is closed to PostgreSQL's user. */
  readonly dataDir: string;
  stop(): Promise<void>;
  /** SIGKILL of the whole server; the folder stays. */
  kill(): Promise<void>;
}

const READY = 'database system is ready to accept connections';
const READY_PATIENCE_MS = 120_000;
const ATTEMPTS = 20;

/** A real PostgreSQL on 127.0.0.1 that lives no longer than this process. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const log = options.log ?? (() => {});
  const user = await unprivilegedUser();
  const binaries = await postgresBinaries(user);
  const asked = resolve(options.dataDir);
  const dataDir = await reachableFolder(asked, user);
  if (dataDir !== asked) log(`PostgreSQL's user may not enter ${asked}: the data is in ${dataDir}`);
  const { password } = await openFolder({ dataDir, durable: options.durable, initdb: binaries.initdb, user });

  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    const server = startChildServer({
      command: binaries.postgres,
      args: ['-D', dataDir, '-p', String(port), ...settings(options.durable)],
      cwd: '/',
      env: clean,
      user,
      // Fast shutdown, and for orphans the immediate one (PostgreSQL 18, 18.5 "Shutting Down the Server").
      stopSignal: 'SIGINT',
      orphanSignal: 'QUIT',
      thenRemove: options.durable ? undefined : dataDir,
      onLine: log,
    });
    if (await ready(server)) return handle({ server, port, password, dataDir, durable: options.durable });
    if (attempt >= ATTEMPTS || !passing(server.lastLines()))
      throw new RetryLater(`PostgreSQL did not start: ${server.lastLines()}`);
    await wait(250);
  }
}

function settings(durable: boolean): readonly string[] {
  const both = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    // ERROR ranks below LOG here: statements and values that failed stay out of the log, our own errors tell of them.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
  };
  const fast = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };
  return Object.entries({ ...both, ...(durable ? {} : fast) }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function ready(server: ChildServer): Promise<boolean> {
  const deadline = AbortSignal.timeout(READY_PATIENCE_MS);
  while (server.running() && !deadline.aborted) {
    if (server.lastLines().includes(READY)) return true;
    await wait(20);
  }
  await server.stop();
  return false;
}

/** A port that someone else took first, or shared memory that processes of a killed server hold for a moment longer. */
function passing(lines: string): boolean {
  return /could not bind|Address already in use|shared memory block|lock file "postmaster\.pid"/.test(lines);
}

function handle(at: {
  server: ChildServer;
  port: number;
  password: string;
  dataDir: string;
  durable: boolean;
}): PostgresServer {
  return {
    url: `postgres://postgres:${at.password}@127.0.0.1:${at.port}/postgres`,
    port: at.port,
    pid: at.server.pid,
    dataDir: at.dataDir,
    stop: async () => {
      await at.server.stop();
      if (!at.durable) await rm(at.dataDir, { recursive: true, force: true });
    },
    kill: () => at.server.kill(),
  };
}
