import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { FaultInput } from '../../simulator/fault.ts';
import type { SimulatorOptions } from '../../simulator/options.ts';
import { startSimulator } from '../../simulator/start.ts';
import type { Simulator } from '../../simulator/start.ts';
import { byToken, getJson, parsed, rawGet, walks } from './walk.ts';

const open: Simulator[] = [];
const start = async (faults: readonly FaultInput[], options: SimulatorOptions = {}): Promise<Simulator> => {
  const simulator = await startSimulator({ payments: 60, customers: 60, refunds: 60, events: 60, faults, ...options });
  open.push(simulator);
  return simulator;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((simulator) => simulator.close()));
});

type Rows = readonly Record<string, unknown>[];
const PAGE = '/v1/payments?limit=10';
const CLOCK = Date.parse('2026-03-01T12:00:00.250Z');
const clock = (): number => CLOCK;

describe('on the wire', () => {
  test.each([500, 502, 503, 404])('status %i comes on the nth request only', async (status) => {
    const simulator = await start([{ kind: 'status', status, nth: [2, 4] }]);
    const statuses: number[] = [];
    for (let n = 0; n < 5; n++) statuses.push(parsed((await rawGet(simulator.url + PAGE)).text).status);
    expect(statuses).toEqual([200, status, 200, status, 200]);
    expect(simulator.requests().map((each) => each.status)).toEqual(statuses);
  });

  test('a reset before the answer brings no byte', async () => {
    const simulator = await start([{ kind: 'reset' }]);
    expect(await rawGet(simulator.url + PAGE)).toEqual({ text: '', end: 'ECONNRESET', chunks: 0 });
    expect(simulator.requests()).toMatchObject([{ status: 0 }]);
  });

  test('a reset in the middle brings half of the body', async () => {
    const simulator = await start([{ kind: 'reset', at: 'middle' }]);
    const { text, end } = await rawGet(simulator.url + PAGE);
    const { headers, body } = parsed(text);
    expect(end).toBe('ECONNRESET');
    expect(body.length).toBeGreaterThan(0);
    expect(Buffer.byteLength(body)).toBe(Math.floor(Number(headers['content-length']) / 2));
  });

  test('a hanging request is never answered, and the next one is', async () => {
    const simulator = await start([{ kind: 'hang', nth: 1 }]);
    expect(await rawGet(simulator.url + PAGE, { waitMs: 150 })).toEqual({ text: '', end: 'silence', chunks: 0 });
    expect(parsed((await rawGet(simulator.url + PAGE)).text).status).toBe(200);
    expect(simulator.stats().requests).toBe(2);
    expect(simulator.stats().ok).toBe(1);
  });

  test('a slow body comes whole, in small pieces', async () => {
    const simulator = await start([{ kind: 'slow_body', chunkBytes: 100, delayMs: 5 }]);
    const { text, chunks } = await rawGet(simulator.url + PAGE);
    expect(JSON.parse(parsed(text).body)).toMatchObject({ has_more: true });
    expect(chunks).toBeGreaterThan(5);
  });

  test('JSON cut in half with the right length is a whole answer', async () => {
    const simulator = await start([{ kind: 'truncated' }]);
    const { text, end } = await rawGet(simulator.url + PAGE);
    const { headers, body } = parsed(text);
    expect(end).toBe('end');
    expect(Buffer.byteLength(body)).toBe(Number(headers['content-length']));
    expect(() => JSON.parse(body) as unknown).toThrow(SyntaxError);
  });

  test('JSON cut in half with the wrong length ends before its announced end', async () => {
    const simulator = await start([{ kind: 'truncated', length: 'wrong' }]);
    const { text, end } = await rawGet(simulator.url + PAGE);
    const { headers, body } = parsed(text);
    expect(end).toBe('end');
    expect(Buffer.byteLength(body)).toBe(Math.floor(Number(headers['content-length']) / 2));
  });

  test('a wrong content type leaves the body as it is', async () => {
    const simulator = await start([{ kind: 'content_type', value: 'text/csv' }]);
    const { headers, body } = parsed((await rawGet(simulator.url + PAGE)).text);
    expect(headers['content-type']).toBe('text/csv');
    expect(JSON.parse(body)).toHaveProperty('data');
  });

  test('HTML comes with 200', async () => {
    const simulator = await start([{ kind: 'html' }]);
    const { status, headers, body } = parsed((await rawGet(simulator.url + PAGE)).text);
    expect([status, headers['content-type'], body.slice(0, 15)]).toEqual([
      200,
      'text/html; charset=utf-8',
      '<!doctype html>',
    ]);
  });

  test('an empty body comes with 200', async () => {
    const simulator = await start([{ kind: 'empty_body' }]);
    expect(parsed((await rawGet(simulator.url + PAGE)).text)).toMatchObject({
      status: 200,
      body: '',
      headers: { 'content-length': '0', 'content-type': 'application/json' },
    });
  });

  test('bad gzip says gzip and is none', async () => {
    const simulator = await start([{ kind: 'bad_gzip' }]);
    const { headers, body } = parsed((await rawGet(simulator.url + PAGE)).text);
    expect(headers['content-encoding']).toBe('gzip');
    expect(() => gunzipSync(Buffer.from(body))).toThrow('incorrect header check');
  });

  test('a big page has its size and the same content', async () => {
    const simulator = await start([{ kind: 'big_page', nth: 2 }]);
    const small = await (await fetch(simulator.url + PAGE)).json();
    const big = await (await fetch(simulator.url + PAGE)).text();
    expect(Buffer.byteLength(big)).toBe(10_000_000);
    expect(JSON.parse(big)).toEqual(small);
  });

  test('a skewed clock shows in the Date header', async () => {
    const simulator = await start([{ kind: 'clock_skew', ms: -600_000 }], { clock });
    const { headers } = parsed((await rawGet(simulator.url + PAGE)).text);
    expect(headers['date']).toBe('Sun, 01 Mar 2026 11:50:00 GMT');
  });
});

describe('throttling', () => {
  test.each([
    ['int', '3'],
    ['decimal', '3.0'],
    ['imf', 'Sun, 01 Mar 2026 12:00:04 GMT'],
    ['rfc850', 'Sunday, 01-Mar-26 12:00:04 GMT'],
    ['asctime', 'Sun Mar  1 12:00:04 2026'],
    ['past', 'Sun, 01 Mar 2026 11:00:00 GMT'],
    ['huge', '1000000000'],
    ['garbage', 'soon'],
    ['none', undefined],
  ] as const)('a 429 with Retry-After as %s', async (retryAfter, value) => {
    const simulator = await start([{ kind: 'throttle', retryAfter, seconds: 3 }], { clock });
    const { status, headers } = parsed((await rawGet(simulator.url + PAGE)).text);
    expect([status, headers['retry-after']]).toEqual([429, value]);
  });

  test.each([
    [429, { error: { code: 'rate_limited' } }],
    [403, { error: { code: 'rate_limited' } }],
    [400, { error: { code: 'rate_limited' } }],
    [200, { errors: [{ extensions: { code: 'THROTTLED' } }] }],
  ] as const)('as status %i has a body that says so', async (status, body) => {
    const simulator = await start([{ kind: 'throttle', status }]);
    const response = await fetch(simulator.url + PAGE);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject(body);
    expect(simulator.stats()).toMatchObject({ throttled: 1, ok: 0, violations: 0 });
  });

  test('whoever comes back before Retry-After is counted as early', async () => {
    let nowMs = CLOCK;
    const simulator = await start([{ kind: 'throttle', seconds: 2, nth: 1 }], { clock: () => nowMs });
    for (const wait of [0, 1999, 1, 1]) {
      nowMs += wait;
      await (await fetch(simulator.url + PAGE)).text();
    }
    expect(simulator.stats()).toMatchObject({ requests: 4, throttled: 1, early: 1 });
  });
});

const rowsOf = (page: Record<string, unknown>): unknown => page['data'] ?? page;

describe('in the listing', () => {
  test('a repeated token leads to the same page for ever', async () => {
    const simulator = await start([{ kind: 'repeat_token', after: 2 }]);
    const { rows } = await byToken(simulator.url + PAGE, 6);
    const truth = simulator.truth('payments');
    const third = truth.slice(20, 30);
    expect(rows).toEqual([...truth.slice(0, 20), ...third, ...third, ...third, ...third]);
  });

  test('a cycle of two tokens leads back and forth', async () => {
    const simulator = await start([{ kind: 'cycle_tokens', after: 2 }]);
    const { rows } = await byToken(simulator.url + PAGE, 6);
    const truth = simulator.truth('payments');
    const [third, fourth] = [truth.slice(20, 30), truth.slice(30, 40)];
    expect(rows).toEqual([...truth.slice(0, 20), ...third, ...fourth, ...third, ...fourth]);
  });

  test.each(['/v1/refunds', '/v2/payments'] as const)('a repeated page link of %s is the page itself', async (path) => {
    const simulator = await start([{ kind: 'repeat_token' }]);
    const response = await fetch(`${simulator.url}${path}?${path === '/v1/refunds' ? 'per_page' : 'limit'}=10`);
    const body = (await response.json()) as Record<string, unknown>;
    const next = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1] ?? String(body['next_url']);
    expect(rowsOf(await getJson(next))).toEqual(rowsOf(body));
  });

  test('duplicates within a page are its first rows once more', async () => {
    const simulator = await start([{ kind: 'duplicate_in_page', count: 3 }]);
    const { data } = await getJson(simulator.url + PAGE);
    const truth = simulator.truth('payments');
    expect(data).toEqual([...truth.slice(0, 10), ...truth.slice(0, 3)]);
  });

  test('duplicates across pages are the last rows of the page before', async () => {
    const simulator = await start([{ kind: 'duplicate_across_pages', count: 2, nth: 3 }]);
    const { rows } = await byToken(simulator.url + PAGE);
    const truth = simulator.truth('payments');
    expect(rows).toEqual([...truth.slice(0, 20), ...truth.slice(18)]);
  });

  test('blank records come in addition', async () => {
    const simulator = await start([{ kind: 'blank_records', count: 2, nth: 1 }]);
    const { rows } = await byToken(simulator.url + PAGE);
    expect(rows).toHaveLength(62);
    expect(rows.filter((row) => Object.keys(row).length > 0)).toEqual(simulator.truth('payments'));
  });

  test.each(['/v1/payments', '/v2/payments', '/v1/events'] as const)(
    'a short page in the middle of %s loses nothing',
    async (path) => {
      const simulator = await start([{ kind: 'short_page', nth: 2 }]);
      const { rows, pages } = await walks[path](simulator.url, 10);
      expect(rows).toEqual(simulator.truth(path.slice(4) as 'payments' | 'events'));
      expect(pages).toBe(7);
    },
  );

  test('a listing that ends early still counts all rows', async () => {
    const simulator = await start([{ kind: 'early_end', rows: 7 }]);
    const { rows } = await walks['/v2/payments'](simulator.url, 10);
    expect(rows).toEqual(simulator.truth('payments').slice(0, -7));
    expect(await getJson(`${simulator.url}/v2/payments`)).toMatchObject({ total: 60 });
    const customers = await getJson(`${simulator.url}/v1/customers?limit=60`);
    expect(customers).toMatchObject({ total: 60, data: simulator.truth('customers').slice(0, -7) });
  });

  test('a listing can end with the page of the nth request', async () => {
    const simulator = await start([{ kind: 'early_end', nth: 2 }]);
    expect((await byToken(simulator.url + PAGE)).rows).toEqual(simulator.truth('payments').slice(0, 20));
  });
});

describe('in the rows', () => {
  const bad: [string, FaultInput, (row: Record<string, unknown>) => boolean][] = [
    ['missing field', { kind: 'malformed', how: 'missing_field', count: 4 }, (row) => !('amount_minor' in row)],
    [
      'wrong type',
      { kind: 'malformed', how: 'wrong_type', count: 4 },
      (row) => typeof row['amount_minor'] === 'string',
    ],
    ['null id', { kind: 'malformed', how: 'null_id', count: 4 }, (row) => row['id'] === null],
    [
      'wrong type of a named field',
      { kind: 'malformed', how: 'wrong_type', count: 4, field: 'currency' },
      (row) => typeof row['currency'] === 'object',
    ],
  ];
  test.each(bad)('%s: exactly the asked number of rows, the same ones each time', async (_, fault, isBad) => {
    const simulator = await start([fault], { prerender: true });
    const [once, again] = [await byToken(simulator.url + PAGE), await byToken(`${simulator.url}/v1/payments?limit=7`)];
    expect(once.rows.filter(isBad)).toHaveLength(4);
    expect(again.rows).toEqual(once.rows);
    expect(simulator.truth('payments').filter(isBad)).toHaveLength(0);
  });

  test('a new field appears from row N on', async () => {
    const simulator = await start([{ kind: 'new_field', stream: 'customers', from: 40, field: 'tier' }]);
    const { rows } = await walks['/v1/customers'](simulator.url, 13);
    expect(rows.map((row) => 'tier' in row)).toEqual(Array.from({ length: 60 }, (_, index) => index >= 40));
  });

  test('a type changes from row N on', async () => {
    const simulator = await start([{ kind: 'type_change', stream: 'refunds', from: 50 }]);
    const { rows } = await walks['/v1/refunds'](simulator.url, 13);
    const expected: Rows = simulator
      .truth('refunds')
      .map((row, index) => (index < 50 ? row : { ...row, amount_minor: String(row['amount_minor']) }));
    expect(rows).toEqual(expected);
  });

  test('a fault of one stream leaves the others alone', async () => {
    const simulator = await start([{ kind: 'status', stream: 'refunds' }]);
    expect((await fetch(`${simulator.url}/v1/refunds`)).status).toBe(500);
    expect((await fetch(`${simulator.url}/v1/payments`)).status).toBe(200);
  });
});

const statusesOf = async (seed: number) => {
  const simulator = await start([{ kind: 'status', probability: 0.3 }], { seed });
  for (let n = 0; n < 40; n++) await (await fetch(simulator.url + PAGE)).text();
  return simulator.requests().map((each) => each.status);
};

test('probable faults come in the same places for the same seed', async () => {
  const first = await statusesOf(1);
  expect(await statusesOf(1)).toEqual(first);
  expect(await statusesOf(2)).not.toEqual(first);
  expect(first.filter((status) => status === 500).length).toBeGreaterThan(4);
  expect(first.filter((status) => status === 500).length).toBeLessThan(25);
});
