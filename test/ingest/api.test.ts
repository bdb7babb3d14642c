import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { format } from 'prettier';
import { z } from 'zod';
import { apiDocument } from '../../ingest/openapi/document.ts';
import type { MediaType, OpenApi, Operation } from '../../ingest/openapi/openapi.ts';
import { problemHelp } from '../../ingest/problem-help.ts';
import { problemsDocument } from '../../ingest/problem-words.ts';
import { problemCodes } from '../../ingest/problem.ts';
import type { ApiVersion } from '../../ingest/versions/api-version.ts';
import { apiVersions, v1 } from '../../ingest/versions/v1.ts';
import { schemasOf, undescribed } from '../support/described.ts';
import { ask, compiledOf, ordersByPush, useIngest, type Answered } from '../support/use-ingest.ts';

/** One whose answers look otherwise, as a sender would see it. */
const v2: ApiVersion = {
  name: 'v2',
  changes: ['`id` is called `request`, and `items` only names what was not taken.'],
  accepted: {
    schema: z.strictObject({ request: z.uuid(), self: z.string(), failed: z.array(z.unknown()) }),
    example: { request: '7d3f8c52-3b1e-4c5e-9d1a-0f6f5f0f9b1c', self: '/v2/ingest/7d3f8c52', failed: [] },
    show: ({ id, items, links }) => ({
      request: id,
      self: links.self,
      failed: items.filter(({ status }) => status !== 'accepted'),
    }),
  },
  state: {
    schema: z.strictObject({ request: z.uuid(), done: z.boolean() }),
    example: { request: '7d3f8c52-3b1e-4c5e-9d1a-0f6f5f0f9b1c', done: true },
    show: ({ id, final }) => ({ request: id, done: final }),
  },
};
const since = '2027-01-01T00:00:00.000Z';
const sunset = '2027-07-01T00:00:00.000Z';
const v0: ApiVersion = { ...v1, name: 'v0', deprecation: { since, sunset, ended: true } };
const versions = [v0, { ...v1, deprecation: { since, sunset } }, v2];

const odd = z.object({
  id: z.string(),
  v: z.coerce.number(),
  at: z.iso.date().transform((text) => `${text}T00:00:00Z`),
});
const refs = {
  type: 'object',
  $defs: { text: { type: ['string', 'null'] } },
  properties: { id: { type: 'string' }, v: { type: 'integer' }, text: { $ref: '#/$defs/text' } },
  required: ['id', 'v'],
};
const streams = {
  orders: ordersByPush({ schema: refs }),
  entries: ordersByPush({ primaryKey: [], version: [], disposition: 'append' }),
  odd: ordersByPush({ schema: odd }),
  pulled: { ...ordersByPush(), path: '/pulled', push: undefined },
};
const served = useIngest(streams, { versions });

const operationsOf = ({ paths }: OpenApi): readonly Operation[] =>
  Object.values(paths).flatMap((item) => Object.values(item));
/** Every schema with its examples. */
const mediaOf = (document: OpenApi): readonly MediaType[] =>
  operationsOf(document).flatMap(({ requestBody, responses }) => [
    ...Object.values(requestBody?.content ?? {}),
    ...Object.values(responses).flatMap(({ content }) => Object.values(content ?? {})),
  ]);

const pathsOf = ({ paths }: OpenApi): string[] =>
  Object.keys(paths)
    .filter((path) => path.startsWith('/v'))
    .toSorted();
const said = ({ headers }: Answered): unknown[] => ['deprecation', 'sunset', 'link'].map((name) => headers.get(name));
const push = (version: string, key: string): Promise<Answered> =>
  ask(`${served.ingest.url}/${version}/acme/entries`, {
    method: 'POST',
    body: '{"id":"a","v":1,"text":"one"}',
    headers: { authorization: 'Bearer caller', 'content-type': 'application/json', 'idempotency-key': key },
  });

describe('the OpenAPI document', () => {
  const official = new Ajv2020({ strict: false, validateFormats: false }).compile(
    JSON.parse(
      // It leaves schemas to whoever reads it: ours are of JSON Schema 2020-12.
      readFileSync(new URL('openapi-3.1.schema.json', import.meta.url), 'utf8').replaceAll(
        '"$dynamicRef": "#meta"',
        '"$ref": "https://json-schema.org/draft/2020-12/schema"',
      ),
    ) as object,
  );

  test.each([
    ['of what is served', apiVersions, []],
    [
      'of a caller, with several versions',
      versions,
      [...compiledOf(streams).values()].filter(({ name }) => name !== 'pulled'),
    ],
  ])('%s is OpenAPI 3.1, and each example in it fits its schema', (_, versions, of) => {
    const document = apiDocument({ base: 'https://push.example.com', versions, streams: of });
    official(document);
    expect(official.errors).toBeNull();
    const compile = schemasOf(document);
    const wrong = mediaOf(document).flatMap(({ schema, examples = {} }) => {
      const validate = compile(schema);
      return Object.values(examples).filter(({ value }) => !validate(value));
    });
    expect(wrong).toEqual([]);
    const ids = operationsOf(document).map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const links = operationsOf(document).flatMap(({ responses }) =>
      Object.values(responses).flatMap(({ links }) => Object.values(links ?? {})),
    );
    expect(links.filter(({ operationId }) => !ids.includes(operationId))).toEqual([]);
    expect(links.length).toBeGreaterThan(0);
  });

  test('names the streams of a caller to that caller only, with the schemas of their records', async () => {
    const [anybody, caller, stranger] = [
      await ask(`${served.ingest.url}/openapi.json`),
      await served.get('/openapi.json'),
      await served.get('/openapi.json', { authorization: 'Bearer stranger' }),
    ].map(({ body }) => body as OpenApi) as [OpenApi, OpenApi, OpenApi];
    const general = [
      '/v1/{partner}/{stream}',
      '/v1/ingest/{id}',
      '/v2/{partner}/{stream}',
      '/v2/ingest/{id}',
    ].toSorted();
    expect(pathsOf(anybody)).toEqual(general);
    expect(pathsOf(stranger)).toEqual(general);
    expect(pathsOf(caller)).toEqual(
      [
        ...general,
        ...['orders', 'entries', 'odd'].flatMap((name) => [`/v1/acme/${name}`, `/v2/acme/${name}`]),
      ].toSorted(),
    );
    expect(anybody.servers).toEqual([{ url: served.ingest.url }]);
    const keyOf = (stream: string): unknown =>
      caller.paths[`/v1/acme/${stream}`]?.post?.parameters?.find(({ name }) => name === 'Idempotency-Key');
    expect([keyOf('orders'), keyOf('entries')]).toMatchObject([{ required: false }, { required: true }]);
    const validate = schemasOf(caller)(
      caller.paths['/v1/acme/orders']?.post?.requestBody?.content['application/json']?.schema,
    );
    expect(
      [{ id: 'a', v: 1, text: 'x' }, [{ id: 'a', v: 1 }], { id: 'a', v: 1, text: 5 }, [{ v: 1 }]].map((body) =>
        validate(body),
      ),
    ).toEqual([true, true, false, false]);
    // What is sent, not what a transform makes of it.
    expect(caller.components.schemas['acme.odd']).toMatchObject({ properties: { at: { format: 'date' } } });
  });

  test('describes what no route answers: headers that are too large, and what is no HTTP', async () => {
    const { body } = await ask(`${served.ingest.url}/openapi.json`);
    const large = await ask(`${served.ingest.url}/v1/ingest/${randomUUID()}`, {
      headers: { 'x-much': 'x'.repeat(20_000) },
    });
    expect(large.status).toBe(431);
    expect(undescribed(body as OpenApi, { method: 'GET', path: `/v1/ingest/${randomUUID()}` }, large)).toEqual([]);
    const said = await new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(served.ingest.url).port), '127.0.0.1', () =>
        socket.write('no HTTP\r\n\r\n'),
      );
      socket.on('data', (data) => resolve(data.toString()));
    });
    expect(said).toMatch(/^HTTP\/1\.1 400 Bad Request\r\ncontent-type: application\/problem\+json\r\nx-request-id: /);
  });
});

describe('pages', () => {
  test.each(['/docs', '/docs/versions', '/problems', ...problemCodes.map((code) => `/problems/${code}`)])(
    '%s is HTML that needs no script and no style of its own',
    async (path) => {
      const { status, headers, text } = await served.get(path);
      expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(headers.get('content-security-policy')).toContain("default-src 'none';style-src 'self'");
      expect(text).not.toMatch(/<script|<style|\sstyle=|\son\w+=|undefined|\[object/);
      const links = [...text.matchAll(/(?:href)="(\/[^"#]*|#[^"]*)"/g)].map(([, href = '']) => href);
      expect(links.filter((href) => href.startsWith('#') && !text.includes(`id="${href.slice(1)}"`))).toEqual([]);
      const status200 = await Promise.all(
        [...new Set(links.filter((href) => href.startsWith('/')))].map(async (href) => (await served.get(href)).status),
      );
      expect(new Set(status200)).toEqual(new Set([200]));
    },
  );

  test('explain a problem where its type says, and know no other code', async () => {
    const refused = await served.push('entries', { id: 'a', v: 1 });
    const { type } = refused.body as { type: string };
    expect((await ask(type)).text).toContain('a new one with each new request');
    expect((await served.get('/problems/none')).status).toBe(404);
    expect((await served.get('/docs/style.css')).headers.get('content-type')).toBe('text/css; charset=utf-8');
  });

  test('say what docs/ingest-problems.md says', async () => {
    const document = readFileSync(new URL('../../docs/ingest-problems.md', import.meta.url), 'utf8');
    expect(document).toBe(await format(problemsDocument(), { parser: 'markdown', printWidth: 120 }));
    expect(
      problemCodes.filter(
        (code) => (problemHelp[code].retry === 'same') !== (problemHelp[code].retryAfterS !== undefined),
      ),
    ).toEqual([]);
  });
});

test('probes answer as they are described', async () => {
  expect([(await served.get('/healthz')).body, (await served.get('/readyz')).body]).toEqual([
    { status: 'ok' },
    { ready: true, problems: [] },
  ]);
});

describe('versions side by side', () => {
  test('take the same records, and a request that is sent again through the other one lands once', async () => {
    const key = randomUUID();
    const [old, next, again] = [await push('v1', key), await push('v2', key), await push('v2', key)];
    const { id } = old.body as { id: string };
    expect(next.body).toEqual({ request: id, self: `/v2/ingest/${id}`, failed: [] });
    expect([next.headers.get('location'), again.text]).toEqual([`/v2/ingest/${id}`, next.text]);
    expect([old, next, again].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true', 'true']);
    expect(await served.rows('entries', 'text')).toEqual([['one']]);
    expect((await served.get(`/v2/ingest/${id}`)).body).toEqual({ request: id, done: true });
    expect((await served.get(`/v1/ingest/${id}`)).body).toMatchObject({ id, final: true });
  });

  test('say when one of them ends, on every answer of it, with a link to what to change', async () => {
    const page = `${served.ingest.url}/docs/versions#v1`;
    const expected = [
      '@1798761600',
      'Thu, 01 Jul 2027 00:00:00 GMT',
      `<${page}>; rel="deprecation"; type="text/html", <${page}>; rel="sunset"; type="text/html"`,
    ];
    expect(said(await push('v1', randomUUID()))).toEqual(expected);
    expect(said(await push('v1', 'short'))).toEqual(expected);
    expect(said(await served.get('/v1/ingest/none'))).toEqual(expected);
    expect(said(await push('v2', randomUUID()))).toEqual([null, null, null]);
    const ended = await push('v0', randomUUID());
    expect([ended.status, (ended.body as { code: string }).code, said(ended)[1]]).toEqual([
      410,
      'version_ended',
      expected[1],
    ]);
    const document = readFileSync(new URL('../../docs/api-versions.md', import.meta.url), 'utf8');
    const inDocument = [...document.matchAll(/^ +(Deprecation|Sunset|Link): (.*)$/gm)].map(([, , value = '']) => value);
    expect(inDocument.map((value) => value.replaceAll('https://push.example.com', served.ingest.url))).toEqual(
      expected,
    );
    const { text } = await ask(page);
    expect(text).toContain('it ends on 2027-07-01');
    expect(text).toContain('<code>id</code> is called <code>request</code>');
  });
});
