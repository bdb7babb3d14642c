import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { freePort } from '../../services/free-port.ts';
import type { UiServer } from '../../ui/server.ts';
import { usePool } from '../support/use-pool.ts';
import { Browser, serveUi, type Seen } from './serve-ui.ts';

/** A real provider (node-oidc-provider), which comes without types. */
const PROVIDER: string = 'oidc-provider';
interface Provider {
  callback(): RequestListener;
}
type MadeProvider = new (issuer: string, configuration: object) => Provider;

const findAccount = (_: unknown, id: string) => ({
  accountId: id,
  claims: () => ({ sub: id, email: id, email_verified: !id.startsWith('unsure') }),
});

const used = usePool(2);
let server: Server;
let ui: UiServer;
const logged: object[] = [];

beforeAll(async () => {
  // It says at length that it is a provider for trying out.
  for (const word of ['warn', 'info'] as const) jest.spyOn(console, word).mockImplementation(() => {});
  const { default: Made } = (await import(PROVIDER)) as { readonly default: MadeProvider };
  const port = await freePort();
  server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = `http://127.0.0.1:${port}`;
  const client = {
    client_id: 'syncline',
    client_secret: 'a-secret-of-the-client',
    redirect_uris: [`${url}/sign-in/back`],
  };
  const provider = new Made(issuer, {
    clients: [client],
    findAccount,
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['a key of the test'] },
  });
  server.on('request', provider.callback());
  ui = await serveUi({
    pool: used.pool,
    partnersDir: '/nowhere',
    address: `127.0.0.1:${port}`,
    logged,
    env: {
      SYNCLINE_UI_URL: url,
      SYNCLINE_UI_READERS: 'signed-in',
      SYNCLINE_UI_OIDC_ISSUER: issuer,
      SYNCLINE_UI_OIDC_CLIENT: client.client_id,
      SYNCLINE_UI_OIDC_SECRET: client.client_secret,
      SYNCLINE_UI_OIDC_ALLOWED: 'ann@example.com,@ops.example',
    },
  });
});
afterAll(async () => {
  await ui?.close();
  server?.closeAllConnections();
  server?.close();
});

/** Follows the provider to its forms, and fills them in, until it sends the browser back. */
async function throughProvider(browser: Browser, first: string, login: string): Promise<string> {
  let to = first;
  for (let step = 0; step < 12; step++) {
    if (to.startsWith(`${ui.url}/sign-in/back`)) return to;
    const seen: Seen = await browser.get(to);
    if (seen.location === '') {
      const [, action = ''] = /action="([^"]+)"/.exec(seen.text) ?? [];
      const [, prompt = ''] = /name="prompt" value="([^"]+)"/.exec(seen.text) ?? [];
      to = new URL((await browser.post(action, { prompt, login, password: 'x' }, {})).location, to).href;
    } else to = new URL(seen.location, to).href;
  }
  throw new Error(`the provider never sent the browser back; last was ${to}`);
}

async function begin(browser: Browser): Promise<string> {
  expect(await browser.get('/streams')).toMatchObject({ location: '/sign-in?to=%2Fstreams' });
  return (await browser.get('/sign-in/oidc?to=%2Fstreams')).location;
}

test('who is known to the provider and named here comes in, to the page that was asked for', async () => {
  const browser = new Browser(ui.url);
  const back = await throughProvider(browser, await begin(browser), 'ann@example.com');
  expect(await browser.get(back)).toMatchObject({ status: 303, location: '/streams' });
  expect(await browser.get('/streams')).toMatchObject({
    status: 200,
    text: expect.stringContaining('Signed in as ann@example.com'),
  });
});

test.each([
  ['eve@example.com', 'is not among SYNCLINE_UI_OIDC_ALLOWED'],
  ['unsure@ops.example', 'does not tell a verified e-mail address'],
])('%s is known to the provider and does not come in', async (login, says) => {
  const browser = new Browser(ui.url);
  const back = await throughProvider(browser, await begin(browser), login);
  expect(await browser.get(back)).toMatchObject({ status: 403, text: expect.stringContaining(says) });
  expect(await browser.get('/streams')).toMatchObject({ status: 303 });
});

test('an answer that another browser has asked for is of no use', async () => {
  const [ann, eve] = [new Browser(ui.url), new Browser(ui.url)];
  const back = await throughProvider(ann, await begin(ann), 'ann@example.com');
  await begin(eve);
  expect(await eve.get(back)).toMatchObject({ status: 403 });
  expect(await new Browser(ui.url).get(back)).toMatchObject({ status: 403 });
});
