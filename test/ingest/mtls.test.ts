import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect, type ConnectionOptions } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { callerGate } from '../../ingest/caller-gate.ts';
import { Authenticator } from '../../ingest/callers/authenticate.ts';
import { CallerLimiter } from '../../ingest/callers/limiter.ts';
import type { Ingest } from '../../ingest/start-ingest.ts';
import { addCaller } from '../../store/callers/change-callers.ts';
import { openIngestBench, ordersByPush, type IngestBench } from '../support/use-ingest.ts';

const file = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`certificates/${name}`, import.meta.url)), 'utf8');
const identity = (name: string): ConnectionOptions => ({ cert: file(`${name}.pem`), key: file(`${name}.key`) });
const ca = file('authority.pem');

let bench: IngestBench;
let ingest: Ingest;
const keys = new Map<string, string>();

beforeAll(async () => {
  bench = await openIngestBench({ orders: ordersByPush() });
  const log = pino({ level: 'silent' });
  ingest = await bench.start({
    tls: { cert: file('server.pem'), key: file('server.key'), clientCa: ca },
    gate: callerGate({
      authenticator: new Authenticator(bench.pool, { log }),
      limiter: new CallerLimiter(bench.pool),
    }),
  });
  const terms = { tier: 'normal', scopes: ['acme/*'], addresses: null, limits: {} } as const;
  const who = { by: 'test', reason: 'test' };
  const certificate = new X509Certificate(file('client.pem')).fingerprint256.replaceAll(':', '').toLowerCase();
  keys.set('careful', await addCaller(bench.pool, { ...terms, id: 'careful', certificate }, who));
  keys.set('plain', await addCaller(bench.pool, { ...terms, id: 'plain', certificate: null }, who));
});
afterAll(() => bench.close());

let numbers = 0;

/** What a push over a TLS connection of its own is answered. */
async function push(caller: string, shown: ConnectionOptions): Promise<{ status: number; code: unknown }> {
  const sent = request(`${ingest.url}/v1/acme/orders`, {
    ...shown,
    ca,
    agent: false,
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${keys.get(caller)}` },
  });
  sent.end(JSON.stringify({ id: `o${(numbers += 1)}`, v: 1 }));
  const [answer] = (await once(sent, 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return { status: answer.statusCode, code: (JSON.parse(text) as { code?: unknown }).code };
}

/** The session that a connection is given to go on with. */
async function sessionOf(shown: ConnectionOptions): Promise<Buffer> {
  const socket = connect({ ...shown, ca, host: '127.0.0.1', port: Number(new URL(ingest.url).port) });
  const [session] = (await once(socket, 'session')) as [Buffer];
  socket.destroy();
  return session;
}

describe('a caller with a client certificate', () => {
  test('gets in with it over TLS', async () => {
    expect(await push('careful', identity('client'))).toEqual({ status: 202, code: undefined });
  });

  test.each([
    ['none', {}],
    ['one of the same name that nobody of ours signed', identity('stranger')],
    ['another one of ours', identity('server')],
  ])('is not let in by its key alone: it shows %s', async (_what, shown) => {
    expect(await push('careful', shown)).toEqual({ status: 403, code: 'not_allowed' });
  });

  test('gets in on a session of before only where that one had shown it', async () => {
    expect(await push('careful', { session: await sessionOf(identity('client')) })).toMatchObject({ status: 202 });
    expect(await push('careful', { session: await sessionOf({}) })).toMatchObject({ status: 403 });
  });
});

test('others need none, and may show one', async () => {
  expect(await push('plain', {})).toMatchObject({ status: 202 });
  expect(await push('plain', identity('stranger'))).toMatchObject({ status: 202 });
});
