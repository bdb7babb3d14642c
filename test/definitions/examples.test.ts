import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { valueAt } from '../../core/json.ts';
import { compileStream } from '../../definitions/compile.ts';
import { listPartners, loadPartner } from '../../definitions/load.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';

const dir = fileURLToPath(new URL('../../examples/partners', import.meta.url));
let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ auth: { type: 'bearer', token: 'canary' } });
});
afterAll(() => simulator.close());

test('examples/partners holds the demo in YAML and in TypeScript', async () => {
  expect(await listPartners(dir)).toEqual(['demo', 'demo_zod']);
});

test.each([
  ['demo', 'payments', {}],
  ['demo', 'customers', {}],
  ['demo', 'refunds', {}],
  ['demo', 'events', {}],
  ['demo_zod', 'customers', {}],
  ['demo_zod', 'payment_methods', { customer_ids: 'cus_000001,cus_000002,cus_000003' }],
])('the records of %s %s fit their schema', async (name, streamName, parents) => {
  const partner = await loadPartner(name, { dir, env: { DEMO_URL: simulator.url, DEMO_TOKEN: 'canary' } });
  const { definition, parse, known } = compileStream(partner, streamName);
  const url = new URL(`${partner.baseUrl}${definition.path}`);
  for (const [key, value] of Object.entries({ ...definition.query, ...parents })) url.searchParams.set(key, value);
  const answer = await fetch(url, { headers: { authorization: 'Bearer canary' } });
  const records = valueAt(await answer.json(), definition.records) as Record<string, unknown>[];
  expect(records.length).toBeGreaterThan(0);
  for (const record of records) {
    expect(parse(record)).toEqual({ value: record });
    expect(Object.keys(record).filter((field) => !known.has(field))).toEqual([]);
  }
});
