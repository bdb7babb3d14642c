import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { auth } from '../../definitions/auth.ts';
import { loadPartner } from '../../definitions/load.ts';
import { problemsOf, withFiles } from './partner-files.ts';

const document = readFileSync(new URL('../../docs/auth.md', import.meta.url), 'utf8');
const blocks = (language: string): readonly string[] =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text);
const pemOf = (kind: 'rsa' | 'ec'): string =>
  (kind === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  ).privateKey
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
const keys = { rsa: pemOf('rsa'), ec: pemOf('ec') };
const env = {
  ACME_TOKEN: 't',
  ACME_CLIENT: 'c',
  ACME_SECRET: 's',
  ACME_REFRESH: 'r',
  AWS_ACCESS_KEY_ID: 'a',
  AWS_SECRET_ACCESS_KEY: 'b',
  AWS_SESSION_TOKEN: 'c',
  GOOGLE_SERVICE_ACCOUNT: JSON.stringify({ client_email: 'me@acme.example', private_key: keys.rsa }),
};

describe('docs/auth.md', () => {
  test.each(blocks('yaml').map((block) => ({ block })))('shows an auth that loads: $block', async ({ block }) => {
    const rest = block.includes('streams:')
      ? ''
      : 'streams: { orders: { path: /o, primaryKey: [id], schema: { type: object, properties: { id: { type: string } } } } }\n';
    const key = block.includes('ES256') ? keys.ec : keys.rsa;
    expect(
      await problemsOf(`name: acme\nbaseUrl: https://api.acme.example\n${block}${rest}`, {
        ...env,
        ACME_PRIVATE_KEY: key,
      }),
    ).toEqual([]);
  });

  test('shows a function that loads', async () => {
    const [text = ''] = blocks('ts');
    const alone = text
      .replace("import { definePartner, type AuthTools } from 'syncline';", 'const definePartner = (given) => given;')
      .replace(': AuthTools', '');
    await withFiles({ 'package.json': '{ "type": "module" }', 'acme.mjs': alone }, async (dir) => {
      expect((await loadPartner('acme', { dir, env: {} })).auth).toMatchObject({ type: 'function' });
    });
  });

  const [, declared] = auth.options;
  test.each(declared.options.map(({ shape }) => shape.type.value))('names the type %s', (type) => {
    expect(document).toMatch(new RegExp(`^\\| .*\`${type}\``, 'm'));
  });

  test.each(declared.options.flatMap(({ shape }) => Object.keys(shape).map((field) => [shape.type.value, field])))(
    'mentions of %s the field %s',
    (_, field) => {
      expect(document).toMatch(new RegExp(`\\b${field}\\b`));
    },
  );

  test.each([...document.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) => path))(
    'links to %s, which is there',
    (path) => {
      expect(existsSync(new URL(`../../docs/${path}`, import.meta.url))).toBe(true);
    },
  );

  test.each([...document.matchAll(/\]\(#([^)]+)/g)].map(([, anchor = '']) => anchor))(
    'links to its own heading %s',
    (anchor) => {
      const headings = [...document.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
        heading.toLowerCase().replaceAll(' ', '-'),
      );
      expect(headings).toContain(anchor);
    },
  );
});

const oauth2 = 'type: oauth2, grant: authorization_code, tokenUrl: https://a.example/t, clientId: i';

describe('an auth that cannot work', () => {
  test.each([
    [`{ ${oauth2}, clientSecret: s }`, 'auth.authorizeUrl', /missing; expected an http\(s\) URL/],
    [`{ ${oauth2}, authorizeUrl: https://a.example/a }`, 'auth.sealKey', /missing; without a clientSecret/],
    [
      `{ ${oauth2}, authorizeUrl: https://a.example/a, clientSecret: s, refreshToken: r }`,
      'auth.refreshToken',
      /not used by/,
    ],
    [
      '{ type: oauth2, grant: client_credentials, tokenUrl: https://a.example/t, clientId: i }',
      'auth.clientSecret',
      /missing; grant: client_credentials needs it/,
    ],
    [
      '{ type: oauth2, grant: client_credentials, tokenUrl: https://a.example/t, clientId: i, clientSecret: s, redirectUri: http://x.example }',
      'auth.redirectUri',
      /only for grant: authorization_code/,
    ],
    ['{ type: login, url: login, token: t }', 'auth.url', /a path behind baseUrl such as \/login/],
    ['{ type: login, url: //evil.example/login, token: t }', 'auth.url', /a path behind baseUrl/],
    ['{ type: login, url: /login, method: GET, token: t }', 'auth.as', /a GET request has no body/],
    [
      '{ type: login, url: /login, as: basic, credentials: { user: me }, token: t }',
      'auth.credentials',
      /expected username/,
    ],
    ['{ type: login, url: /login, token: t, use: { in: query } }', 'auth.use.name', /a token in: query needs a name/],
    ['{ type: login, url: /login, token: t, use: { in: cookie } }', 'auth.use.name', /a token in: cookie needs a name/],
    ["{ type: jwt, algorithm: RS256, key: '${KEY}' }", 'auth.key', /expected a private key in PEM for RS256/],
    ['{ type: jwt, algorithm: HS256, key: k, lifetime: 0s }', 'auth.lifetime', /above 0/],
    ["{ type: googleServiceAccount, key: '${KEY}', scope: a }", 'auth.key', /the JSON that Google gives/],
  ])('is refused: %s', async (written, place, says) => {
    const streams =
      'streams: { orders: { path: /o, primaryKey: [id], schema: { type: object, properties: { id: { type: string } } } } }';
    const problems = await problemsOf(`name: acme\nbaseUrl: https://api.acme.example\nauth: ${written}\n${streams}`, {
      KEY: `${keys.ec}canary`,
    });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(` ${place}: `);
    expect(problems[0]).toMatch(says);
    expect(problems[0]).not.toContain('canary');
  });

  test('of a stream is named with its place', async () => {
    const stream =
      'path: /o, primaryKey: [id], schema: { type: object, properties: { id: { type: string } } }, auth: { type: jwt, algorithm: ES256, key: x }';
    expect(
      await problemsOf(`name: acme\nbaseUrl: https://api.acme.example\nstreams: { orders: { ${stream} } }`),
    ).toEqual([expect.stringContaining('streams.orders.auth.key: expected a private key in PEM for ES256')]);
  });
});
