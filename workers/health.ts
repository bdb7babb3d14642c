import { createServer, type ServerResponse } from 'node:http';
import { SECOND } from '../core/duration.ts';
import { explain } from '../core/errors.ts';
import { closeServer, hostOf, listen } from '../http/listen.ts';

export interface Health {
  /** `http://host:port` as it really listens. */
  readonly url: string;
  close(): Promise<void>;
}

export interface HealthChecks {
  /** What keeps this process from working, in words; empty: nothing does. */
  readonly problems: () => Promise<readonly string[]>;
  /** What a person should know, though it works all the same. */
  readonly notes?: () => Promise<readonly string[]>;
}

interface Looked {
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** Probes come from everywhere at once; what stands behind them is asked so often at the most. */
const FRESH_MS = 2 * SECOND;
const PATIENCE_MS = 3 * SECOND;

/**
 * `GET /healthz`: 200 while the process can answer at all. `GET /readyz`: 200 when it works, else 503 with the reasons. Both
 * answer JSON. `address` is `host:port`; port 0 takes a free one.
 */
export async function startHealth(address: string, checks: HealthChecks): Promise<Health> {
  let last: { readonly atMs: number; readonly found: Promise<Looked> } | undefined;
  const look = (): Promise<Looked> => {
    const nowMs = performance.now();
    if (last === undefined || nowMs - last.atMs > FRESH_MS) last = { atMs: nowMs, found: lookAt(checks) };
    return last.found;
  };
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') return say(response, 405, { error: 'only GET' });
    if (path === '/healthz') return say(response, 200, { status: 'ok' });
    if (path !== '/readyz') return say(response, 404, { error: 'there are /healthz and /readyz' });
    void look().then(({ problems, notes }) =>
      say(response, problems.length === 0 ? 200 : 503, {
        ready: problems.length === 0,
        problems,
        ...(notes.length === 0 ? {} : { notes }),
      }),
    );
  });
  const port = await listen(server, { address, setting: 'SYNCLINE_HEALTH_ADDRESS' });
  return {
    url: `http://${hostOf(address)}:${port}`,
    close: () => closeServer(server),
  };
}

async function lookAt({ problems, notes }: HealthChecks): Promise<Looked> {
  const [wrong, known] = await Promise.all([
    inTime(problems()).catch((error: unknown) => [explain(error)]),
    inTime(notes?.() ?? Promise.resolve([])).catch(() => []),
  ]);
  return { problems: wrong, notes: known };
}

function say(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
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
