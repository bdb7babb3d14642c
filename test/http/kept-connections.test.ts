import type { Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { KeptConnectionBroke } from '../../core/departure.ts';
import { RetryLater } from '../../core/errors.ts';
import { createPartnerClient, type PartnerClient } from '../../http/client.ts';
import { keepingTrust } from '../../http/keeping-trust.ts';
import { serveRaw, type LocalServer } from './support/local-server.ts';

let server: LocalServer;
let client: PartnerClient;
afterEach(async () => {
  client.close();
  await server.close();
});

const answer = 'HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\n[]';

/** Answers the first request of each connection, and does this to the second. */
async function open(second: (socket: Socket) => void): Promise<Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = [];
  const write = (fields: object, message: string): void => void lines.push({ ...fields, message });
  server = await serveRaw((socket) => {
    socket.write(answer);
    socket.on('data', () => second(socket));
  });
  client = createPartnerClient({
    partner: { name: 'acme', baseUrl: server.url, timeout: 5000, maxBytes: 1000 },
    authorizer: {
      authorize: async (request) => request,
      canRefresh: false,
      refresh: async () => false,
      secrets: async () => [],
    },
    log: { debug: write, info: write, warn: write },
    now: () => 0,
  });
  return lines;
}
const send = (how?: { readonly fresh: boolean }): Promise<unknown> =>
  client
    .send(
      { method: 'GET', url: `${server.url}/rows`, headers: {}, body: undefined },
      new AbortController().signal,
      undefined,
      how,
    )
    .then(
      ({ status }) => status,
      (error: unknown) => error,
    );

test.each([
  ['is reset', (socket: Socket) => void socket.resetAndDestroy()],
  ['is closed', (socket: Socket) => void socket.end()],
])('a kept connection that %s before an answer is no failure, and a fresh one is another', async (_, second) => {
  const lines = await open(second);
  expect(await send()).toBe(200);
  expect(await send()).toBeInstanceOf(KeptConnectionBroke);
  expect(await send({ fresh: true })).toBe(200);
  expect(lines.map(({ message }) => message)).toEqual([
    'partner answered',
    'a kept connection was reset',
    'partner answered',
  ]);
});

test.each([
  ['after a part of the head', (socket: Socket) => void socket.write('HTTP/1.1 2', () => socket.destroy())],
  ['in the body', (socket: Socket) => void socket.write(answer.slice(0, -1), () => socket.destroy())],
])('a kept connection that breaks %s is a failure like any other', async (_, second) => {
  await open(second);
  expect(await send()).toBe(200);
  expect(await send()).toBeInstanceOf(RetryLater);
});

test('a partner that breaks kept connections again and again is asked over new ones', async () => {
  await open((socket) => socket.resetAndDestroy());
  const seen: unknown[] = [];
  for (let call = 0; call < 12; call++) seen.push(await send());
  expect(seen.filter((each) => each instanceof KeptConnectionBroke)).toHaveLength(3);
  expect(seen.slice(-6)).toEqual([200, 200, 200, 200, 200, 200]);
});

test('kept connections are trusted again after a while, and as long as some hold', () => {
  let nowMs = 0;
  const trust = keepingTrust(() => nowMs);
  for (let i = 0; i < 10; i++) {
    trust.broke();
    trust.broke();
    trust.held();
  }
  expect(trust.trusted()).toBe(true);
  for (let i = 0; i < 3; i++) trust.broke();
  expect(trust.trusted()).toBe(false);
  nowMs = 600_000;
  expect(trust.trusted()).toBe(true);
});
