import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { firstOf } from '../support/long.ts';
import { runFleet, type FleetOptions } from './fleet/run-fleet.ts';

/** Real processes against a partner that judges in a process of its own. Bounded to a few seconds; bench/permits.ts is longer. */
let database: TestDatabase;
beforeEach(async () => {
  database = await freshDatabase();
});
afterEach(() => database.drop());

const fleet = { processes: 4, streams: 2 } as const;
const cases: readonly (Omit<FleetOptions, 'databaseUrl' | 'processes' | 'streams'> & { readonly name: string })[] = [
  { name: '200/s with burst 5', partner: { limit: 200, burst: 5, enough: 600 }, limits: { rate: 200, burst: 5 } },
  { name: '20/s with burst 5', partner: { limit: 20, burst: 5, enough: 100 }, limits: { rate: 20, burst: 5 } },
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
];

// The starts of workers take the machine that the partner judges on: those cases are for when nothing else runs.
test.each(firstOf(cases, 3))(
  'a strict partner refuses none of a fleet’s requests: $name',
  async ({ name: _name, ...options }) => {
    const run = (): ReturnType<typeof runFleet> => runFleet({ ...options, ...fleet, databaseUrl: database.url });
    const first = await run();
    // The partner shares the machine with the rest of the suite: where it stood still itself, two requests come at once to it.
    const report = first.refused === 0 ? first : await run();
    expect(report).toMatchObject({ refused: 0, arrivals: options.partner.enough });
  },
);
