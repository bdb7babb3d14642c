import { afterEach, describe, expect, test } from '@jest/globals';
import { startCodecServer, type CodecServer, type CodecServerOptions } from '../../client/codec-server.ts';
import { encrypting } from '../../client/payload-codec.ts';

const UI = 'http://ui.example:8233';
const b64 = (text: string): string => Buffer.from(text).toString('base64');
const plain = { metadata: { encoding: b64('json/plain') }, data: b64('{"partner":"acme"}') };
const codec = encrypting([{ id: 'k2', key: Buffer.alloc(32, 2) }]);
const older = encrypting([{ id: 'k1', key: Buffer.alloc(32, 1) }]);

const open: CodecServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});
async function start(options: Partial<CodecServerOptions> = {}): Promise<(path: string, init?: RequestInit) => Asked> {
  const server = await startCodecServer({ address: '127.0.0.1:0', codec, origins: [UI], encode: true, ...options });
  open.push(server);
  return async (path, init = {}) => {
    const response = await fetch(`${server.url}${path}`, { method: 'POST', ...init });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  };
}
type Asked = Promise<{ status: number; headers: Headers; body: unknown }>;
const of = (...payloads: object[]): RequestInit => ({ body: JSON.stringify({ payloads }) });

describe('the codec server', () => {
  test('seals and opens, wherever it is mounted, and passes on what is not sealed', async () => {
    const ask = await start();
    const sealed = await ask('/encode', of(plain));
    expect(sealed).toMatchObject({
      status: 200,
      body: { payloads: [{ metadata: { encoding: b64('binary/encrypted') } }] },
    });
    expect(JSON.stringify(sealed.body)).not.toContain(plain.data);
    const { payloads } = sealed.body as { payloads: object[] };
    expect(await ask('/default/decode?x', of(...payloads, plain))).toMatchObject({
      status: 200,
      body: { payloads: [plain, plain] },
    });
    expect(await ask('/decode', { body: '{}' })).toMatchObject({ status: 200, body: { payloads: [] } });
  });

  test('takes the other alphabet of base64, and empty data', async () => {
    const ask = await start();
    const bytes = Buffer.from([0xfb, 0xff, 0xfe]);
    expect(
      await ask('/decode', of({ metadata: { encoding: b64('binary/plain') }, data: bytes.toString('base64url') }, {})),
    ).toMatchObject({ body: { payloads: [{ data: bytes.toString('base64') }, {}] } });
  });

  test.each([
    ['no JSON', '{', 'expected {"payloads": [{"metadata": {"encoding": BASE64}, "data": BASE64}]}, found no JSON'],
    ['a list', '[]', 'the body: expected an object'],
    ['no list', '{"payloads":5}', 'payloads: expected a list'],
    ['no payload', '{"payloads":[5]}', 'payloads.0: expected an object'],
    ['no base64', '{"payloads":[{"data":"canary!"}]}', 'payloads.0.data: expected base64'],
    ['no metadata', '{"payloads":[{"metadata":{"encoding":{}}}]}', 'payloads.0.metadata.encoding: '],
  ])('says what is wrong with %s, and quotes nothing', async (_, body, says) => {
    const ask = await start();
    const answered = await ask('/decode', { body });
    expect(answered).toMatchObject({ status: 400, body: { error: expect.stringContaining(says) } });
    expect(JSON.stringify(answered.body)).not.toContain('canary');
  });

  test('names the key that it lacks, and what to do', async () => {
    const ask = await start();
    const [sealed] = await older.encode([{ data: Buffer.from('x') }]);
    const body = {
      metadata: Object.fromEntries(
        Object.entries(sealed?.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
      ),
      data: Buffer.from(sealed?.data ?? []).toString('base64'),
    };
    expect(await ask('/decode', of(body))).toMatchObject({
      status: 400,
      body: {
        error: 'a payload was encrypted with the key "k1", which SYNCLINE_PAYLOAD_KEYS lacks: add it behind the others',
      },
    });
    const wrong = await start({ codec: encrypting([{ id: 'k1', key: Buffer.alloc(32, 9) }]) });
    expect(await wrong('/decode', of(body))).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('SYNCLINE_PAYLOAD_KEYS has another key under this id') },
    });
  });

  test('refuses more than it can hold, also when the size is not told beforehand', async () => {
    const ask = await start();
    const large = 'x'.repeat(8 * 1024 * 1024);
    const too = { status: 413, body: { error: expect.stringContaining('ask for fewer payloads') } };
    expect(await ask('/decode', of({ data: large }))).toMatchObject(too);
    const chunks = new ReadableStream({
      start: (controller) => {
        for (let sent = 0; sent <= 8; sent += 1) controller.enqueue(Buffer.alloc(1024 * 1024, 'x'));
        controller.close();
      },
    });
    expect(await ask('/decode', { body: chunks, duplex: 'half' })).toMatchObject(too);
  });

  test('has two paths and one method, and seals only when it is told to', async () => {
    const problems: string[] = [];
    const ask = await start({ encode: false, onProblem: (problem) => problems.push(problem) });
    expect(await ask('/', of())).toMatchObject({ status: 404 });
    expect(await ask('/decode', { method: 'GET' })).toMatchObject({ status: 405 });
    expect(await ask('/encode', of(plain))).toMatchObject({
      status: 403,
      body: { error: 'this server only opens payloads: start `syncline codec --encode` to seal them as well' },
    });
    expect(await ask('/encode', of())).toMatchObject({ status: 200 });
    expect(problems).toEqual([expect.any(String), 'only POST', expect.stringContaining('only opens payloads')]);
  });

  test('lets pages ask that are listed, and no others', async () => {
    const ask = await start();
    const preflight = { method: 'OPTIONS', headers: { Origin: UI, 'Access-Control-Request-Method': 'POST' } };
    const allowed = await ask('/decode', preflight);
    expect(allowed.status).toBe(204);
    expect(Object.fromEntries(allowed.headers)).toMatchObject({
      'access-control-allow-origin': UI,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'authorization, content-type, x-namespace',
      vary: 'Origin',
    });
    const asked = await ask('/decode', { ...of(plain), headers: { Origin: UI } });
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([200, UI]);
    for (const method of ['OPTIONS', 'POST'])
      for (const origin of ['http://evil.example', 'null', `${UI}.evil.example`]) {
        const refused = await ask('/decode', { method, headers: { Origin: origin } });
        expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([403, null]);
      }
  });

  test('with a token wants to be shown it', async () => {
    const ask = await start({ token: 'a token of many letters' });
    const shown = (authorization: string): RequestInit => ({ ...of(plain), headers: { authorization } });
    expect(await ask('/decode', of(plain))).toMatchObject({ status: 401 });
    expect(await ask('/decode', shown('Bearer another'))).toMatchObject({ status: 401 });
    expect(await ask('/decode', shown('Bearer a token of many letters'))).toMatchObject({ status: 200 });
    // A preflight never carries it.
    expect(await ask('/decode', { method: 'OPTIONS', headers: { Origin: UI } })).toMatchObject({ status: 204 });
  });
});
