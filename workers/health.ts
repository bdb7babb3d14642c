import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SECOND } from '../core/duration.ts';
import { explain, InvalidInput } from '../core/errors.ts';

export interface Health {
  /** `http://host:port` as it really listens. */
  readonly url: string;
  close(): Promise<void>;
}

export interface HealthChecks {
  /** What keeps this process from working, in words; empty: nothing does. */
  readonly problems: () => Promise<readonly string[]>;
}

/** Probes come from everywhere at once; what stands behind them is asked so often at the most. */
const FRESH_MS = 2 * SECOND;
const PATIENCE_MS = 3 * SECOND;

/**
 * `GET /healthz`: 200 while the process can answer at all. `GET /readyz`: 200 when it works, else 503 with the reasons. Both
 * answer JSON. `address` is `host:port`; port 0 takes a free one.
 */
export async function startHealth(address: string, { problems }: HealthChecks): Promise<Health> {
  let last: { readonly atMs: number; readonly found: Promise<readonly string[]> } | undefined;
  const look = (): Promise<readonly string[]> => {
    const nowMs = performance.now();
    if (last === undefined || nowMs - last.atMs > FRESH_MS)
      last = { atMs: nowMs, found: inTime(problems()).catch((error: unknown) => [explain(error)]) };
    return last.found;
  };
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') return say(response, 405, { error: 'only GET' });
    if (path === '/healthz') return say(response, 200, { status: 'ok' });
    if (path !== '/readyz') return say(response, 404, { error: 'there are /healthz and /readyz' });
    void look().then((found) =>
      say(response, found.length === 0 ? 200 : 503, { ready: found.length === 0, problems: found }),
    );
  });
  const port = await listen(server, address);
  return {
    url: `http://${hostOf(address)}:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function say(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}

const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(':'));

async function listen(server: Server, address: string): Promise<number> {
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  try {
    server.listen(port, hostOf(address).replace(/^\[|\]$/g, ''));
    await once(server, 'listening');
  } catch (error) {
    throw new InvalidInput(
      `SYNCLINE_HEALTH_ADDRESS: cannot listen on ${address} (${explain(error)}); choose another address, or port 0 for a free one`,
    );
  }
  return (server.address() as AddressInfo).port;
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS / SECOND} s`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
