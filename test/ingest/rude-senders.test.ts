import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { Ingest } from '../../ingest/start-ingest.ts';
import { eventually } from '../support/eventually.ts';
import { ask, openIngestBench, ordersByPush, type Answered, type IngestBench } from '../support/use-ingest.ts';
import { exchange, talk, trickle } from './support/talk.ts';

let bench: IngestBench;
let ingest: Ingest;
/** Gives nobody much time. */
let hasty: Ingest;
const logged: string[] = [];
beforeAll(async () => {
  bench = await openIngestBench({
    entries: ordersByPush({ primaryKey: [], version: [], disposition: 'append' }),
    orders: ordersByPush(),
  });
  const log = pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) });
  const limits = { bytes: 64 * 1024, records: 100, depth: 8 };
  ingest = await bench.start({ log, limits });
  hasty = await bench.start({ log, limits, patience: { headersMs: 300, requestMs: 600, everyMs: 50 } });
});
afterAll(() => bench.close());

const head = (more: readonly string[], stream = 'entries'): string =>
  [
    `POST /v1/acme/${stream} HTTP/1.1`,
    'host: push.example.com',
    'authorization: Bearer caller',
    'content-type: application/json',
    ...more,
    '',
    '',
  ].join('\r\n');
const withKey = (key: string): string => `idempotency-key: ${key}`;
const record = (id: string): string => JSON.stringify({ id, v: 1 });
const whole = (id: string, more: readonly string[] = []): string =>
  `${head([`content-length: ${record(id).length}`, withKey(randomUUID()), ...more])}${record(id)}`;
const send = (id: string, key: string = randomUUID()): Promise<Answered> =>
  ask(`${ingest.url}/v1/acme/entries`, {
    method: 'POST',
    body: record(id),
    headers: { authorization: 'Bearer caller', 'content-type': 'application/json', 'idempotency-key': key },
  });
const landed = async (id: string): Promise<number> => {
  const { rowCount } = await bench.pool.query('select from acme.entries where id = $1', [id]);
  return rowCount ?? 0;
};
/** Statuses of all answers of a connection. */
const statusesOf = (came: string): readonly number[] =>
  [...came.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
const codeIn = (came: string): string | undefined => /"code":"(\w+)"/.exec(came)?.[1];

afterEach(async () => {
  const { status } = await send('after');
  if (status !== 202) throw new Error(`the next sender was answered ${status}`);
  if (logged.length > 0) throw new Error(`the server has warned: ${logged.splice(0).join('')}`);
});

const plain = 'GET /livez HTTP/1.1\r\nhost: a\r\n';
const garbage: readonly (readonly [string, string | Buffer])[] = [
  ['no HTTP', 'let me in\r\n\r\n'],
  ['bytes that begin a TLS connection', Buffer.from('160301020001000001fc0303', 'hex')],
  ['zeros', Buffer.alloc(1000)],
  ['a method that is none', 'PUSH /livez HTTP/1.1\r\nhost: a\r\n\r\n'],
  ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a header without a name', `${plain}: b\r\n\r\n`],
  ['a space before the colon', `${plain}content-length : 3\r\n\r\nabc`],
  ['a zero byte in a header', `${plain}x: a\0b\r\n\r\n`],
  ['two lengths', head(['content-length: 3', 'content-length: 4']) + '{}  '],
  ['a length and chunks', head(['content-length: 3', 'transfer-encoding: chunked']) + '0\r\n\r\n'],
  ['chunks that are not the last coding', head(['transfer-encoding: chunked, gzip']) + '0\r\n\r\n'],
  ['a negative length', head(['content-length: -1'])],
  ['a length that is no number', head(['content-length: 1e3'])],
  ['a chunk whose size is no number', head(['transfer-encoding: chunked']) + 'zz\r\n{}\r\n0\r\n\r\n'],
];

describe('what is no HTTP', () => {
  test.each(garbage)('is refused, and the connection closed: %s', async (_, bytes) => {
    const came = await exchange(ingest.url, bytes);
    expect([statusesOf(came), codeIn(came)]).toEqual([[400], 'bad_request']);
    expect(came).toMatch(/^x-request-id: [\da-f-]{36}\r$/m);
  });

  test('is refused where it does not say whom it means', async () => {
    expect(statusesOf(await exchange(ingest.url, 'GET /livez HTTP/1.1\r\n\r\n'))).toEqual([400]);
  });
});

describe('headers', () => {
  test('may be so many, and no more: none is left out', async () => {
    const many = (count: number): string => head(Array.from({ length: count }, (_, i) => `x-${i}: a`));
    const came = await exchange(ingest.url, many(98).replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'));
    expect([statusesOf(came), codeIn(came)]).toEqual([[431], 'headers_too_large']);
    const few = head([...Array.from({ length: 90 }, (_, i) => `x-${i}: a`), 'content-length: 2', 'connection: close']);
    expect(statusesOf(await exchange(ingest.url, `${few}[]`))).not.toContain(431);
    // More than the parser of Node.js passes on by itself.
    const most = await exchange(
      ingest.url,
      head(Array.from({ length: 2500 }, () => 'a:')).replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n'),
    );
    expect([statusesOf(most), codeIn(most)]).toEqual([[431], 'headers_too_large']);
  });

  test.each([
    ['one header', head([`x: ${'a'.repeat(20_000)}`])],
    ['one header that does not end', head([`x: ${'a'.repeat(20_000)}`]).trimEnd()],
    ['the path', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nhost: a\r\n\r\n`],
  ])('are refused where they are too long: %s', async (_, bytes) => {
    const came = await exchange(ingest.url, bytes);
    expect([statusesOf(came), codeIn(came)]).toEqual([[431], 'headers_too_large']);
  });
});

describe('bodies', () => {
  test('that are too long are refused before they are sent', async () => {
    const { socket, said } = talk(ingest.url);
    socket.write(head([`content-length: ${64 * 1024 + 1}`, withKey(randomUUID())]));
    expect(statusesOf(await said('too_large'))).toEqual([413]);
    socket.destroy();
  });

  test.each([
    ['Content-Length', head(['content-length: 60000', withKey(randomUUID())]) + record('short')],
    ['small Content-Length', head(['content-length: 600', withKey(randomUUID())]) + record('short')],
    [
      'last chunk',
      `${head(['transfer-encoding: chunked', withKey(randomUUID())])}${record('short').length.toString(16)}\r\n${record('short')}\r\n`,
    ],
  ])('that end before their %s says are not taken', async (_, bytes) => {
    const { socket, closed } = talk(ingest.url);
    socket.end(bytes);
    expect(statusesOf(await closed).filter((status) => status !== 400)).toEqual([]);
    expect(await landed('short')).toBe(0);
  });

  test('that go on after their length are taken as far as it says; the rest is no request', async () => {
    const body = record('long');
    const came = await exchange(
      ingest.url,
      `${head([`content-length: ${body.length}`, withKey(randomUUID())])}${body}${record('smuggled')}\r\n\r\n`,
    );
    expect(statusesOf(came).filter((status) => status !== 400)).toEqual([202]);
    expect([await landed('long'), await landed('smuggled')]).toEqual([1, 0]);
  });
});

describe('a sender that goes away', () => {
  test.each([
    ['a small one', 600],
    ['a large one', 60_000],
  ])('in the middle of a body has sent nothing, and sends it again with the same key: %s', async (size, length) => {
    const key = randomUUID();
    const { socket, closed } = talk(ingest.url);
    await new Promise<void>((resolve) => {
      socket.write(`${head([`content-length: ${length}`, withKey(key)])}{"id":`, () => resolve());
    });
    socket.resetAndDestroy();
    await closed;
    expect((await send(`half ${size}`, key)).status).toBe(202);
    expect(await landed(`half ${size}`)).toBe(1);
  });

  test('before the answer has sent its record, and gets the answer with the same key', async () => {
    const key = randomUUID();
    const body = record('gone');
    const { socket, closed } = talk(ingest.url);
    await new Promise<void>((resolve) => {
      socket.write(`${head([`content-length: ${body.length}`, withKey(key)])}${body}`, () => resolve());
    });
    socket.resetAndDestroy();
    await closed;
    // Whether its bytes were read before the reset is not known; what follows is the same.
    let answer = await send('gone', key);
    expect(
      await eventually(async () => {
        answer = answer.status === 202 ? answer : await send('gone', key);
        return answer.status === 202;
      }),
    ).toBe(true);
    expect(await landed('gone')).toBe(1);
  });

  test('answers come in the order of requests that were sent together', async () => {
    const came = await exchange(ingest.url, whole('first') + whole('second') + whole('third', ['connection: close']));
    expect(statusesOf(came)).toEqual([202, 202, 202]);
    for (const id of ['first', 'second', 'third']) expect(await landed(id)).toBe(1);
  });
});

describe('a sender that takes its time', () => {
  const slow = 'x'.repeat(200).split('');
  test.each([
    ['for the first byte', []],
    ['for its headers', head([]).slice(0, -2).split('')],
    ['for headers without end', [head([]).slice(0, -2), ...slow.map((x, i) => `${x}-${i}: a\r\n`)]],
    ['for its body', [head(['content-length: 1000', withKey(randomUUID())]), ...slow]],
    ['for a large body', [head(['content-length: 60000', withKey(randomUUID())]), ...slow]],
    ['for chunks', [head(['transfer-encoding: chunked', withKey(randomUUID())]), ...slow.map((x) => `1\r\n${x}\r\n`)]],
  ])('is closed, %s', async (_, pieces) => {
    const came = await trickle(hasty.url, pieces, 20);
    expect([statusesOf(came), codeIn(came)]).toEqual([[408], 'too_slow']);
  });

  test('does not keep its key', async () => {
    const key = randomUUID();
    const body = record('slow');
    await trickle(
      hasty.url,
      [head([`content-length: ${body.length}`, withKey(key)]), ...body.slice(0, -1).split('')],
      100,
    );
    expect((await send('slow', key)).status).toBe(202);
    expect(await landed('slow')).toBe(1);
  });
});
