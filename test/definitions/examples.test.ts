import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { valueAt } from '../../core/json.ts';
import { shapeOf } from '../../definitions/records.ts';
import { compileStream } from '../../definitions/compile.ts';
import { listPartners, loadPartner } from '../../definitions/load.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { plainNames } from '../../messages/names.ts';

const folder = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ auth: { type: 'bearer', token: 'canary' } });
});
afterAll(() => simulator.close());

test.each([
  ['partners', ['demo']],
  ['examples/partners', ['demo_zod', 'vega']],
])('%s holds %j', async (path, names) => {
  expect(await listPartners(folder(path))).toEqual(expect.arrayContaining(names));
});

test.each([
  ['partners', 'demo', 'payments', {}],
  ['partners', 'demo', 'customers', {}],
  ['partners', 'demo', 'refunds', {}],
  ['partners', 'demo', 'events', {}],
  ['examples/partners', 'demo_zod', 'customers', {}],
  ['examples/partners', 'demo_zod', 'payment_methods', { customer_ids: 'cus_000001,cus_000002,cus_000003' }],
])('the records of %s/%s %s fit their schema', async (path, name, streamName, parents) => {
  const partner = await loadPartner(name, {
    dir: folder(path),
    env: { DEMO_URL: simulator.url, DEMO_TOKEN: 'canary' },
  });
  const { definition, parse, known } = compileStream(partner, streamName, plainNames);
  const url = new URL(`${partner.baseUrl}${definition.path ?? ''}`);
  for (const [key, value] of Object.entries({ ...definition.query, ...parents })) url.searchParams.set(key, value);
  const answer = await fetch(url, { headers: { authorization: 'Bearer canary' } });
  const records = valueAt(await answer.json(), shapeOf(definition.records).path) as Record<string, unknown>[];
  expect(records.length).toBeGreaterThan(0);
  for (const record of records) {
    expect(parse(record)).toEqual({ value: record });
    expect(Object.keys(record).filter((field) => !known.has(field))).toEqual([]);
  }
});
