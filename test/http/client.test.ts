import { inspect } from 'node:util';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { explain, GiveUp, RetryLater } from '../../core/errors.ts';
import type { Answer, PageRequest } from '../../core/page.ts';
import { createAuthorizer } from '../../http/auth.ts';
import { createPartnerClient } from '../../http/client.ts';
import type { PartnerClient } from '../../http/client.ts';
import { createMemoryTokenStore } from '../../http/token-store.ts';
import { auth as authSchema } from '../../definitions/definition.ts';
import { serve, serveRaw } from './support/local-server.ts';
import type { LocalServer } from './support/local-server.ts';

let server: LocalServer;
let client: PartnerClient;
let lines: Record<string, unknown>[] = [];
const write = (fields: object, message: string): void => void lines.push({ ...fields, message });
afterEach(async () => {
  client.close();
  await server.close();
  lines = [];
});

const never = new AbortController().signal;
const page = (rest: Partial<PageRequest> = {}): PageRequest => ({
  method: 'GET',
  url: `${server.url}/v2/orders?cursor=canary-cursor`,
  headers: { accept: 'application/json' },
  body: undefined,
  ...rest,
});

interface Setup {
  readonly timeout?: number;
  readonly maxBytes?: number;
  readonly auth?: unknown;
}

function open(
  started: LocalServer,
  { timeout = 5000, maxBytes = 1_000_000, auth = { type: 'none' } }: Setup = {},
): void {
  server = started;
  client = createPartnerClient({
    partner: { name: 'acme', baseUrl: `${server.url}/v2`, timeout, maxBytes },
    authorizer: createAuthorizer({
      auth: authSchema.parse(auth),
      tokens: createMemoryTokenStore(),
      exchange: () => Promise.reject(new Error('no token is needed here')),
      now: () => 0,
    }),
    log: { debug: write, info: write, warn: write },
    now: () => 1234,
  });
}

const raw = (head: string[], body: string | Buffer = ''): Buffer =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\n${head.map((line) => `${line}\r\n`).join('')}\r\n`),
    Buffer.from(body),
  ]);
const failure = (): Promise<unknown> =>
  client.send(page(), never).then(
    (answer) => answer,
    (error: unknown) => error,
  );

describe('createPartnerClient', () => {
  test('an answer comes as text, with what is known of it', async () => {
    open(
      await serve((_, response) => {
        response.setHeader('X-Request-Id', 'req-1').setHeader('Set-Cookie', ['a=1', 'b=2']).end('{"ü":1}');
      }),
    );
    const answer = await client.send(page(), never);
    expect(answer).toMatchObject({ status: 200, text: '{"ü":1}', bytes: 8, receivedAtMs: 1234, requestId: 'req-1' });
    expect(answer.headers).toMatchObject({ 'x-request-id': 'req-1', 'set-cookie': 'a=1, b=2' });
    expect(lines).toEqual([
      {
        partner: 'acme',
        method: 'GET',
        path: '/orders?cursor',
        status: 200,
        durationMs: answer.durationMs,
        bytes: 8,
        requestId: 'req-1',
        message: 'partner answered',
      },
    ]);
  });

  test.each([204, 304, 400, 401, 404, 429, 500, 503])('%i is an answer, from exactly one attempt', async (status) => {
    let attempts = 0;
    open(
      await serve((_, response) => {
        attempts += 1;
        response.writeHead(status, { 'retry-after': '1' }).end();
      }),
    );
    expect(await client.send(page(), never)).toMatchObject({ status, text: '', headers: { 'retry-after': '1' } });
    expect(attempts).toBe(1);
  });

  test('a redirect is an answer and is not followed', async () => {
    const paths: (string | undefined)[] = [];
    open(
      await serve((request, response) => {
        paths.push(request.url);
        response.writeHead(302, { location: '/elsewhere' }).end();
      }),
    );
    expect((await client.send(page(), never)).status).toBe(302);
    expect(paths).toEqual(['/v2/orders?cursor=canary-cursor']);
  });

  test('method, headers and the exact text of the body arrive', async () => {
    let seen: unknown;
    open(
      await serve((request, response) => {
        let text = '';
        request.on('data', (chunk) => (text += String(chunk)));
        request.on('end', () => {
          seen = {
            method: request.method,
            type: request.headers['content-type'],
            agent: request.headers['user-agent'],
            text,
          };
          response.end('[]');
        });
      }),
    );
    const body = ' {"q" : "ü" }\n';
    await client.send(page({ method: 'POST', headers: { 'content-type': 'application/json' }, body }), never);
    expect(seen).toEqual({ method: 'POST', type: 'application/json', agent: 'syncline', text: body });
    await client.send(page({ method: 'POST' }), never);
    expect(seen).toEqual({ method: 'POST', type: undefined, agent: 'syncline', text: '' });
  });

  test('one connection serves call after call', async () => {
    const ports = new Set<number | undefined>();
    open(
      await serve((request, response) => {
        ports.add(request.socket.remotePort);
        response.end('[]');
      }),
    );
    for (let call = 0; call < 5; call++) await client.send(page(), never);
    expect(ports.size).toBe(1);
  });

  test.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
  ] as const)('a %s body is unpacked', async (encoding, pack) => {
    open(await serve((_, response) => void response.setHeader('content-encoding', encoding).end(pack('["ü"]'))));
    expect((await client.send(page(), never)).text).toBe('["ü"]');
  });

  test.each([
    ['utf-8 with a byte order mark', 'application/json', Buffer.from('\uFEFF["ü"]')],
    ['latin-1 as declared', 'application/json; charset=iso-8859-1', Buffer.from('["ü"]', 'latin1')],
    ['utf-8, though latin-1 is declared', 'text/json; charset="iso-8859-1"', Buffer.from('["ü"]')],
  ])('text is read right: %s', async (_, type, body) => {
    open(await serve((_request, response) => void response.setHeader('content-type', type).end(body)));
    expect((await client.send(page(), never)).text).toBe('["ü"]');
  });

  test('bytes that are no text are an answer all the same: its status counts', async () => {
    const bytes = Buffer.from([0x22, 0xff, 0xfe, 0x22]);
    open(await serve((_, response) => void response.writeHead(503).end(bytes)));
    const answer = await client.send(page(), never);
    expect(answer).toMatchObject({ status: 503, text: '', noText: expect.stringMatching(/not valid/), bytes: 4 });
    expect(answer.body.equals(bytes)).toBe(true);
  });

  test.each([
    ['a reset before the head', null],
    ['a body shorter than its length', raw(['content-length: 100'], '[1,2')],
    ['chunks that never end', raw(['transfer-encoding: chunked'], '5\r\n[1,2,\r\n')],
    ['an answer that is not HTTP', Buffer.from('SSH-2.0-x\r\n\r\n')],
    [
      'gzip that breaks off',
      raw(['content-encoding: gzip', 'connection: close'], gzipSync('[1,2,3]'.repeat(50)).subarray(0, 20)),
    ],
    ['gzip that is none', raw(['content-encoding: gzip', 'connection: close'], 'plain')],
  ])('%s is tried again later', async (_, bytes) => {
    open(await serveRaw((socket) => (bytes === null ? socket.resetAndDestroy() : socket.end(bytes))));
    const error = await failure();
    expect(error).toBeInstanceOf(RetryLater);
    expect(lines).toMatchObject([{ path: '/orders?cursor', error: 'RetryLater', message: 'partner did not answer' }]);
  });

  test('the code of a reset is kept', async () => {
    open(await serveRaw((socket) => socket.resetAndDestroy()));
    expect(await failure()).toMatchObject({ cause: { code: 'ECONNRESET' } });
  });

  test('a refused connection is tried again later', async () => {
    open(await serve(() => undefined));
    await server.close();
    expect(await failure()).toMatchObject({ name: 'RetryLater', cause: { code: 'ECONNREFUSED' } });
  });

  test.each([
    ['no answer at all', () => undefined],
    [
      'a head and then nothing',
      (socket: { write: (data: Buffer) => void }) => socket.write(raw(['content-length: 5'])),
    ],
  ])('%s ends with the time limit', async (_, answer) => {
    open(await serveRaw(answer), { timeout: 100 });
    expect(await failure()).toMatchObject({ name: 'RetryLater', cause: { code: 'ETIMEDOUT' } });
  });

  test('a dribbling body does not outlive the time limit', async () => {
    let timer: NodeJS.Timeout | undefined;
    open(
      await serveRaw((socket) => {
        socket.write(raw(['content-length: 100000']));
        timer = setInterval(() => socket.write(' '), 20);
      }),
      { timeout: 200 },
    );
    const error = await failure();
    clearInterval(timer);
    expect(error).toMatchObject({ name: 'RetryLater', cause: { code: 'ETIMEDOUT' } });
  });

  test.each([
    ['declared', raw(['content-length: 5000'], 'x'.repeat(5000))],
    ['not declared', raw(['connection: close'], 'x'.repeat(5000))],
    ['a gzip bomb', raw(['content-encoding: gzip', 'connection: close'], gzipSync('x'.repeat(5000)))],
  ])('an answer beyond maxBytes is given up: %s', async (_, bytes) => {
    open(await serveRaw((socket) => socket.end(bytes)), { maxBytes: 1000 });
    expect(await failure()).toBeInstanceOf(GiveUp);
  });

  test.each(['while waiting', 'in the body'])("cancelling %s throws the signal's own reason", async (when) => {
    const stop = new AbortController();
    const reason = new Error('the worker shuts down');
    open(
      await serveRaw((socket) => {
        if (when === 'in the body') socket.write(raw(['content-length: 5'], '['));
        setTimeout(() => stop.abort(reason), 50);
      }),
    );
    await expect(client.send(page(), stop.signal)).rejects.toBe(reason);
    expect(lines).toMatchObject([{ cancelled: true }]);
    await expect(client.send(page(), stop.signal)).rejects.toBe(reason);
  });

  test('a request that cannot be put on the wire is given up', async () => {
    open(await serve((_, response) => void response.end()));
    await expect(client.send(page({ headers: { 'bad name': 'x' } }), never)).rejects.toBeInstanceOf(GiveUp);
    await expect(client.send(page({ url: 'ftp://acme.example/v2/orders' }), never)).rejects.toBeInstanceOf(GiveUp);
  });

  const auths = [
    { type: 'bearer', token: 'canary-token' },
    { type: 'basic', username: 'canary-user', password: 'canary-password' },
    { type: 'apiKey', in: 'query', name: 'key', key: 'canary-key' },
    { type: 'apiKey', in: 'header', name: 'x-key', key: 'canary-key' },
  ];
  const canaries = ['canary', Buffer.from('canary-user:canary-password').toString('base64')];
  test.each(auths)('no secret and no content gets into a line or an error: %j', async (auth) => {
    const answers = [raw(['content-length: 50'], '["canary-record'), Buffer.from('canary-garbage\r\n\r\n'), null];
    let call = 0;
    const told: unknown[] = [];
    open(
      await serveRaw((socket) => {
        const bytes = answers[call++];
        if (bytes === null || bytes === undefined) socket.resetAndDestroy();
        else socket.end(bytes);
      }),
      { auth },
    );
    for (const _ of answers) told.push(await failure());
    await server.close();
    told.push(await failure());
    expect(told.every((error) => error instanceof RetryLater)).toBe(true);
    const everything =
      told.map((error) => `${explain(error)} ${inspect(error, { depth: 20, showHidden: true })}`).join() +
      inspect(lines, { depth: 20 });
    expect(everything).toContain('/orders?cursor');
    for (const canary of canaries) expect(everything).not.toContain(canary);
  });

  test('a large page comes whole', async () => {
    const text = JSON.stringify(Array.from({ length: 5000 }, (_, id) => ({ id, name: `Zoë ${id}` })));
    open(await serve((_, response) => void response.end(text)));
    const answers: Answer[] = await Promise.all([1, 2, 3].map(() => client.send(page(), never)));
    expect(answers.map((answer) => answer.text === text)).toEqual([true, true, true]);
  });
});
