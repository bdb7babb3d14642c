import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { InvalidInput } from '../../core/errors.ts';
import { listPartners, loadPartner } from '../../definitions/load.ts';
import { acme, loadAcme, problemsOf, withFiles } from './partner-files.ts';

const inTypeScript = (name: string): string => `
    export default {
      name: '${name}',
      baseUrl: 'https://api.example',
      auth: (request) => ({ ...request, headers: { ...request.headers, key: '\${KEY}' } }),
      streams: {
        orders: {
          path: '/orders', disposition: 'append', schema: { type: 'object' }, query: { key: '\${KEY}' },
          pagination: { type: 'function', as: 'page', next: (page: { cursor: string | null }) => page.cursor },
        },
      },
    };`;

test.each([
  ['ts', 'of a module', '{ "type": "module" }'],
  ['ts', 'of a package that says nothing', '{}'],
  ['ts', 'of CommonJS', '{ "type": "commonjs" }'],
  ['mjs', 'of a module', '{ "type": "module" }'],
  ['yaml', 'of a module', '{ "type": "module" }'],
])('a .%s definition %s that has changed is read anew in the same process', async (ending, _, packageJson) => {
  const definition = (path: string): string => {
    const value = JSON.stringify({
      name: 'acme',
      baseUrl: 'https://api.acme.example',
      streams: { orders: { path, disposition: 'append', schema: { type: 'object' } } },
    });
    if (ending === 'yaml') return value;
    return ending === 'mjs' ? `export default ${value};` : `const made: object = ${value};\nexport default made;`;
  };
  await withFiles({ 'package.json': packageJson, [`acme.${ending}`]: definition('/orders') }, async (dir) => {
    // A process of its own: jest keeps what it once read of a file, whatever its URL.
    const program = `
      import { writeFile } from 'node:fs/promises';
      const { loadPartner } = await import(${JSON.stringify(new URL('../../dist/definitions/load.js', import.meta.url).href)});
      const path = async () => (await loadPartner('acme', { dir: ${JSON.stringify(dir)}, env: {} })).streams.orders.path;
      console.log(await path());
      await writeFile(${JSON.stringify(join(dir, `acme.${ending}`))}, ${JSON.stringify(definition('/v2/orders'))});
      console.log(await path());`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
    expect(stdout).toBe('/orders\n/v2/orders\n');
  });
});

describe('a definition of the right shape', () => {
  test('is loaded with its defaults filled in and its durations in milliseconds', async () => {
    const partner = await loadAcme(acme({ top: 'timeout: 5s' }));
    expect(partner).toMatchObject({
      name: 'acme',
      auth: { type: 'none' },
      timeout: 5000,
      retry: { attempts: 8, base: 1000, cap: 60_000, total: 3_600_000 },
      streams: { orders: { method: 'GET', records: '', disposition: 'merge', pagination: { type: 'none' } } },
    });
  });

  test.each([
    ['none', '{ type: none }'],
    ['bearer', '{ type: bearer, token: t }'],
    ['apiKey', '{ type: apiKey, in: header, name: X-Key, key: k }'],
    ['basic', '{ type: basic, username: u, password: "" }'],
    [
      'oauth2',
      '{ type: oauth2, grant: client_credentials, tokenUrl: "https://a.example/t", clientId: i, clientSecret: s }',
    ],
    [
      'oauth2',
      '{ type: oauth2, grant: refresh_token, tokenUrl: "https://a.example/t", clientId: i, clientSecret: s, refreshToken: r }',
    ],
    ['hmac', '{ type: hmac, secret: s, header: X-Signature }'],
  ])('may have auth of type %s', async (type, auth) => {
    expect((await loadAcme(acme({ top: `auth: ${auth}` }))).auth).toMatchObject({ type });
  });

  test.each([
    ['none', '{ type: none }'],
    ['token', '{ type: token, token: meta.next, as: cursor }'],
    ['nextUrl', '{ type: nextUrl, path: links.next }'],
    ['link', '{ type: link }'],
    ['offset', '{ type: offset, limit: 100, total: total }'],
    ['page', '{ type: page, size: 100, totalPages: pages }'],
    ['keyset', '{ type: keyset, field: id, as: starting_after, hasMore: has_more }'],
  ])('may have pagination of type %s', async (type, pagination) => {
    const { streams } = await loadAcme(acme({ stream: `pagination: ${pagination}` }));
    expect(streams.orders?.pagination.type).toBe(type);
  });

  test('may share parts by YAML anchors and merges', async () => {
    const yaml = `${acme().replace('schema: {', 'schema: &order {')}\n  archive:\n    path: /archive\n    primaryKey: [id]\n    schema: { <<: *order, title: old }`;
    const { streams } = await loadAcme(yaml);
    expect(streams.archive?.schema).toMatchObject({ title: 'old', properties: { id: { type: 'string' } } });
  });
});

describe('a broken definition', () => {
  test.each<[string, string, string[]]>([
    ['an empty file', '', ['acme.yaml:1:1: expected a mapping, found null']],
    [
      'a value with a colon',
      'name: a: b',
      ['acme.yaml:1:7: not valid YAML: two keys on one line, or a value with ": " in it; put the value in quotes'],
    ],
    [
      'an alias of nothing',
      'name: *acme',
      [
        'acme.yaml:1:7: not valid YAML: a value that starts with * refers to an anchor that is not there; put the value in quotes',
      ],
    ],
    [
      'an alias of itself',
      'name: &a { b: *a }',
      ['acme.yaml:1:15: not valid YAML: an alias (*) inside the very thing that it refers to'],
    ],
    [
      'a key that is there twice',
      acme({ stream: 'path: /again' }),
      ['acme.yaml:8:5: not valid YAML: this key is there twice; keep one'],
    ],
    [
      'an unknown kind of pagination',
      acme({ stream: 'pagination: { type: tokens }' }),
      [
        'acme.yaml:8:19 streams.orders.pagination.type: expected one of "none", "token", "nextUrl", "link", "offset", "page", "keyset", "function", found "tokens"; did you mean "token"?',
      ],
    ],
    [
      'what others call a kind of pagination',
      acme({ stream: 'pagination: { type: cursor }' }),
      [
        'acme.yaml:8:19 streams.orders.pagination.type: expected one of "none", "token", "nextUrl", "link", "offset", "page", "keyset", "function", found "cursor"; did you mean "token"?',
      ],
    ],
    [
      'a typo in a field of pagination',
      acme({ stream: 'pagination: { type: token, tokn: a, as: b }' }),
      [
        'acme.yaml:8:5 streams.orders.pagination.token: missing; expected a text: path of the token in the body, or the name of its header',
        'acme.yaml:8:32 streams.orders.pagination.tokn: unknown field; did you mean "token"?',
      ],
    ],
    [
      'fields whose use is not clear from their types',
      acme({ top: 'grant: { requests: many, time: 30 }', stream: 'pagination: { type: page, first: -1 }' }),
      [
        'acme.yaml:3:10 grant.requests: expected a number, found "many"; requests: how many requests a turn may make',
        'acme.yaml:3:26 grant.time: expected a duration such as 500ms, 30s, 5m, 2h, 1d, found 30',
        'acme.yaml:9:31 streams.orders.pagination.first: expected at least 0, found -1; first: number of the first page',
        'acme.yaml:9:5 streams.orders.pagination.size: missing; expected a number: how many records a full page has',
      ],
    ],
    [
      'a field in the words of another tool',
      acme({ stream: 'paginate: x' }),
      ['acme.yaml:8:5 streams.orders.paginate: unknown field; did you mean "pagination"?'],
    ],
    [
      'a field that is like no other',
      acme({ top: 'retry: { speed: 1 }' }),
      ['acme.yaml:3:10 retry.speed: unknown field; known here: attempts, base, cap, total'],
    ],
    [
      'a number where a duration belongs',
      acme({ top: 'timeout: 30' }),
      ['acme.yaml:3:1 timeout: expected a duration such as 500ms, 30s, 5m, 2h, 1d, found 30'],
    ],
    [
      'a duration without a unit that we know',
      acme({ top: 'timeout: 30 seconds' }),
      ['acme.yaml:3:1 timeout: expected a duration such as 500ms, 30s, 5m, 2h, 1d, found "30 seconds"'],
    ],
    [
      'a token that YAML takes for a number',
      acme({ top: 'auth: { type: bearer, token: 12345 }' }),
      ['acme.yaml:3:23 auth.token: expected a text, found a number; put it in quotes'],
    ],
    [
      'an auth that is only a word',
      acme({ top: 'auth: sesame' }),
      ['acme.yaml:3:1 auth: expected a function (only in a .ts definition) or a mapping, found a text'],
    ],
    [
      'bounds',
      acme({ top: 'limits: { rate: 0, burst: 1.5 }' }),
      [
        'acme.yaml:3:11 limits.rate: expected more than 0, found 0; rate: how many units may go within `per`, over all workers together; any number if absent',
        'acme.yaml:3:20 limits.burst: expected a whole number, found 1.5; burst: how many units may go at once',
      ],
    ],
    [
      'an error rule',
      acme({ stream: 'errors: [{ status: 5x, action: skp }]' }),
      [
        'acme.yaml:8:16 streams.orders.errors.0.status: expected a text that matches /^[1-5]xx$/, found "5x"',
        'acme.yaml:8:28 streams.orders.errors.0.action: expected one of "ok", "throttled", "retry", "refreshToken", "skip", "end", "restart", "attention", "giveUp", found "skp"; did you mean "skip"?',
      ],
    ],
    [
      'a value that fits no branch of a union',
      acme({ stream: 'query: { a: { b: 1 } }' }),
      [
        "acme.yaml:8:14 streams.orders.query.a: expected a text, a number, true or false, or a list of those; a text with a {placeholder} stands in quotes: '{start}', found a mapping",
      ],
    ],
    [
      'a time without a zone',
      acme({ stream: 'incremental: { field: at, start: { as: s }, initial: "2026-01-01 00:00" }' }),
      [
        'acme.yaml:8:49 streams.orders.incremental.initial: expected a time with its zone, such as 2026-01-01T00:00:00Z, found "2026-01-01 00:00"',
      ],
    ],
    [
      'names with capitals',
      acme().replace('  orders:', '  Orders:'),
      [
        'acme.yaml:4:3 streams.Orders: expected a lower-case name of letters, digits and _ that starts with a letter, up to 40, found "Orders"',
      ],
    ],
    [
      'no stream and no http URL',
      'name: acme\nbaseUrl: ftp://x\nstreams: {}',
      [
        'acme.yaml:2:1 baseUrl: expected an http(s) URL, found a text',
        'acme.yaml:3:1 streams: expected at least one stream, found an empty mapping',
      ],
    ],
    [
      'a name that is not the file’s',
      acme().replace('name: acme', 'name: acne'),
      ['acme.yaml:1:1 name: expected "acme", as the file is called; rename one of the two'],
    ],
  ])('with %s is refused in words', async (_what, yaml, messages) => {
    expect(await problemsOf(yaml)).toEqual(messages);
  });

  test('brings all its problems in one error', async () => {
    await expect(
      loadAcme(acme({ top: 'auth: { type: bearer, token: "${TOKEN}" }\ntimeout: soon', stream: 'lane: urgent' })),
    ).rejects.toThrow(/^3 problems in .*acme\.yaml:\n {2}.*TOKEN.*\n {2}.*timeout.*\n {2}.*lane/s);
  });
});

describe('the folder of partners', () => {
  test('may hold YAML, TypeScript and JavaScript, in files or in folders of the same name', async () => {
    const files = {
      'acme.yaml': acme(),
      'beta.yml': acme(),
      'gamma.ts': inTypeScript('gamma'),
      'delta/delta.yaml': acme(),
      'delta/README.md': 'notes',
      'empty/notes.yaml': '',
      'eta.mjs': 'export default {}',
      '.hidden.yaml': '',
      'README.md': '',
    };
    await withFiles(files, async (dir) => {
      expect(await listPartners(dir)).toEqual(['acme', 'beta', 'delta', 'eta', 'gamma']);
    });
  });

  test('may hold a definition in TypeScript, with functions and filled in texts', async () => {
    await withFiles({ 'gamma.ts': inTypeScript('gamma') }, async (dir) => {
      const partner = await loadPartner('gamma', { dir, env: { KEY: 'k' } });
      expect(partner.auth).toBeInstanceOf(Function);
      expect(partner.streams.orders).toMatchObject({ query: { key: 'k' }, pagination: { next: expect.any(Function) } });
    });
  });

  test.each([
    [
      'acme',
      { 'acme.yaml': '', 'acme.ts': '' },
      /"acme" is defined twice, in .*acme\.ts and in .*acme\.yaml; keep one/,
    ],
    ['acme', { 'acme.yaml': '', 'acme/acme.yml': '' }, /"acme" is defined twice/],
    ['amce', { 'acme.yaml': '' }, /no partner "amce" in .*; did you mean "acme"\?/],
    ['other', { 'acme.yaml': '', 'beta.yaml': '' }, /no partner "other" in .*; there are acme, beta/],
    ['acme', { 'README.md': '' }, /no partner "acme" in .*; write .*acme\.yaml/],
    ['acme', { 'acme.mjs': 'export const partner = {}' }, /acme\.mjs: no default export; write export default/],
    ['acme', { 'acme.mjs': 'export default {' }, /acme\.mjs: cannot be imported: /],
    [
      'acme',
      { 'acme.mjs': 'export default { name: 5 }' },
      /acme\.mjs name: expected a text, found 5; put it in quotes/,
    ],
  ])('says what to do about %s when it holds %j', async (name, files, message) => {
    await withFiles(files as Record<string, string>, async (dir) => {
      await expect(loadPartner(name, { dir, env: {} })).rejects.toThrow(message);
      await expect(loadPartner(name, { dir, env: {} })).rejects.toBeInstanceOf(InvalidInput);
    });
  });

  test('has to exist', async () => {
    await expect(listPartners('/nowhere/partners')).rejects.toThrow(
      'cannot read the folder of partners /nowhere/partners; create it, or point to another one',
    );
  });
});
