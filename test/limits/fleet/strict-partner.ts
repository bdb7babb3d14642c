import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A partner in a process of its own that judges by its own clock, at arrival, without mercy: exact GCRA, or the log of a
 * sliding window. Answers 410 once it has seen enough. `GET /report` tells what came.
 */
export interface StrictOptions {
  readonly kind: 'bucket' | 'sliding' | 'concurrency';
  /** Units per `perMs`; slots. */
  readonly limit: number;
  readonly perMs: number;
  readonly burst: number;
  readonly enough: number;
  readonly latencyMs: number;
}

export interface StrictReport {
  readonly arrivals: number;
  readonly refused: number;
  /** First to last arrival. */
  readonly wallMs: number;
  readonly gapsMs: { readonly least: number; readonly median: number; readonly most: number };
  /** When each request was seen, µs of the machine's monotonic clock. */
  readonly seen: readonly { readonly id: string; readonly atUs: number }[];
  /** How much too early the refused came. */
  readonly earlyMs: readonly number[];
}

const options = JSON.parse(process.argv[2] ?? '{}') as StrictOptions;
try {
  // A real partner's machine is not slowed down by our load.
  setPriority(-10);
} catch {
  // Not permitted: then it is.
}
const nowUs = (): number => Number(process.hrtime.bigint() / 1000n);
const times: number[] = [];
const seen: { id: string; atUs: number }[] = [];
const early: number[] = [];
let open = 0;
let refused = 0;
let tat = 0;
const periodUs = (options.perMs * 1000) / options.limit;

function admit(at: number): boolean {
  if (options.kind === 'concurrency') return open <= options.limit;
  if (options.kind === 'bucket') {
    const next = Math.max(at, tat) + periodUs;
    const lacksUs = next - at - options.burst * periodUs;
    if (lacksUs > 0) early.push(lacksUs / 1000);
    else tat = next;
    return lacksUs <= 0;
  }
  const oldest = times.at(-1 - options.limit);
  if (oldest === undefined || oldest <= at - options.perMs * 1000) return true;
  early.push((oldest - at + options.perMs * 1000) / 1000);
  return false;
}

const server = createServer((request, response) => {
  const at = nowUs();
  if (request.url === '/report') {
    response.end(JSON.stringify(report()));
    return;
  }
  if (times.length >= options.enough) {
    response.writeHead(410).end();
    return;
  }
  times.push(at);
  seen.push({ id: new URL(request.url ?? '/', 'http://partner').searchParams.get('id') ?? '', atUs: at });
  open += 1;
  const ok = admit(at);
  if (!ok) refused += 1;
  void answer();
  async function answer(): Promise<void> {
    if (options.latencyMs > 0) await sleep(options.latencyMs);
    open -= 1;
    response.writeHead(ok ? 200 : 429, { 'content-type': 'application/json' }).end('{}');
  }
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.stdin.resume().once('close', () => process.exit(0));

function report(): StrictReport {
  const gaps = times
    .slice(1)
    .map((at, i) => (at - (times[i] ?? at)) / 1000)
    .toSorted((a, b) => a - b);
  return {
    arrivals: times.length,
    refused,
    wallMs: ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000,
    gapsMs: { least: gaps[0] ?? 0, median: gaps[gaps.length >> 1] ?? 0, most: gaps.at(-1) ?? 0 },
    seen,
    earlyMs: early.slice(0, 20),
  };
}
