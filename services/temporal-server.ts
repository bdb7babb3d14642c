import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { RetryLater } from '../core/errors.ts';
import { searchAttributes } from '../messages/search-attributes.ts';
import { startChildServer } from './child-server.ts';
import { freePort } from './free-port.ts';
import { temporalIsReady } from './temporal-is-ready.ts';

export interface TemporalOptions {
  /** From `resolveTemporalCli`. */
  readonly cliPath: string;
  /** Where workflows are kept; in memory, and gone with the server, when absent. */
  readonly dbFile?: string | undefined;
  /** A free one when absent. */
  readonly port?: number | undefined;
  /** A free one when absent, null for no UI. */
  readonly uiPort?: number | null | undefined;
  /** Where `/metrics` answers; a free one when absent. */
  readonly metricsPort?: number | undefined;
  readonly namespace?: string | undefined;
  readonly log?: ((line: string) => void) | undefined;
}

export interface TemporalServer {
  readonly address: string;
  readonly uiUrl: string | null;
  readonly pid: number;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

const ATTEMPTS = 5;

/** Without these the product runs, but limits come in clumps and lanes do not hold: docs/services.md tells why. */
export const dynamicConfig = {
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
  'matching.enableFairness': true,
  'frontend.namespaceRPS.visibility': 500,
} as const;

/** Temporal's development server on 127.0.0.1; it lives no longer than this process, and comes back on its file. */
export async function startTemporal(options: TemporalOptions): Promise<TemporalServer> {
  const namespace = options.namespace ?? 'default';
  if (options.dbFile !== undefined) await mkdir(dirname(options.dbFile), { recursive: true });
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    const uiPort = options.uiPort === undefined ? await freePort() : options.uiPort;
    const server = startChildServer({
      command: options.cliPath,
      args: commandLine({ port, uiPort, namespace, dbFile: options.dbFile, metricsPort: options.metricsPort }),
      cwd: '/',
      stopSignal: 'SIGTERM',
      orphanSignal: 'TERM',
      onLine: options.log ?? (() => {}),
    });
    const address = `127.0.0.1:${port}`;
    if (await temporalIsReady(server, address, namespace))
      return {
        address,
        uiUrl: uiPort === null ? null : `http://127.0.0.1:${uiPort}`,
        pid: server.pid,
        stop: () => server.stop(),
        kill: () => server.kill(),
      };
    // Its HTTP and metrics ports are free ones too, found and then taken: someone else may be quicker.
    if (attempt >= ATTEMPTS || !/address already in use|already in use/i.test(server.lastLines()))
      throw new RetryLater(`the Temporal server did not start: ${server.lastLines()}`);
    await wait(250);
  }
}

function commandLine(server: {
  port: number;
  uiPort: number | null;
  namespace: string;
  dbFile: string | undefined;
  metricsPort: number | undefined;
}): readonly string[] {
  const ui = server.uiPort === null ? ['--headless'] : ['--ui-port', String(server.uiPort), '--ui-disable-news-fetch'];
  const types = { KEYWORD: 'Keyword' } as const;
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(server.port), '--log-level', 'error', ...ui],
    ...(server.dbFile === undefined ? [] : ['--db-filename', resolve(server.dbFile)]),
    ...(server.metricsPort === undefined ? [] : ['--metrics-port', String(server.metricsPort)]),
    ...(server.namespace === 'default' ? [] : ['--namespace', server.namespace]),
    ...Object.entries(dynamicConfig).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${value}`]),
    ...Object.entries(searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${types[type]}`]),
  ];
}
