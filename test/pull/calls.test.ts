import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { calls as callsCommand } from '../../cli/commands/calls.ts';
import { readConfig } from '../../config/config.ts';
import type { Call } from '../../core/call.ts';
import { DAY } from '../../core/duration.ts';
import type { PartnerInput, StreamInput } from '../../definitions/definition.ts';
import { eraseFromCalls } from '../../store/erasure/erase-calls.ts';
import { bufferedCalls } from '../../store/calls/buffered-calls.ts';
import { countCalls, readCalls, type CallRow } from '../../store/calls/read-calls.ts';
import { sweepCalls } from '../../store/calls/sweep-calls.ts';
import { writeCalls } from '../../store/calls/write-calls.ts';
import { loadAcme } from '../definitions/partner-files.ts';
import { ownPartners, type OwnAnswer, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { said } from '../support/said.ts';

let partners: OwnPartners;
beforeAll(async () => {
  partners = await ownPartners();
});
afterAll(() => partners.close());

const things = {
  path: '/things',
  query: { key: 'canary' },
  records: 'data',
  primaryKey: ['id'],
  pagination: { type: 'page', size: 1 },
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } },
} satisfies StreamInput;

const page = (url: URL): number => Number(url.searchParams.get('page'));

/** What is noted of a partner, the oldest first. */
async function noted({ name }: Pick<OwnPartner, 'name'>): Promise<readonly CallRow[]> {
  await partners.calls.flush();
  return (await readCalls(partners.pool, { partner: name, limit: 100 })).toReversed();
}

/** Five pages, of which some go wrong the first time that they are asked for. */
async function troubled(more: Partial<PartnerInput> = {}): Promise<OwnPartner> {
  const seen = new Map<number, number>();
  const troubles: Readonly<Record<number, OwnAnswer>> = {
    2: {
      status: 429,
      headers: { 'retry-after': '0', 'x-request-id': 'req-429' },
      body: { error: 'slow down, jane@a.example' },
    },
    3: { status: 500, body: { error: 'oops' } },
  };
  return partners.partner(
    (url) => {
      const at = page(url);
      seen.set(at, (seen.get(at) ?? 0) + 1);
      return (seen.get(at) === 1 ? troubles[at] : undefined) ?? { body: { data: at > 5 ? [] : [{ id: at }] } };
    },
    { things },
    more,
  );
}

describe('the call log', () => {
  test('has each request that the partner was sent, with what came of it', async () => {
    const partner = await troubled();
    await partner.read('things').catch(() => partner.read('things'));
    const calls = await noted(partner);
    expect(calls).toHaveLength(partner.asked.length);
    expect(calls.map(({ status, error, page: no }) => `${no}: ${status} ${error ?? 'fine'}`)).toEqual([
      '1: 200 fine',
      '2: 429 throttled',
      '2: 200 fine',
      '3: 500 server',
      '3: 200 fine',
      '4: 200 fine',
      '5: 200 fine',
      '6: 200 fine',
    ]);
    expect(calls[1]).toMatchObject({
      partner: partner.name,
      stream: 'things',
      purpose: 'page',
      method: 'GET',
      path: '/things?key&page',
      workflowId: `sync/${partner.name}/things/2026-11-24`,
      workflowRunId: 'r',
      attempt: 1,
      requestId: 'req-429',
      code: null,
      excerpt: null,
      weight: 1,
    });
    expect(calls[1]?.bytes).toBe(Buffer.byteLength('{"error":"slow down, jane@a.example"}'));
    expect(JSON.stringify(calls)).not.toContain('canary');
  });

  test('has what headers said of limits, whatever the status', async () => {
    let first = true;
    const partner = await partners.partner(
      (url) => {
        if (page(url) === 1) return { headers: { 'retry-after': '7' }, body: { data: [{ id: 1 }] } };
        if (page(url) === 2 && first) {
          first = false;
          return { status: 503, body: {} };
        }
        return { body: { data: [] } };
      },
      { things },
    );
    await partner.read('things');
    expect((await noted(partner)).map(({ status, told }) => ({ status, told }))).toEqual([
      { status: 200, told: { kind: 'wait', waitMs: 7000 } },
      { status: 503, told: { kind: 'nothing', waitMs: null } },
      { status: 200, told: null },
    ]);
  });

  test('keeps what the partner said of failures, where the definition wants it', async () => {
    const partner = await troubled({ calls: { excerpt: true } });
    await partner.read('things').catch(() => partner.read('things'));
    expect((await noted(partner)).map(({ excerpt }) => excerpt).filter((excerpt) => excerpt !== null)).toEqual([
      '{"error":"slow down, …"}',
      '{"error":"oops"}',
    ]);
  });

  test('keeps a share of what went well, and all that failed', async () => {
    const partner = await troubled({ calls: { sample: 0 } });
    await partner.read('things').catch(() => partner.read('things'));
    expect((await noted(partner)).map(({ status }) => status)).toEqual([429, 500]);
  });

  test.each([
    ['connection', 'ECONNREFUSED', {}],
    ['timeout', 'ETIMEDOUT', { timeout: '50ms' }],
  ])('says %s (%s) where no answer came', async (error, code, more) => {
    const silent = await partners.partner(() => new Promise<OwnAnswer>(() => {}), { things }, more, 'no answer comes');
    if (error === 'connection') await silent.define({ things }, { baseUrl: 'http://127.0.0.1:1' });
    await expect(silent.read('things')).rejects.toThrow(/could not be reached|took longer/);
    expect((await noted(silent))[0]).toMatchObject({ status: null, error, code, bytes: null, requestId: null });
  });

  test('has requests for tokens, without a word of what was answered', async () => {
    const partner = await partners.partner(
      (url) => (url.pathname === '/token' ? { status: 401, body: { error: 'who is this?' } } : { body: { data: [] } }),
      { things },
      {
        auth: { type: 'login', url: '/token', credentials: { user: 'me' }, token: 'token' },
        calls: { excerpt: true },
      },
    );
    await expect(partner.read('things')).rejects.toThrow(/token endpoint|login/i);
    expect(await noted(partner)).toEqual([
      expect.objectContaining({
        purpose: 'token',
        path: '/token',
        status: 401,
        error: 'credentials',
        excerpt: null,
        page: null,
      }),
    ]);
  });

  test('a call for one record names it in its path, until it is erased', async () => {
    const partner = await partners.partner(
      ({ pathname }) => ({ body: { data: pathname === '/things' ? [{ id: 4711, name: 'a/b c' }] : [] } }),
      {
        things: { ...things, pagination: { type: 'none' } },
        parts: {
          ...things,
          path: '/things/{thing}/parts',
          pagination: { type: 'none' },
          parent: { stream: 'things', field: 'id', as: 'thing' },
        },
      },
    );
    await partner.read('things');
    await partner.read('parts');
    const paths = async (): Promise<readonly string[]> => (await noted(partner)).map(({ path }) => path);
    expect(await paths()).toEqual(['/things?key', '/things/4711/parts?key']);
    const { rows } = await partners.pool.query<{ stream_id: number }>(
      `select stream_id from streams where partner = $1 and name = 'things'`,
      [partner.name],
    );
    const client = await partners.pool.connect();
    await eraseFromCalls(client, { streamId: rows[0]?.stream_id as number, keys: ['4711'] });
    client.release();
    expect(await paths()).toEqual(['/things?key', '/…']);
  });
});

const call = (change: Partial<Call> = {}): Call => ({
  sentAtMs: Date.parse('2026-11-24T03:00:00Z'),
  partner: 'shop',
  stream: 'orders',
  purpose: 'page',
  syncId: 'sync/shop/orders/2026-11-24',
  runId: 'sync/shop/2026-11-24',
  workflowRunId: 'r',
  attempt: 1,
  page: 7,
  method: 'GET',
  host: 'api.shop.example',
  path: '/orders?page',
  status: 200,
  error: null,
  code: null,
  durationMs: 12,
  waitedMs: 1000,
  bytes: 3_000_000_000,
  requestId: null,
  excerpt: null,
  told: null,
  weight: 1,
  ...change,
});

const aged = (agoMs: number): Call & { readonly traceId: null } => ({
  ...call({ partner: 'aged', sentAtMs: Date.now() - agoMs }),
  traceId: null,
});

describe('calls that are kept', () => {
  test('are found by stream, run, time, status and request', async () => {
    const { pool } = partners;
    await writeCalls(
      pool,
      [
        call({ weight: 10 }),
        call({ status: 404, error: 'refused', requestId: 'req-1', excerpt: 'no\0thing \ud800' }),
        call({
          status: null,
          error: 'timeout',
          code: 'ETIMEDOUT',
          stream: 'people',
          syncId: 'sync/shop/people/2026-11-24',
        }),
        call({ sentAtMs: Date.parse('2026-11-25T03:00:00Z'), runId: 'sync/shop/2026-11-25', syncId: null }),
      ].map((each) => ({ ...each, traceId: null })),
    );
    const found = async (filter: object): Promise<string> => {
      const rows = await readCalls(pool, { partner: 'shop', limit: 10, ...filter });
      return rows.map(({ status, stream, at }) => `${status} ${stream} ${at.slice(8, 10)}`).join(', ');
    };
    expect(await found({})).toBe('200 orders 25, null people 24, 404 orders 24, 200 orders 24');
    expect(await found({ stream: 'people' })).toBe('null people 24');
    expect(await found({ workflowId: 'sync/shop/2026-11-24' })).toBe('null people 24, 404 orders 24, 200 orders 24');
    expect(await found({ workflowId: 'sync/shop/orders/2026-11-24' })).toBe('404 orders 24, 200 orders 24');
    expect(await found({ since: '2026-11-25T00:00:00Z' })).toBe('200 orders 25');
    expect(await found({ status: '2xx' })).toBe('200 orders 25, 200 orders 24');
    expect(await found({ status: 404 })).toBe('404 orders 24');
    expect(await found({ status: 'none' })).toBe('null people 24');
    expect(await found({ status: 'failed' })).toBe('null people 24, 404 orders 24');
    expect(await found({ requestId: 'req-1' })).toBe('404 orders 24');
    expect(await found({ limit: 1 })).toBe('200 orders 25');
    expect(await countCalls(pool, { partner: 'shop' })).toEqual({ calls: 13, failed: 2 });
  });

  test('are shown by `syncline calls`, failures with what is known of them', async () => {
    const config = readConfig({ DATABASE_URL: partners.databaseUrl });
    const shown = await said(config, { limit: '2', run: 'sync/shop/2026-11-24' }, (context) =>
      callsCommand({ ...context, partner: 'shop', stream: undefined }),
    );
    const lines = shown.text.split('\n').map((line) => line.replaceAll(/\s+/g, ' ').trim());
    expect(lines).toContain('11-24 03:00:00 shop.orders GET /orders?page 404 refused 12ms 1s 3,000,000,000');
    expect(lines).toContain('11-24 03:00:00 timeout (ETIMEDOUT, page 7, run sync/shop/people/2026-11-24)');
    expect(lines.at(-1)).toBe('12 calls, 2 failures; the last 2 are shown, --limit shows more');
    expect(Math.max(...shown.text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(shown.json).toMatchObject({ calls: 12, failed: 2, shown: [{ stream: 'people' }, { status: 404 }] });
    await expect(
      said(config, { limit: '2', status: 'bad' }, (context) =>
        callsCommand({ ...context, partner: undefined, stream: undefined }),
      ),
    ).rejects.toThrow('--status: expected a status such as 429, or 2xx, 3xx, 4xx, 5xx, none, failed, found "bad"');
    await expect(
      said(config, { limit: '2', since: 'monday' }, (context) =>
        callsCommand({ ...context, partner: undefined, stream: undefined }),
      ),
    ).rejects.toThrow('--since: expected 30m, 2h, 7d or a time');
  });

  test('are forgotten after their time', async () => {
    const { pool } = partners;
    await writeCalls(pool, [aged(15 * DAY), aged(13 * DAY), aged(0)]);
    await sweepCalls(pool, 14 * DAY);
    expect(await countCalls(pool, { partner: 'aged' })).toEqual({ calls: 2, failed: 0 });
  });

  test('wait for a database that does not take them, and the oldest are given up at last', async () => {
    const { pool } = partners;
    const warned: string[] = [];
    const log = bufferedCalls({
      write: (group) => writeCalls(pool, group),
      warn: (fields, message) => void warned.push(`${message} ${JSON.stringify(fields)}`),
      sample: 1,
      random: Math.random,
      traceId: () => 'abc',
      patienceMs: 60_000,
    });
    await pool.query('alter table calls rename to calls_away');
    for (let no = 1; no <= 20_010; no += 1) log.note(call({ partner: 'kept', page: no }));
    await log.flush();
    await log.flush();
    expect(warned).toEqual([expect.stringContaining('not written to the call log')]);
    await pool.query('alter table calls_away rename to calls');
    await log.close();
    expect(warned.slice(1)).toEqual([expect.stringContaining('{"calls":10}')]);
    expect(await countCalls(pool, { partner: 'kept' })).toEqual({ calls: 20_000, failed: 0 });
    const [newest] = await readCalls(pool, { partner: 'kept', limit: 1 });
    expect(newest).toMatchObject({ page: 20_010, traceId: 'abc', bytes: 3_000_000_000 });
  });
});

test('the example of docs/calls.md says what it means to', async () => {
  const [, yaml = ''] = /^```yaml\n([^]*?)^```$/m.exec(readFileSync('docs/calls.md', 'utf8')) ?? [];
  const { calls, streams } = await loadAcme(yaml.replace('name: shop', 'name: acme'));
  expect([calls, streams['orders']?.calls, streams['people']?.calls]).toEqual([
    { excerpt: true },
    { sample: 0.1 },
    { excerpt: false },
  ]);
});
