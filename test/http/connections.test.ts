import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Departure } from '../../core/departure.ts';
import { NeedsAttention } from '../../core/errors.ts';
import type { Tls } from '../../definitions/tls.ts';
import { readTls } from '../../definitions/tls.ts';
import { openConnections, type Connections } from '../../http/connections.ts';
import { proxyFor } from '../../http/proxy-for.ts';
import { sendOnce } from '../../http/send-once.ts';
import { startProxy, type TestProxy } from './support/proxy.ts';

const fileOf = (name: string): string => fileURLToPath(new URL(`../secrets/tls/${name}`, import.meta.url));
const pem = (name: string): string => readFileSync(fileOf(name), 'utf8');
const ca = pem('server.pem');
const client = { cert: pem('client.pem'), key: pem('client.key'), passphrase: 'only-for-tests' };

let servers: (Server | ReturnType<typeof createSecureServer>)[] = [];
let opened: Connections[] = [];
let proxy: TestProxy;
let seen: IncomingMessage[] = [];
beforeEach(async () => {
  proxy = await startProxy();
});
afterEach(() => {
  for (const connections of opened) connections.close();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  proxy.close();
  [servers, opened, seen] = [[], [], []];
});

/** Answers with the name of the client's certificate. */
async function serve(kind: 'http' | 'https' | 'mtls'): Promise<string> {
  const answer = (request: IncomingMessage, response: { end(text: string): unknown }): void => {
    seen.push(request);
    const { socket } = request;
    response.end(kind === 'mtls' ? String((socket as TLSSocket).getPeerCertificate().subject.CN) : 'fine');
  };
  const own = { cert: ca, key: pem('server.key') };
  const server =
    kind === 'http'
      ? createServer(answer)
      : createSecureServer(
          kind === 'https' ? own : { ...own, requestCert: true, rejectUnauthorized: true, ca: client.cert },
          answer,
        );
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `${kind === 'http' ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}/rows?page=1`;
}

interface How {
  readonly tls?: Tls;
  readonly env?: Readonly<Record<string, string>>;
  readonly departure?: Departure;
}

async function ask(
  url: string,
  { departure, ...settings }: How,
  connections = openConnections(settings),
): Promise<string> {
  opened.push(connections);
  const { content } = await sendOnce(
    { method: 'GET', url, headers: { 'x-tenant': 't' }, body: undefined },
    {
      timeoutMs: 5000,
      maxBytes: 1000,
      what: 'GET /rows',
      ...connections.to(url, { fresh: false }),
      ...(departure === undefined ? {} : { departure }),
    },
  );
  return content.text;
}

describe('a proxy', () => {
  test('tunnels what goes by https, and sees but the host', async () => {
    const url = await serve('https');
    const env = { HTTPS_PROXY: proxy.url.replace('//', '//me:p%40ss@') };
    const connections = openConnections({ tls: { ca }, env });
    expect(await ask(url, {}, connections)).toBe('fine');
    expect(await ask(url, {}, connections)).toBe('fine');
    // One tunnel, kept.
    expect(proxy.asked).toEqual([`CONNECT ${new URL(url).host}`]);
    expect(proxy.authorizations).toEqual([`Basic ${Buffer.from('me:p@ss').toString('base64')}`]);
    expect(seen.map(({ headers }) => headers['proxy-authorization'])).toEqual([undefined, undefined]);
  });

  test('passes on what goes by http', async () => {
    const url = await serve('http');
    expect(await ask(url, { env: { http_proxy: proxy.url } })).toBe('fine');
    expect(proxy.asked).toEqual([`GET ${url}`]);
    expect(seen[0]?.headers).toMatchObject({ host: new URL(url).host, 'x-tenant': 't' });
  });

  test('is passed by where NO_PROXY names the host', async () => {
    const url = await serve('https');
    expect(await ask(url, { tls: { ca }, env: { HTTPS_PROXY: proxy.url, NO_PROXY: '127.0.0.1' } })).toBe('fine');
    expect(proxy.asked).toEqual([]);
  });

  test('holds a request until its moment, when tunnel and handshake stand', async () => {
    const url = await serve('https');
    const events: string[] = [];
    const departure: Departure = {
      ready: (write) => {
        events.push(`ready, tunnels: ${proxy.asked.length}, requests: ${seen.length}`);
        write();
      },
      onWire: () => events.push('wire'),
      onAnswer: (status) => events.push(`${status}`),
    };
    expect(await ask(url, { tls: { ca }, env: { HTTPS_PROXY: proxy.url }, departure })).toBe('fine');
    expect(events).toEqual(['ready, tunnels: 1, requests: 0', 'wire', '200']);
  });

  test.each([
    [407, NeedsAttention],
    [403, NeedsAttention],
  ])('that answers %i needs a person', async (refuse, error) => {
    const refusing = await startProxy({ refuse });
    try {
      const url = await serve('https');
      const asking = ask(url, { tls: { ca }, env: { HTTPS_PROXY: refusing.url } });
      await expect(asking).rejects.toThrow(`the proxy refuses (${refuse}): check HTTPS_PROXY and NO_PROXY`);
      await expect(asking).rejects.toBeInstanceOf(error);
      expect(seen).toEqual([]);
    } finally {
      refusing.close();
    }
  });

  test('that is away is a failure to reach the partner', async () => {
    const env = { HTTPS_PROXY: proxy.url };
    proxy.close();
    await expect(ask(await serve('https'), { tls: { ca }, env })).rejects.toMatchObject({
      name: 'RetryLater',
      cause: { code: 'ECONNREFUSED' },
    });
  });
});

const env = { HTTPS_PROXY: 'http://secure.example:1', https_proxy: '', HTTP_PROXY: 'plain.example:2' };
test.each([
  ['https://api.acme.example/', { HTTPS_PROXY: 'http://upper.example:1' }, 'http://upper.example:1/'],
  ['https://api.acme.example/', { ...env, https_proxy: 'http://lower.example:1' }, 'http://lower.example:1/'],
  ['https://api.acme.example/', env, undefined],
  ['http://api.acme.example/', env, 'http://plain.example:2/'],
  ['http://api.acme.example/', { HTTPS_PROXY: 'http://upper.example:1' }, undefined],
])('%s goes with %j through %s', (url, settings, expected) => {
  expect(proxyFor(url, settings as Record<string, string>)?.href).toBe(expected);
});

test.each([
  ['*', 'https://api.acme.example', true],
  ['acme.example', 'https://api.acme.example', true],
  ['.acme.example', 'https://api.acme.example', true],
  ['*.acme.example', 'https://API.ACME.example', true],
  ['acme.example', 'https://notacme.example', false],
  ['other.example, api.acme.example', 'https://api.acme.example', true],
  ['other.example api.acme.example', 'https://api.acme.example', true],
  ['api.acme.example:443', 'https://api.acme.example', true],
  ['api.acme.example:8443', 'https://api.acme.example', false],
  ['10.0.0.0/8', 'https://10.1.2.3', true],
  ['10.0.0.0/8', 'https://11.1.2.3', false],
  ['10.1.2.3', 'https://10.1.2.3:8443', true],
  ['::1', 'https://[::1]:8443', true],
  ['[::1]:8443', 'https://[::1]:8443', true],
  ['fd00::/8', 'https://[fd12::1]', true],
  ['10.0.0.0/99', 'https://10.1.2.3', false],
  ['', 'https://api.acme.example', false],
])('NO_PROXY=%s excepts %s: %s', (list, url, excepted) => {
  expect(proxyFor(url, { HTTPS_PROXY: 'http://proxy.example:1', NO_PROXY: list }) === undefined).toBe(excepted);
});

test.each(['socks5://me:secret@proxy.example', 'http://me:secret@'])(
  'a proxy that is none is named, its password not',
  (url) => {
    expect(() => proxyFor('https://api.acme.example', { HTTPS_PROXY: url })).toThrow(/^HTTPS_PROXY: expected the URL/);
    expect(() => proxyFor('https://api.acme.example', { HTTPS_PROXY: url })).not.toThrow(/secret/);
  },
);

describe('certificates', () => {
  test('a CA of its own is trusted', async () => {
    const url = await serve('https');
    await expect(ask(url, {})).rejects.toThrow(/certificate that cannot be trusted; tls\.ca/);
    expect(await ask(url, { tls: { ca } })).toBe('fine');
  });

  test('the partner knows us by ours', async () => {
    const url = await serve('mtls');
    expect(await ask(url, { tls: { ca, ...client } })).toBe('syncline client');
    expect(await ask(url, { tls: { ca, ...client }, env: { HTTPS_PROXY: proxy.url } })).toBe('syncline client');
    expect(proxy.asked).toHaveLength(1);
  });

  test('may be files beside the definition', async () => {
    const read = await readTls({ ca: 'server.pem', ...client, cert: fileOf('client.pem') }, fileOf('acme.yaml'));
    expect(read).toMatchObject({ tls: { ca, cert: client.cert }, problems: [] });
    expect(read.files.map(({ path }) => path)).toEqual([fileOf('client.pem'), fileOf('server.pem')]);
  });

  test.each([
    ['a file that is not there', { ca: 'none.pem' }, 'tls.ca', /found ENOENT; correct the path/],
    ['a file with something else', { ca: 'README.md' }, 'tls.ca', /found no PEM in it/],
    ['a text that breaks off', { ca: '-----BEGIN CERTIFICATE-----\nMIIB' }, 'tls.ca', /cannot be used/],
    ['the key of another', { ...client, key: pem('server.key') }, 'tls.key', /cannot be used \(ERR_OSSL/],
    ['another passphrase', { ...client, passphrase: 'canary' }, 'tls.key', /cannot be used/],
  ])('are tried when the definition is read: %s', async (_, settings, place, says) => {
    const { problems } = await readTls(settings, fileOf('acme.yaml'));
    expect(problems.map(({ path }) => path.join('.'))).toEqual([place]);
    expect(problems[0]?.says).toMatch(says);
    expect(problems[0]?.says).not.toContain('canary');
  });
});
