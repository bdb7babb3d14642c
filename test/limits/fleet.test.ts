import { expect } from '@jest/globals';
import { freshDatabase } from '../support/database.ts';
import { firstOf, long } from '../support/long.ts';
import { sideBySide } from '../support/side-by-side.ts';
import { runFleet, type FleetOptions } from './fleet/run-fleet.ts';

/** Real processes against a partner in a process of its own. Bounded to a few seconds; `npm run bench:fleet` is longer. */
const scenario = sideBySide(2);

const fleet = { processes: long ? 4 : 3, streams: 2 } as const;
const cases: readonly (Omit<FleetOptions, 'databaseUrl' | 'processes' | 'streams'> & { readonly name: string })[] = [
  {
    name: '40 in any second',
    partner: { kind: 'sliding', limit: 40, burst: 40, enough: 160 },
    limits: { windows: [{ name: 'second', limit: 40, per: '1s' }] },
  },
  {
    name: '20/s without burst, while workers are killed and join',
    partner: { limit: 20, enough: 120 },
    limits: { rate: 20 },
    replaceAfterMs: [1500, 1000],
  },
  {
    name: '3 at once, while workers are killed and join',
    partner: { kind: 'concurrency', limit: 3, latencyMs: 20, enough: 250 },
    limits: { concurrency: 3 },
    replaceAfterMs: [400, 400],
  },
  { name: '200/s with burst 5', partner: { limit: 200, burst: 5, enough: 600 }, limits: { rate: 200, burst: 5 } },
  { name: '20/s with burst 5', partner: { limit: 20, burst: 5, enough: 100 }, limits: { rate: 20, burst: 5 } },
];

// How many a partner refuses that shares a busy machine with them is measured by `npm run bench:fleet`.
scenario.each(firstOf(cases, 3))('no request of a fleet comes too soon: $name', async ({ name: _name, ...options }) => {
  const database = await freshDatabase();
  const report = await runFleet({ ...options, ...fleet, databaseUrl: database.url });
  expect(report).toMatchObject({ tooSoon: 0, arrivals: options.partner.enough });
  await database.drop();
});
