import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import { readCalls } from '../../store/calls/read-calls.ts';
import { freePort } from '../../services/free-port.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { compiledCli, type Ended } from './run-syncline.ts';

/** A small authorization server: agrees at once, gives each code and each refresh token once, and holds to PKCE. */
interface Granting {
  readonly url: string;
  readonly forms: Readonly<Record<string, string>>[];
  readonly close: () => void;
}

async function startGranting({ refuses = false, renewable = true } = {}): Promise<Granting> {
  const forms: Readonly<Record<string, string>>[] = [];
  const codes = new Map<string, { readonly challenge: string; readonly redirectUri: string }>();
  let refresh = '';
  let given = 0;
  const grant = (form: Readonly<Record<string, string>>): object | undefined => {
    if (form['grant_type'] === 'authorization_code') {
      const asked = codes.get(form['code'] ?? '');
      codes.delete(form['code'] ?? '');
      const proven = createHash('sha256')
        .update(form['code_verifier'] ?? '')
        .digest('base64url');
      if (asked?.challenge !== proven || asked.redirectUri !== form['redirect_uri']) return undefined;
    } else if (form['refresh_token'] !== refresh) return undefined;
    refresh = `refresh-${++given}`;
    const tokens = { access_token: `access-${given}`, token_type: 'Bearer', expires_in: 3600 };
    return renewable ? { ...tokens, refresh_token: refresh } : tokens;
  };
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://here');
    if (url.pathname === '/authorize') {
      const { searchParams: asked } = url;
      const redirectUri = asked.get('redirect_uri') ?? '';
      const back = new URL(redirectUri);
      back.searchParams.set('state', asked.get('state') ?? '');
      const isWhole = asked.get('response_type') === 'code' && asked.get('code_challenge_method') === 'S256';
      const isOurs = asked.get('client_id') === 'the-app' && asked.get('access_type') === 'offline';
      if (refuses || !isWhole || !isOurs) back.searchParams.set('error', 'access_denied');
      else {
        const code = `code-${codes.size + 1}`;
        codes.set(code, { challenge: asked.get('code_challenge') ?? '', redirectUri });
        back.searchParams.set('code', code);
      }
      response.writeHead(302, { location: back.href }).end();
      return;
    }
    void textOf(request).then((text) => {
      const form = Object.fromEntries(new URLSearchParams(text));
      forms.push({ ...form, authorization: request.headers.authorization ?? '' });
      const tokens = grant(form);
      response
        .writeHead(tokens === undefined ? 400 : 200, { 'content-type': 'application/json' })
        .end(JSON.stringify(tokens ?? { error: 'invalid_grant' }));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    forms,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

interface Attempt {
  /** The page that a person is to open. */
  readonly page: Promise<string>;
  readonly ended: Promise<Ended>;
  readonly type: (text: string) => void;
}

let partners: OwnPartners;
const granting: Granting[] = [];
beforeAll(async () => {
  partners = await ownPartners();
});
afterAll(async () => {
  for (const each of granting) each.close();
  await partners.close();
});

const rows = {
  path: '/rows',
  records: 'data',
  primaryKey: ['id'],
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
} satisfies StreamInput;

/** A partner that wants a token, a server that grants them, and what both have in common. */
async function partnerOf(options: Parameters<typeof startGranting>[0] & { secret?: boolean; inStream?: boolean } = {}) {
  const server = await startGranting(options);
  granting.push(server);
  const auth = {
    type: 'oauth2',
    grant: 'authorization_code',
    authorizeUrl: `${server.url}/authorize`,
    authorize: { access_type: 'offline' },
    tokenUrl: `${server.url}/token`,
    clientId: 'the-app',
    scope: 'rows.read',
    ...(options.secret === false ? { sealKey: 'a-seal-of-our-own' } : { clientSecret: 'the-secret' }),
  } as const;
  const seen: (string | undefined)[] = [];
  const revoked = new Set<string | undefined>();
  const partner = await partners.partner(
    (_, { headers }) => {
      seen.push(headers.authorization);
      return headers.authorization?.startsWith('Bearer access-') === true && !revoked.has(headers.authorization)
        ? { body: { data: [{ id: 'a' }] } }
        : { status: 401, body: {} };
    },
    { rows: { ...rows, ...(options.inStream === true ? { auth } : {}) } },
    options.inStream === true ? {} : { auth },
    'tokens are asked for elsewhere',
  );
  return { partner, server, seen, revoke: () => revoked.add(seen.at(-1)) };
}

function authorize({ name }: OwnPartner, args: readonly string[] = []): Attempt {
  const child = spawn(process.execPath, [compiledCli, 'auth', name, '--no-browser', ...args], {
    env: {
      PATH: process.env['PATH'] ?? '',
      DATABASE_URL: partners.databaseUrl,
      SYNCLINE_PARTNERS_DIR: partners.folder,
    },
  });
  let stdout = '';
  let stderr = '';
  let shown: ((page: string) => void) | undefined;
  const page = new Promise<string>((resolve) => (shown = resolve));
  createInterface({ input: child.stdout }).on('line', (line) => {
    stdout += `${line}\n`;
    if (line.startsWith('http')) shown?.(line);
  });
  child.stderr.on('data', (data) => (stderr += String(data)));
  const ended = once(child, 'close').then(([code]) => ({ code: Number(code), stdout, stderr }));
  return { page, ended, type: (text) => child.stdin.write(`${text}\n`) };
}

/** What a browser does: opens the page, and goes where the partner sends it. */
const browse = async (page: string): Promise<number> => (await fetch(page)).status;

describe('syncline auth', () => {
  test('has a person agree, keeps the tokens sealed, and all workers renew them from then on', async () => {
    const { partner, server, seen, revoke } = await partnerOf();
    await expect(partner.read('rows')).rejects.toThrow(/nobody has authorized this yet.*run `syncline auth`/);
    const attempt = authorize(partner);
    expect(await browse(await attempt.page)).toBe(200);
    const { code, stdout } = await attempt.ended;
    expect({ code, says: stdout.includes('is authorized; the tokens are sealed in the database') }).toEqual({
      code: 0,
      says: true,
    });
    expect(stdout).not.toMatch(/access-1|refresh-1|the-secret/);
    const calls = await readCalls(partners.pool, { partner: partner.name, limit: 10 });
    expect(calls).toEqual([
      expect.objectContaining({
        ...{ madeBy: 'auth', purpose: 'token', stream: '', method: 'POST', path: '/…', status: 200, error: null },
        ...{ workflowId: null, runId: null, page: null },
      }),
    ]);
    expect(JSON.stringify(calls)).not.toMatch(/access-1|refresh-1|the-secret|code-1/);
    expect(server.forms[0]).toMatchObject({
      grant_type: 'authorization_code',
      authorization: `Basic ${btoa('the-app:the-secret')}`,
    });
    expect(await partner.read('rows')).toMatchObject({ outcome: 'ok' });
    expect(seen).toEqual(['Bearer access-1']);
    const { rows: sealed } = await partners.pool.query<{ text: string }>(
      `select encode(sealed, 'escape') as text from syncline.tokens`,
    );
    expect(sealed.map(({ text }) => text).join()).not.toMatch(/access-1|refresh-1/);
    // The partner takes it back: it is renewed, with a refresh token that works once.
    for (const renewed of ['access-2', 'access-3']) {
      revoke();
      expect(await partner.read('rows', { generation: Number(renewed.at(-1)) })).toMatchObject({ outcome: 'ok' });
      expect(seen.at(-1)).toBe(`Bearer ${renewed}`);
    }
    expect(server.forms.map((form) => form['refresh_token'])).toEqual([undefined, 'refresh-1', 'refresh-2']);
  });

  test('of a public client proves itself by PKCE alone, on a port that is given', async () => {
    const { partner, server } = await partnerOf({ secret: false });
    const port = await freePort();
    const attempt = authorize(partner, ['--port', String(port)]);
    const page = await attempt.page;
    expect(new URL(page).searchParams.get('redirect_uri')).toBe(`http://127.0.0.1:${port}/callback`);
    await browse(page);
    expect((await attempt.ended).code).toBe(0);
    expect(server.forms[0]).toMatchObject({ client_id: 'the-app', authorization: '' });
    expect(server.forms[0]).not.toHaveProperty('client_secret');
    expect(await partner.read('rows')).toMatchObject({ outcome: 'ok' });
  });

  test('takes the URL that a browser of another machine ended at', async () => {
    const { partner } = await partnerOf();
    const attempt = authorize(partner, ['--paste']);
    const { headers } = await fetch(await attempt.page, { redirect: 'manual' });
    attempt.type(headers.get('location') ?? '');
    expect((await attempt.ended).code).toBe(0);
    expect(await partner.read('rows')).toMatchObject({ outcome: 'ok' });
  });

  test('for a stream of its own', async () => {
    const { partner } = await partnerOf({ inStream: true });
    const refused = await authorize(partner).ended;
    expect(refused.stderr).toContain('nobody needs to agree to any other');
    const attempt = authorize(partner, ['--stream', 'rows']);
    await browse(await attempt.page);
    expect((await attempt.ended).code).toBe(0);
    expect(await partner.read('rows')).toMatchObject({ outcome: 'ok' });
  });

  test('does not take what belongs to another attempt', async () => {
    const { partner, server } = await partnerOf();
    const attempt = authorize(partner);
    const page = new URL(await attempt.page);
    const back = page.searchParams.get('redirect_uri') ?? '';
    expect(await browse(`${back}?code=stolen&state=another`)).toBe(404);
    expect(await browse(page.href)).toBe(200);
    expect((await attempt.ended).code).toBe(0);
    expect(server.forms.map((form) => form['code'])).toEqual(['code-1']);
    const pasting = authorize(partner, ['--paste']);
    await pasting.page;
    pasting.type(`${back}?code=stolen&state=another`);
    expect(await pasting.ended).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('does not belong to this attempt'),
    });
  });

  test('says when the person or the partner does not agree', async () => {
    const { partner } = await partnerOf({ refuses: true });
    const attempt = authorize(partner);
    await browse(await attempt.page);
    expect(await attempt.ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('did not grant access (access_denied)'),
    });
  });

  test('warns of tokens that cannot be renewed', async () => {
    const { partner } = await partnerOf({ renewable: false });
    const attempt = authorize(partner);
    await browse(await attempt.page);
    const { code, stdout } = await attempt.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/CAUTION: the partner gave no refresh token, so this ends in 1h/);
  });
});
