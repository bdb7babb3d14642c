import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { once } from 'node:events';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PermitLapsed, type Departure } from '../../core/departure.ts';
import { RetryLater } from '../../core/errors.ts';
import { sendOnce, type RawAnswer } from '../../http/send-once.ts';

/** A bare TCP server: sees each byte as it comes. */
let server: Server;
let received = '';
let sockets: Socket[] = [];
const TIMEOUT_MS = 300;
const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent() };
/** The timeouts of calls go on only as the test lets them. */
beforeEach(async () => {
  jest.useFakeTimers({
    doNotFake: ['nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask', 'performance', 'hrtime', 'Date'],
  });
  received = '';
  sockets = [];
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('data', (data) => {
      received += String(data);
      if (received.endsWith('\r\n\r\n') || received.endsWith('}'))
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
    });
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  agents.http.destroy();
  for (const socket of sockets) socket.destroy();
  server.close();
  jest.useRealTimers();
});

interface Held {
  readonly events: string[];
  readonly departure: Departure;
  readonly write: () => void;
  readonly turnBack: () => void;
  readonly isReady: Promise<void>;
}

const nothing = (): void => {};

function hold(): Held {
  const events: string[] = [];
  let write = nothing;
  let turnBack = nothing;
  let ready = nothing;
  const isReady = new Promise<void>((resolve) => (ready = resolve));
  return {
    events,
    isReady,
    write: () => write(),
    turnBack: () => turnBack(),
    departure: {
      ready: (go, back) => {
        write = go;
        turnBack = () => back(new PermitLapsed('too late'));
        ready();
      },
      onWire: () => events.push('wire'),
      onAnswer: (status) => events.push(String(status)),
    },
  };
}

const send = (held: Held, body?: string): Promise<RawAnswer> => {
  const { port } = server.address() as AddressInfo;
  const request = { method: body === undefined ? ('GET' as const) : ('POST' as const), headers: {}, body };
  return sendOnce(
    { ...request, url: `http://127.0.0.1:${port}/items` },
    { timeoutMs: TIMEOUT_MS, maxBytes: 1000, what: 'GET /items', agents, departure: held.departure },
  );
};

test.each([
  ['a new connection', undefined, false],
  ['a body', '{"a":1}', false],
  ['a connection kept alive', undefined, true],
])('is on its connection, but not a byte leaves before its moment: %s', async (_name, body, warm) => {
  if (warm) {
    const first = hold();
    const answering = send(first);
    await first.isReady;
    first.write();
    await answering;
    received = '';
  }
  const held = hold();
  const answering = send(held, body);
  await held.isReady;
  // Longer than the timeout: waiting for the moment is not the partner's time.
  jest.advanceTimersByTime(2 * TIMEOUT_MS);
  await sleep(50);
  expect({ received, connections: sockets.length }).toEqual({ received: '', connections: 1 });
  expect(held.events).toEqual([]);
  held.write();
  expect(await answering).toMatchObject({ status: 200, content: { text: '{}' } });
  expect(received).toMatch(/^(GET|POST) \/items HTTP\/1.1\r\n/);
  expect(received.endsWith(body ?? '\r\n\r\n')).toBe(true);
  expect(held.events).toEqual(['wire', '200']);
});

/** A call that has ended, of which only its connection is left. */
async function sent(): Promise<WeakRef<Departure>> {
  const held = hold();
  const answering = send(held);
  await held.isReady;
  held.write();
  await answering;
  return new WeakRef(held.departure);
}

test('is forgotten with its answer, though its connection is kept', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const departure = await sent();
  // The agent hears in a later turn of the event loop that the connection is free again.
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
  collect();
  expect(departure.deref()).toBeUndefined();
  expect(Object.values(agents.http.freeSockets).flat()).toHaveLength(1);
});

test('is turned back unsent', async () => {
  const held = hold();
  const answering = send(held);
  await held.isReady;
  held.turnBack();
  await expect(answering).rejects.toThrow(PermitLapsed);
  expect(received).toBe('');
});

test('counts as unsent when the partner closes the connection before its moment', async () => {
  const held = hold();
  const answering = send(held);
  await held.isReady;
  const outcome = answering.catch((error: unknown) => error);
  for (const socket of sockets) socket.destroy();
  expect(await outcome).toBeInstanceOf(PermitLapsed);
});

test('that was written and not answered is a failure like any other', async () => {
  const held = hold();
  const answering = send(held);
  await held.isReady;
  const outcome = answering.catch((error: unknown) => error);
  server.removeAllListeners('connection');
  for (const socket of sockets) {
    socket.removeAllListeners('data');
    socket.on('data', () => socket.destroy());
  }
  held.write();
  expect(await outcome).toBeInstanceOf(RetryLater);
});
