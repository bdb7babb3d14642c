import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parseHTML } from 'linkedom';
import { partnersReport, type PartnersReportOptions } from '../../cli/commands/partners-report.ts';
import { MINUTE } from '../../core/duration.ts';
import { readConfig } from '../../config/config.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import type { PartnerReport } from '../../report/partner-report.ts';
import { readDocumented } from '../../report/documented.ts';
import { limitsSection } from '../../report/sections/limits.ts';
import { toldLimits } from '../../store/partner-report/told-limits.ts';
import { throttledCalls } from '../../store/partner-report/throttled-calls.ts';
import { ownPartners, type OwnAnswer, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { said, type Said } from '../support/said.ts';

/** In a token, a query, a header, a path, a body, a record, a key and the name of a field. */
const CANARY = 'canary4711';
const env = { TOKEN: `${CANARY}-token`, TENANT: `${CANARY}-tenant` };

const orders: StreamInput = {
  path: '/orders',
  query: { tenant: '${TENANT}' },
  records: 'data',
  primaryKey: ['id'],
  pagination: { type: 'page', size: 2, total: 'total' },
  schema: {
    type: 'object',
    required: ['id'],
    properties: { id: { type: 'string' }, text: { type: 'string' }, amount: { type: 'number' } },
  },
};
const notes: StreamInput = {
  path: '/orders/{id}/notes',
  primaryKey: ['id'],
  parent: { stream: 'orders', field: 'id', as: 'id' },
  errors: [{ status: 404, action: 'skip' }],
  schema: { type: 'object', properties: { id: { type: 'string' } } },
};

let partners: OwnPartners;
let partner: OwnPartner;

const order = (n: number, more: object = {}): object => ({ id: `${CANARY}-${n}`, text: CANARY, amount: n, ...more });
let night: 'quiet' | 'bad' = 'quiet';
const failed = new Set<string>();
/** True once. */
const first = (what: string): boolean => !failed.has(what) && failed.add(what).size > 0;

/** Numbers its answers; in the bad night it does whatever a partner may do. */
let answers = 0;
function answer(url: URL): OwnAnswer {
  const headers = { 'x-request-id': `req-${(answers += 1)}` };
  const page = Number(url.searchParams.get('page'));
  if (url.pathname !== '/orders')
    return night === 'quiet'
      ? { headers, body: [] }
      : { headers, status: 404, body: { error: `${CANARY} has no notes: ask ${CANARY}@mail.example` } };
  const all = [order(1), order(2), order(3)];
  if (night === 'quiet') return { headers, body: { total: 3, data: all.slice((page - 1) * 2, page * 2) } };
  if (page === 1 && first('500')) return { headers, status: 500, body: { error: CANARY } };
  if (page === 2 && first('429'))
    return { headers: { ...headers, 'retry-after': '0' }, status: 429, body: { error: CANARY } };
  const news = { discount: 1, [`${CANARY}@mail.example`]: 1, amount: 7 };
  const bad = [order(4, news), order(5, { ...news, text: 5, amount: CANARY })];
  return { headers, body: { total: 9, data: page === 1 ? [order(1), order(2, news)] : bad } };
}

/** As if what is known so far had been so much earlier. */
async function pastBy(interval: string): Promise<void> {
  for (const [table, column] of [
    ['calls', 'at'],
    ['stream_runs', 'started_at'],
    ['events', 'received_at'],
  ])
    await partners.pool.query(`update ${table} set ${column} = ${column} - interval '${interval}'`);
}

beforeAll(async () => {
  partners = await ownPartners({ env });
  partner = await partners.partner(
    answer,
    { orders: { ...orders, errorBudget: { share: 1 } }, notes },
    {
      auth: { type: 'bearer', token: '${TOKEN}' },
      headers: { 'x-tenant': '${TENANT}' },
      calls: { excerpt: true },
      limits: { rate: 100, per: '1s', burst: 20 },
      retry: { attempts: 4, base: '10ms', cap: '20ms' },
    },
  );
  for (const stream of ['orders', 'notes']) await partner.read(stream, { window: '2026-11-23' });
  await partners.calls.flush();
  await pastBy('45 minutes');
  night = 'bad';
  const read = (stream: string): Promise<unknown> => partner.read(stream);
  await read('orders').catch(() => read('orders'));
  await read('notes');
  await partners.calls.flush();
});
afterAll(() => partners?.close());

const report = (options: Partial<PartnersReportOptions>): Promise<Said> =>
  said<PartnersReportOptions>(
    readConfig({ DATABASE_URL: partners.databaseUrl, SYNCLINE_PARTNERS_DIR: partners.folder }),
    { since: '30m', ...options },
    (context) => partnersReport({ ...context, name: partner.name }),
  );

test('what a partner did is told with its own ids, and when', async () => {
  const { json } = await report({ json: true });
  const run = (stream: string): string => `sync/${partner.name}/${stream}/2026-11-24`;
  const seen = (requestId: string, stream = 'orders'): object => ({
    at: expect.stringMatching(/^2\d{3}-.*Z$/),
    stream,
    requestId,
    runId: run(stream),
  });
  // The first night asked for two pages and an empty one, and for three notes.
  expect(json).toMatchObject({
    partner: partner.name,
    streams: [
      { stream: 'notes', path: '/orders/{…}/notes', runs: 1, notOk: 1, records: 0, calls: 4, failedCalls: 4 },
      { stream: 'orders', path: '/orders', runs: 1, notOk: 1, records: 6, calls: 5, failedCalls: 2 },
    ],
    totals: [{ ...seen('req-11'), stated: 9, came: 4, repeated: 2 }],
    doubts: [{ ...seen('req-11'), kind: 'repeats' }],
    before: { totals: 0, doubts: 0 },
    errors: [
      {
        stream: 'notes',
        kind: 'skipped',
        status: 404,
        calls: 4,
        of: 4,
        before: { calls: 0, of: 3 },
        examples: [15, 14, 13].map((n) => ({ ...seen(`req-${n}`, 'notes'), call: 'GET /orders/{…}/notes' })),
      },
      { kind: 'server', status: 500, calls: 1, of: 5, before: { calls: 0, of: 3 }, examples: [seen('req-7')] },
      { kind: 'throttled', status: 429, calls: 1, of: 5, before: { calls: 0, of: 3 }, examples: [seen('req-9')] },
    ],
    latency: [{ stream: 'orders', now: { calls: 3 }, before: null, slow: [] }],
    limits: {
      declared: [{ name: 'rate', says: '100 requests per 1s, 20 at once', busiest: expect.any(Number), why: null }],
      within: { calls: 1, examples: [seen('req-9')] },
      above: { calls: 0, examples: [] },
      unclear: [],
      // Its Retry-After of 0 says nothing.
      told: [{ ...seen('req-9'), status: 429, refused: true, told: 'nothing', calls: 1, longestMs: null }],
    },
    fields: [
      { stream: 'notes', looked: 0, lookedBefore: 0 },
      {
        stream: 'orders',
        looked: 2,
        lookedBefore: 3,
        hidden: 1,
        changes: [{ kind: 'undocumented', field: 'discount', types: ['number'], typesBefore: [], ...seen('req-8') }],
      },
    ],
    unfit: [{ path: 'text', says: 'expected string, found number', records: 2, ...seen('req-10') }],
  });
  const { known, from, to } = json as PartnerReport;
  expect(Date.parse(to) - Date.parse(from)).toBe(30 * MINUTE);
  expect(known.runs !== null && known.runs < from).toBe(true);
  expect(known).toMatchObject({ calls: known.callsBefore, callsBefore: expect.stringMatching(/Z$/) });
});

test('all three forms say so, and hold nothing of what nobody may see', async () => {
  const files = { html: 'report.html', markdown: 'report.md', json: 'report.json' };
  const texts: string[] = [];
  for (const [form, name] of Object.entries(files)) {
    const out = join(partners.folder, name);
    const { text, json } = await report({ out, [form]: true });
    const written = await readFile(out, 'utf8');
    texts.push(written);
    expect(json).toEqual({ partner: partner.name, file: out, bytes: Buffer.byteLength(written) });
    expect(text).toBe(
      `Written: ${out}. It holds no secret and no value of a record: read it, and send it to the partner.`,
    );
  }
  const [page = '', markdown = '', json = ''] = texts;
  for (const text of texts) {
    expect(text).not.toContain(CANARY);
    expect(text).not.toContain('mail.example');
    expect(text).not.toContain('127.0.0.1');
    for (const shown of ['req-7', 'req-9', 'req-11', 'discount', '/orders/{…}/notes', `sync/${partner.name}/orders`])
      expect(text).toContain(shown);
  }
  // What must not be found could have been: the log and the ledger have it.
  const { rows } = await partners.pool.query(`select (select string_agg(path || excerpt, ' ') from calls) as calls`);
  expect(rows).toEqual([{ calls: expect.stringContaining(CANARY) }]);

  const { document } = parseHTML(page);
  expect(document.querySelectorAll('a, script, link, img, iframe, [src], [href]')).toHaveLength(0);
  expect(document.querySelector('meta[http-equiv]')?.getAttribute('content')).toMatch(/^default-src 'none'/);
  const said = (document.querySelector('main')?.textContent ?? '').replaceAll(/\s+/g, ' ');
  expect(said).toContain(
    'Found: 1 reading with a stated total that was not true; 1 reading whose end was in doubt; 6 failed calls; 1 call refused within the documented limits; 1 field that is not as documented, or not as before; 2 records that',
  );
  expect(markdown).toMatch(
    /^\| orders \| a page held the same records as the page before it \| [-0-9: ]{19} \| `req-11` \|/m,
  );
  expect(JSON.parse(json)).toMatchObject({ partner: partner.name, doubts: [{ kind: 'repeats' }] });
});

test('a time that has not been yet, two forms at once, and a file that is there are refused', async () => {
  await expect(report({ since: '2999-01-01' })).rejects.toThrow('--since: 2999-01-01 has not been yet');
  await expect(report({ since: 'monday' })).rejects.toThrow('--since: expected 30m, 2h, 7d or a time');
  await expect(report({ markdown: true, json: true })).rejects.toThrow('--markdown and --json: give one of them');
  await expect(report({ out: join(partners.folder, `${partner.name}.yaml`) })).rejects.toThrow('is there already');
});

test('calls before a refusal are counted as the limits count them', async () => {
  const { pool } = partners;
  // ms after the first; how long it took; how many calls it stands for; whose login it used.
  const sent = [
    [0, 10, 1, 'orders'],
    [400, 700, 1, 'orders'],
    [950, 10, 1, 'own'],
    [1000, 10, 1, 'orders'],
    [1020, 10, 1, 'orders'],
    [60_000, 10, 4, 'orders'],
    [60_100, 10, 1, 'orders'],
  ] as const;
  for (const [i, [ms, took, weight, stream]] of sent.entries())
    await pool.query(
      `insert into calls (at, partner, stream, purpose, attempt, method, host, path, status, error, duration_ms, waited_ms, request_id, weight)
        values ($1::timestamptz + $2 * interval '1 millisecond', 'counted', $3, 'page', 1, 'GET', 'h', '/', 200,
          case when $2 in (950, 1000, 60100) then 'throttled' end, $4, 0, $5, $6)`,
      ['2026-11-24T03:00:00Z', ms, stream, took, `req-${i}`, weight],
    );
  const period = { partner: 'counted', before: '2026-11-23', from: '2026-11-24T00:00:00Z', to: '2026-11-25T00:00:00Z' };
  const stretches = [
    { perMs: 500, slackMs: 50 },
    { perMs: 999, slackMs: 100 },
  ];
  expect(await throttledCalls(pool, period, { stretches, without: ['own'] })).toEqual({
    busiest: [2, 3],
    calls: [
      {
        at: '2026-11-24T03:01:00.100Z',
        stream: 'orders',
        status: 200,
        requestId: 'req-6',
        runId: null,
        sampled: true,
        counts: [
          { sent: 2, most: 2 },
          { sent: 2, most: 2 },
        ],
        underWay: { sent: 1, most: 2 },
      },
      {
        at: '2026-11-24T03:00:01.000Z',
        stream: 'orders',
        status: 200,
        requestId: 'req-3',
        runId: null,
        sampled: false,
        counts: [
          { sent: 1, most: 2 },
          { sent: 2, most: 4 },
        ],
        underWay: { sent: 2, most: 3 },
      },
    ],
  });
  expect(
    await throttledCalls(pool, { ...period, from: '2026-11-24T12:00:00Z' }, { stretches: [], without: [] }),
  ).toEqual({ calls: [], busiest: [] });
});

test('what was said of limits by other means than a 429 with a time is told, by kind, with the newest call', async () => {
  const { pool } = partners;
  // status, error, told, ms to wait, how many calls it stands for
  const sent = [
    [200, null, 'used-up', 30_000, 1],
    [200, null, 'used-up', 60_000, 10],
    [200, null, 'wait', 7000, 1],
    [200, null, null, null, 1],
    [503, 'throttled', 'wait', 5000, 1],
    [429, 'throttled', 'nothing', null, 1],
    // As a 429 should be, or as it was noted before there was a column for it.
    [429, 'throttled', 'wait', 5000, 1],
    [429, 'throttled', null, null, 1],
    [403, 'throttled', null, null, 1],
  ] as const;
  for (const [i, [status, error, told, waitMs, weight]] of sent.entries())
    await pool.query(
      `insert into calls (at, partner, stream, purpose, attempt, method, host, path, status, error, duration_ms, waited_ms, request_id, weight, told, told_wait_ms)
        values ($1::timestamptz + $2 * interval '1 second', 'told', 'orders', 'page', 1, 'GET', 'h', '/', $3, $4, 1, 0, $5, $6, $7, $8)`,
      ['2026-11-24T03:00:00Z', i, status, error, `req-${i}`, weight, told, waitMs],
    );
  const period = { partner: 'told', before: '2026-11-23', from: '2026-11-24T00:00:00Z', to: '2026-11-25T00:00:00Z' };
  const found = await toldLimits(pool, period);
  const seen = { stream: 'orders', runId: null, at: expect.any(String) };
  expect(found).toEqual([
    {
      ...seen,
      status: 200,
      refused: false,
      told: 'used-up',
      calls: 11,
      requestId: 'req-1',
      shortestMs: 30_000,
      longestMs: 60_000,
    },
    {
      ...seen,
      status: 200,
      refused: false,
      told: 'wait',
      calls: 1,
      requestId: 'req-2',
      shortestMs: 7000,
      longestMs: 7000,
    },
    {
      ...seen,
      status: 403,
      refused: true,
      told: null,
      calls: 1,
      requestId: 'req-8',
      shortestMs: null,
      longestMs: null,
    },
    {
      ...seen,
      status: 429,
      refused: true,
      told: 'nothing',
      calls: 1,
      requestId: 'req-5',
      shortestMs: null,
      longestMs: null,
    },
    {
      ...seen,
      status: 503,
      refused: true,
      told: 'wait',
      calls: 1,
      requestId: 'req-4',
      shortestMs: 5000,
      longestMs: 5000,
    },
  ]);
  const none = { calls: 0, examples: [] };
  const { tables } = limitsSection({ limits: { declared: [], within: none, above: none, unclear: [], told: found } });
  expect(tables.map(({ rows }) => rows.map((row) => row.slice(1, 5)))).toEqual([
    [
      ['200', 'a good answer, and nothing is left', '11', '30s to 1m'],
      ['200', 'not refused as too many, but asked to wait', '1', '7s'],
      ['403', 'refused as one call too many', '1', ''],
      ['429', 'refused as one call too many, without saying for how long', '1', ''],
      ['503', 'refused as one call too many', '1', '5s'],
    ],
  ]);
});

test('of a definition only what is documented is read, without any variable', async () => {
  await writeFile(
    join(partners.folder, 'typed.ts'),
    `import { z } from ${JSON.stringify(import.meta.resolve('zod'))};
    export default {
      name: 'typed', baseUrl: '\${NOBODY_KNOWS}', auth: { type: 'bearer', token: '\${NOR_THIS}' },
      limits: { rate: '\${RATE}', quotas: [{ name: 'daily', limit: 100, per: 'day' }] },
      streams: {
        own: { path: '/\${TENANT}/own', auth: { type: 'none' }, schema: { type: 'object', properties: { id: { type: 'string', was: 'uid' } } } },
        lines: {
          path: '/orders/{parent.id}/lines', parent: { stream: 'own', field: 'id', include: { id: 'order' } },
          job: { create: { path: '/exports', id: 'id' } }, query: { filter: '/not/a/path' },
          schema: z.object({ at: z.iso.datetime(), price: z.object({ cents: z.int() }) }),
        },
      },
    };`,
  );
  const { literals, streams, limits } = await readDocumented('typed', partners.folder, { RATE: '7' });
  expect(limits).toMatchObject({ rate: 7, quotas: [{ name: 'daily' }] });
  expect([...literals].toSorted()).toEqual(['exports', 'lines', 'orders', 'own']);
  expect(Object.fromEntries(streams)).toEqual({
    own: { path: '/{…}/own', ownAuth: true, fields: new Set(['id', 'uid']), names: new Set(['id', 'uid']) },
    lines: {
      path: '/orders/{…}/lines',
      ownAuth: false,
      fields: new Set(['at', 'price', 'order']),
      names: new Set(['at', 'price', 'order', 'cents']),
    },
  });
  await expect(readDocumented('typed', partners.folder, {})).rejects.toThrow(/RATE is not set/);
  await expect(readDocumented('nobody', partners.folder, {})).rejects.toThrow('there is no partner "nobody"');
});
