import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidInput } from '../core/errors.ts';
import { faultsEnded, type FaultKind, type FaultPlan } from './faults.ts';
import { matcher, type Asked } from './match.ts';
import { ORIGIN, type Exchange, type Recording } from './recording.ts';
import { withRecords } from './spoil.ts';

export interface Arrival {
  /** performance.now() when its headers came. */
  readonly atMs: number;
  /** Method and path, without the values of the query. */
  readonly request: string;
  readonly fault: FaultKind | undefined;
  /** Nothing was recorded for it. */
  readonly unknown: boolean;
}

/** A partner that gives the recorded answers, over HTTP on this machine. */
export interface Replay {
  /** Scheme, host and port. */
  readonly origin: string;
  /** All requests so far. */
  readonly arrivals: () => readonly Arrival[];
  /** From now on, counted from 0 again. */
  play(faults: FaultPlan): void;
  close(): Promise<void>;
}

/** How long an answer takes that comes late, ms. */
const LATE_MS = 700;
/** Asked for with 429, seconds. */
export const PATIENCE_S = 1;

/** @throws {InvalidInput} there is nothing to play. */
export async function startReplay(
  recordings: readonly Recording[],
  { port = 0 }: { readonly port?: number } = {},
): Promise<Replay> {
  const exchanges = recordings.flatMap((recording) => recording.exchanges);
  if (exchanges.length === 0)
    throw new InvalidInput('the recording holds no answer; record the partner with `syncline partners record`');
  const find = matcher(exchanges);
  const arrivals: Arrival[] = [];
  const lastAt = new Map<string, Exchange>();
  let plan = { faults: faultsEnded, from: 0 };
  let origin = '';
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const atMs = performance.now();
    const fault = plan.faults.at(arrivals.length - plan.from);
    const url = new URL(request.url ?? '/', 'http://localhost');
    const method = request.method ?? 'GET';
    const entry = { atMs, request: describe(method, url), fault, unknown: false };
    const index = arrivals.push(entry) - 1;
    const asked: Asked = { method, path: url.pathname, query: [...url.searchParams], body: await bodyOf(request) };
    const found = find(asked);
    if (found === undefined) {
      arrivals[index] = { ...entry, unknown: true };
      send(response, { status: 404, headers: { 'content-type': 'application/json' }, text: NOT_RECORDED });
      return;
    }
    await spoiled(response, { found: placed(found, origin), last: lastAt.get(url.pathname), fault, origin });
    lastAt.set(url.pathname, found);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    arrivals: () => arrivals,
    play: (faults) => {
      plan = { faults, from: arrivals.length };
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const NOT_RECORDED = JSON.stringify({ error: 'nothing was recorded for this request' });

const describe = (method: string, url: URL): string => {
  const names = [...new Set(url.searchParams.keys())].join('&');
  return `${method} ${url.pathname}${names === '' ? '' : `?${names}`}`;
};

type Played = Pick<Exchange, 'status' | 'headers' | 'text'>;

const placed = ({ status, headers, text }: Exchange, origin: string): Played => ({
  status,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.replaceAll(ORIGIN, origin)])),
  text: text.replaceAll(ORIGIN, origin),
});

async function spoiled(
  response: ServerResponse,
  {
    found,
    last,
    fault,
    origin,
  }: { found: Played; last: Exchange | undefined; fault: FaultKind | undefined; origin: string },
): Promise<void> {
  switch (fault) {
    case undefined:
      return send(response, found);
    case 'error':
      return send(response, { status: 503, headers: {}, text: 'not now' });
    case 'throttle':
      return send(response, { status: 429, headers: { 'retry-after': String(PATIENCE_S) }, text: 'too many requests' });
    case 'reset':
      response.socket?.destroy();
      return undefined;
    case 'cut': {
      const bytes = Buffer.from(found.text);
      response.writeHead(found.status, { ...found.headers, 'content-length': Math.max(bytes.length, 2) });
      response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.socket?.destroy());
      return undefined;
    }
    case 'garbage':
      return send(response, { ...found, text: found.text.slice(0, Math.floor(found.text.length / 2)) });
    case 'slow':
      await sleep(LATE_MS);
      return send(response, found);
    case 'doubled':
      return send(response, { ...found, text: withRecords(found.text, (records) => records.push({ ...records[0] })) });
    case 'field':
      return send(response, {
        ...found,
        text: withRecords(found.text, (records) => {
          for (const record of records) record['chaos_field'] = 'new';
        }),
      });
    case 'again':
      return send(response, last === undefined ? found : placed(last, origin));
    case 'short':
      return send(response, {
        ...found,
        text: withRecords(found.text, (records) => records.splice(Math.ceil(records.length / 2))),
      });
  }
}

function send(response: ServerResponse, { status, headers, text }: Played): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? null : Buffer.concat(chunks).toString('utf8');
}
