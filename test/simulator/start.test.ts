import { afterEach, describe, expect, test } from '@jest/globals';
import type { SimulatorOptions } from '../../simulator/options.ts';
import type { StreamName } from '../../simulator/records.ts';
import { startSimulator } from '../../simulator/start.ts';
import type { Simulator } from '../../simulator/start.ts';
import { byToken, getJson, walks } from './walk.ts';

const open: Simulator[] = [];
const start = async (options: SimulatorOptions = {}): Promise<Simulator> => {
  const simulator = await startSimulator(options);
  open.push(simulator);
  return simulator;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((simulator) => simulator.close()));
});

const streamOf = (path: string): StreamName => path.slice(4) as StreamName;
const paths = Object.keys(walks) as (keyof typeof walks)[];

const ids = (all: readonly Record<string, unknown>[]) => all.map((row) => String(row['id'])).toSorted();

describe('listing', () => {
  const sizes: [number, number][] = [
    [0, 10],
    [1, 10],
    [50, 10],
    [203, 7],
    [203, 1000],
  ];
  test.each(paths.flatMap((path) => sizes.map(([rows, limit]) => [path, rows, limit] as const)))(
    '%s with %i rows in pages of %i gives exactly what the partner holds, in its order',
    async (path, rows, limit) => {
      const simulator = await start({ customers: rows, payments: rows, refunds: rows, events: rows });
      const walked = await walks[path](simulator.url, limit);
      expect(walked.rows).toEqual(simulator.truth(streamOf(path)));
      expect(walked.rows).toHaveLength(rows);
      expect(walked.pages).toBe(Math.max(1, Math.ceil(rows / limit)));
    },
  );

  test.each(paths)('%s is the same prerendered and rendered, byte for byte', async (path) => {
    const sized = { customers: 60, payments: 60, refunds: 60, events: 60, seed: 5 };
    const [plain, ready] = await Promise.all([start(sized), start({ ...sized, prerender: true })]);
    const limits = ['limit=7', 'limit=1000', 'per_page=7', 'limit=60', ''];
    for (const query of limits) {
      const [a, b] = await Promise.all(
        [plain, ready].map(async (one) => await (await fetch(`${one.url}${path}?${query}`)).text()),
      );
      expect(b?.replaceAll(ready.url, '')).toBe(a?.replaceAll(plain.url, ''));
    }
    const [a, b] = await Promise.all([plain, ready].map((one) => walks[path](one.url, 7)));
    expect(b).toEqual(a);
  });

  test('prerendered pages follow a changed world', async () => {
    const simulator = await start({ prerender: true, payments: 40 });
    simulator.mutate({ change: 5, add: 3, remove: 2 });
    expect((await walks['/v1/payments'](simulator.url, 6)).rows).toEqual(simulator.truth('payments'));
    expect(simulator.truth('payments')).toHaveLength(41);
  });

  test.each([
    ['/v1/payments?limit=6', 'payments'],
    ['/v1/customers?limit=1000', 'customers'],
    ['/v1/refunds?per_page=1000', 'refunds'],
  ] as const)('%s with updated_since and updated_until reads [since, until)', async (path, stream) => {
    const simulator = await start({ payments: 300, customers: 300, refunds: 300 });
    const times = simulator
      .truth(stream)
      .map((row) => String(row['updated_at']))
      .toSorted();
    const [since, until] = [times[50] ?? '', times[250] ?? ''];
    const expected = simulator
      .truth(stream)
      .filter((row) => String(row['updated_at']) >= since && String(row['updated_at']) < until);
    await getJson(`${simulator.url}${path}&updated_since=${since}`);
    const url = `${simulator.url}${path}&updated_since=${since}&updated_until=${until}`;
    const body = stream === 'payments' ? (await byToken(url)).rows : await getJson(url);
    expect(Array.isArray(body) ? body : (body as Record<string, unknown>)['data']).toEqual(expected);
    expect(expected.length).toBeGreaterThan(100);
  });

  test('the payments of all customers together are all payments, after changes too', async () => {
    const simulator = await start({ customers: 20, payments: 150 });
    await byToken(`${simulator.url}/v1/customers/cus_000000/payments?limit=4`);
    simulator.mutate({ change: 20, add: 10, remove: 5 });
    const rows: Record<string, unknown>[] = [];
    for (const { id } of simulator.truth('customers')) {
      const own = await byToken(`${simulator.url}/v1/customers/${String(id)}/payments?limit=4`);
      expect(own.rows.every((row) => row['customer_id'] === id)).toBe(true);
      rows.push(...own.rows);
    }
    expect(ids(rows)).toEqual(ids(simulator.truth('payments')));
  });

  test('payment methods of several customers come in one call, and some customers have none', async () => {
    const simulator = await start({ customers: 30 });
    const ids = simulator.truth('customers').map((row) => String(row['id']));
    const { data } = await getJson(`${simulator.url}/v1/payment_methods?customer_ids=${ids.join(',')}`);
    expect(data).toEqual(simulator.truth('payment_methods'));
    const owners = new Set((data as Record<string, unknown>[]).map((row) => row['customer_id']));
    expect(owners.size).toBeGreaterThan(10);
    expect(owners.size).toBeLessThan(30);
  });

  test('rows that move while a client pages by token are not lost', async () => {
    const simulator = await start({ payments: 100, faults: [{ kind: 'mutate', every: 2, change: 5, add: 1 }] });
    const { rows } = await byToken(`${simulator.url}/v1/payments?limit=9`);
    const seen = new Map(rows.map((row) => [row['id'], row]));
    expect([...seen.values()].toSorted(byId)).toEqual([...simulator.truth('payments')].toSorted(byId));
  });
});

const byId = (a: Record<string, unknown>, b: Record<string, unknown>): number =>
  String(a['id']) < String(b['id']) ? -1 : 1;

describe('asking', () => {
  test.each(['payments', 'customers', 'refunds', 'events', 'payment_methods'] as const)(
    'one of %s comes by its id',
    async (stream) => {
      const simulator = await start();
      const row = simulator.truth(stream)[7] ?? {};
      expect(await getJson(`${simulator.url}/v1/${stream}/${String(row['id'])}`)).toEqual(row);
    },
  );

  test.each([
    ['/v1/payments/pay_999999', 404],
    ['/v1/payments/cus_000001', 404],
    ['/v1/customers/cus_999999/payments', 404],
    ['/v1/nothing', 404],
    ['/v1/payments?limit=0', 400],
    ['/v1/payments?limit=1001', 400],
    ['/v1/payments?limit=x', 400],
    ['/v1/payments?cursor=rubbish', 400],
    ['/v1/payments?updated_since=yesterday', 400],
    ['/v1/customers?offset=-1', 400],
    ['/v2/customers?page=0', 400],
    ['/v1/events?starting_after=pay_000001', 400],
    ['/v1/payment_methods', 400],
  ])('%s answers %i in JSON', async (path, status) => {
    const simulator = await start();
    const response = await fetch(`${simulator.url}${path}`);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ error: { code: expect.any(String), message: expect.any(String) } });
  });

  test.each(paths)('the first page of %s has validators that answer 304 until its stream changes', async (path) => {
    const simulator = await start();
    const first = await fetch(simulator.url + path);
    const [etag, modified] = [first.headers.get('etag') ?? '', first.headers.get('last-modified') ?? ''];
    await first.arrayBuffer();
    const again = async (headers: Record<string, string>) => {
      const response = await fetch(simulator.url + path, { headers });
      return [response.status, (await response.text()).length > 0];
    };
    expect(await again({ 'if-none-match': etag })).toEqual([304, false]);
    expect(await again({ 'if-modified-since': modified })).toEqual([304, false]);
    expect(await again({ 'if-none-match': '"other"', 'if-modified-since': modified })).toEqual([200, true]);
    simulator.mutate({ stream: streamOf(path), add: 1 });
    expect(await again({ 'if-none-match': etag })).toEqual([200, true]);
    expect(await again({ 'if-modified-since': modified })).toEqual([200, true]);
  });

  test('arrivals tell time, path, stream, status and key', async () => {
    const simulator = await start({ clock: () => 1234 });
    await getJson(`${simulator.url}/v1/payments?limit=3`);
    await getJson(`${simulator.url}/v1/refunds/none`);
    expect(simulator.requests()).toEqual([
      { atMs: 1234, method: 'GET', path: '/v1/payments?limit=3', stream: 'payments', status: 200, key: 'none' },
      { atMs: 1234, method: 'GET', path: '/v1/refunds/none', stream: 'refunds', status: 404, key: 'none' },
    ]);
  });

  test('a wrong option is refused in words', async () => {
    await expect(startSimulator({ faults: [{ kind: 'status', status: 200 }] })).rejects.toThrow(/faults: .*599|400/);
    await expect(startSimulator({ now: 'someday' })).rejects.toThrow(/now must be an ISO time/);
  });
});
