import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Ingest } from '../../ingest/start-ingest.ts';
import type { OpenApi } from '../../ingest/openapi/openapi.ts';
import { randomOf } from '../../simulator/random.ts';
import { undescribed } from '../support/described.ts';
import { long } from '../support/long.ts';
import { ask, openIngestBench, ordersByPush, type Answered, type IngestBench } from '../support/use-ingest.ts';
import { fuzzedRequest, type Fuzzed } from './fuzzed-request.ts';

jest.setTimeout(3 * 3_600_000);
const COUNT = Number(process.env['SYNCLINE_FUZZ'] ?? (long ? 1_000_000 : 300));
/** Requests are made of it alone, so it names a run: the number of a request is the second part. */
const SEED = Number(process.env['SYNCLINE_FUZZ_SEED'] ?? (long ? Date.now() % 1e6 : 1));
const AT_ONCE = long ? 64 : 16;
/** One in so many answers is held against the document. */
const DESCRIBED = long ? 50 : 1;
/** What the heap may grow by after the first tenth, whatever comes. */
const GROWTH = 24 * 1024 * 1024;

let bench: IngestBench;
let ingest: Ingest;
let document: OpenApi;
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
beforeAll(async () => {
  bench = await openIngestBench({
    orders: ordersByPush({ deletes: { field: 'text', equals: 'gone', hold: false } }),
    entries: ordersByPush({ primaryKey: [], version: [], disposition: 'append' }),
    needing: ordersByPush({ requires: { of: { stream: 'orders', by: 'text' } } }),
    nested: ordersByPush({
      schema: { type: 'object', additionalProperties: { type: ['string', 'array', 'object', 'number'] } },
    }),
    pulled: { ...ordersByPush(), path: '/pulled', push: undefined },
  });
  ingest = await bench.start({ limits: { bytes: 64 * 1024, records: 50, depth: 16 } });
  document = (await ask(`${ingest.url}/openapi.json`)).body as OpenApi;
});
afterAll(async () => {
  agent.destroy();
  await bench.close();
});

async function send({ method, path, headers, body }: Fuzzed): Promise<Answered> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const { port } = new URL(ingest.url);
    // Node sends the body of a GET without its length, as if it were the next request.
    const all = { ...headers, 'content-length': String(body.length) };
    httpRequest({ agent, host: '127.0.0.1', port, method, path, headers: all }, resolve).on('error', reject).end(body);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return {
    status: answer.statusCode ?? 0,
    headers: new Headers(
      Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)]),
    ),
    text,
    body: bodyOf(text),
  };
}

function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Bytes that are no HTTP, or half of it; what is said to them. */
function sendBytes(random: () => number): Promise<string> {
  const bytes = Buffer.from(Array.from({ length: 1 + Math.floor(random() * 300) }, () => Math.floor(random() * 256)));
  const begun = random() < 0.5 ? 'POST /v1/acme/orders HTTP/1.1\r\nhost: x\r\ncontent-length: ' : '';
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(Number(new URL(ingest.url).port), '127.0.0.1', () =>
      socket.end(Buffer.concat([Buffer.from(begun), bytes, Buffer.from('\r\n\r\n')])),
    );
    socket.on('data', (data) => (said += data.toString('latin1')));
    socket.on('error', () => {});
    socket.on('close', () => resolve(said));
  });
}

/** Bytes of the heap that are in use once what nobody holds is gone. */
function heapNow(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

/** The server has the path as it was sent, and no name in it is longer than names are. */
const isDescribable = ({ path }: Fuzzed): boolean =>
  /^\/[\w./-]*(?:\?[^#]*)?$/.test(path) && !path.includes('..') && !path.includes('//') && !/[^/?]{200}/.test(path);

test(`${COUNT} requests that nobody expects are answered by what the document says, none of them by a 5xx`, async () => {
  const counts = new Map<number, number>();
  const wrong: unknown[] = [];
  let next = 0;
  let early = 0;
  const work = async (): Promise<void> => {
    while (next < COUNT && wrong.length < 5) {
      const number = next++;
      if (number === Math.floor(COUNT / 10)) early = heapNow();
      const random = randomOf(SEED, number);
      if (random() < 0.02) {
        const said = await sendBytes(random);
        if (!/^(?:$|HTTP\/1\.1 [24]\d\d )/.test(said)) wrong.push({ number, said });
        continue;
      }
      const fuzzed = fuzzedRequest(random);
      const answer = await send(fuzzed);
      counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
      const missing = number % DESCRIBED === 0 && isDescribable(fuzzed) ? undescribed(document, fuzzed, answer) : [];
      if (answer.status >= 500 || answer.status < 200 || missing.length > 0)
        wrong.push({
          number,
          ...fuzzed,
          body: fuzzed.body.toString('latin1').slice(0, 500),
          status: answer.status,
          text: answer.text.slice(0, 500),
          missing,
        });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  expect({ seed: SEED, wrong }).toEqual({ seed: SEED, wrong: [] });
  // It was no use if all had been refused at the door.
  for (const status of [202, 400, 403, 404, 405, 415, 422])
    expect([status, counts.get(status) ?? 0]).not.toEqual([status, 0]);
  if (!long) return;
  const grown = heapNow() - early;
  process.stderr.write(
    `${JSON.stringify({ seed: SEED, grownMiB: Math.round(grown / 2 ** 20), counts: Object.fromEntries(counts) })}\n`,
  );
  expect(grown).toBeLessThan(GROWTH);
});
