import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InvalidInput } from '../core/errors.ts';
import { textsOf } from './bytes-of.ts';
import { faultsEnded, jobFaults, type FaultKind, type FaultPlan } from './faults.ts';
import { matcher } from './match.ts';
import { PlayedJobs } from './played-jobs.ts';
import { respond, type Played } from './respond.ts';
import { ORIGIN, type Exchange, type Recording } from './recording.ts';
import { writtenAsJson, type Written } from './written.ts';

export interface Arrival {
  /** performance.now() when its headers came. */
  readonly atMs: number;
  /** Method and path, without the values of the query. */
  readonly request: string;
  /** What was planned and could be done: an answer without records has none that could come twice. */
  readonly fault: FaultKind | undefined;
  /** Nothing was recorded for it. */
  readonly unknown: boolean;
  /** It ordered an export job that there was not before. */
  readonly isOrder: boolean;
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

/** @throws {InvalidInput} there is nothing to play. */
export async function startReplay(
  recordings: readonly Recording[],
  { port = 0 }: { readonly port?: number } = {},
): Promise<Replay> {
  const exchanges = recordings.flatMap((recording) => recording.exchanges);
  if (exchanges.length === 0)
    throw new InvalidInput('the recording holds no answer; record the partner with `syncline partners record`');
  const find = matcher(exchanges);
  const writtenOf = new Map(recordings.flatMap(({ exchanges: of, written }) => of.map((each) => [each, written])));
  const writtenFor = (exchange: Exchange | undefined): Written => {
    const { job } = exchange ?? {};
    if (exchange === undefined || (job !== undefined && job.step !== 'result'))
      return job?.step === 'poll' ? { ...writtenAsJson, total: job.total } : writtenAsJson;
    return writtenOf.get(exchange) ?? writtenAsJson;
  };
  const jobs = new PlayedJobs();
  const arrivals: Arrival[] = [];
  const lastAt = new Map<string, Played>();
  let plan = { faults: faultsEnded, from: 0 };
  let origin = '';
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const atMs = performance.now();
    const planned = plan.faults.at(arrivals.length - plan.from);
    const url = new URL(request.url ?? '/', 'http://localhost');
    const method = request.method ?? 'GET';
    const entry = { atMs, request: describe(method, url), fault: planned, unknown: false, isOrder: false };
    const index = arrivals.push(entry) - 1;
    const { asked, id } = PlayedJobs.plain({
      method,
      path: url.pathname,
      query: [...url.searchParams],
      body: await bodyOf(request),
      sent: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
    });
    const exchange = find(asked);
    const last = lastAt.get(url.pathname);
    const found = exchange === undefined ? nothing : placed(exchange, origin);
    const { job } = exchange ?? {};
    const { played, fault, isOrder } =
      job === undefined
        ? { played: found, fault: exchange === undefined ? undefined : ofListing(planned), isOrder: false }
        : jobs.answer(job, found, { asked, id, headers: request.headers, fault: planned });
    if (exchange !== undefined && fault !== 'expired') lastAt.set(url.pathname, played);
    const applied = await respond(response, {
      found: played,
      last,
      written: writtenFor(exchange),
      fault,
    });
    arrivals[index] = { ...entry, fault: applied, unknown: exchange === undefined, isOrder };
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
      jobs.begin();
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Without those that only an export job can have. */
const ofListing = (fault: FaultKind | undefined): FaultKind | undefined =>
  fault === undefined || jobFaults.includes(fault) ? undefined : fault;

const nothing: Played = {
  status: 404,
  headers: { 'content-type': 'application/json' },
  texts: [JSON.stringify({ error: 'nothing was recorded for this request' })],
  packed: undefined,
};

const describe = (method: string, url: URL): string => {
  const names = [...new Set(url.searchParams.keys())].join('&');
  return `${method} ${url.pathname}${names === '' ? '' : `?${names}`}`;
};

const placed = ({ status, headers, packed, ...exchange }: Exchange, origin: string): Played => ({
  status,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.replaceAll(ORIGIN, origin)])),
  texts: textsOf(exchange).map((text) => text.replaceAll(ORIGIN, origin)),
  packed,
});

async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? null : Buffer.concat(chunks).toString('utf8');
}
