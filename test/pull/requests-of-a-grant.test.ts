import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Failpoint } from '../../core/failpoint.ts';
import { openGrantBench, type GrantBench } from '../support/grant-bench.ts';

const PAGES = 6;
const page = (nth: number) => ({ data: [{ id: `thing ${nth}` }], next: nth % PAGES === 0 ? null : `page ${nth}` });

let bench: GrantBench;
beforeEach(async () => {
  // One page a transaction.
  bench = await openGrantBench({ answer: page, partner: { limits: { rate: 1000, burst: 100 } } });
});
afterEach(() => bench.close());

/** Does something the second time that a grant comes to this point. */
function second(point: string, act: () => void | Promise<void>): Failpoint {
  let times = 0;
  return async (name) => {
    if (name === point && (times += 1) === 2) await act();
  };
}

const cutConnections = async (): Promise<void> => {
  await bench.database.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
      and application_name = 'syncline' and state = 'idle in transaction'`,
  );
};
const fail = (): never => {
  throw new Error('it ends here');
};

test.each<[string, string, () => void | Promise<void>]>([
  ['whose connection is cut in the middle of a commit', 'commit.middle', cutConnections],
  ['that fails in the middle of a commit', 'commit.middle', fail],
  ['that fails when a commit went through', 'commit.after', fail],
  ['that fails when an answer is there', 'fetch.after', fail],
])('a grant %s has counted each of its requests once', async (_what, point, act) => {
  const ended = await bench.grant({ failpoint: second(point, act) }).then(
    ({ state }) => state,
    () => 'failed',
  );
  expect(['deferred', 'failed']).toContain(ended);
  const { requests, pages } = (await bench.report())!;
  expect(pages).toBeLessThan(PAGES);
  expect(requests).toBe(bench.requests());
  await bench.grant({ attempt: 2 });
  expect(await bench.report()).toMatchObject({ requests: bench.requests() });
});

test('a grant that ends because its worker leaves has counted each of its requests', async () => {
  const { state } = await bench.grant({ draining: () => bench.requests() >= 3 });
  expect(state).toBe('more');
  expect(await bench.report()).toMatchObject({ requests: bench.requests() });
});

test('two owners of one run side by side count all that both have sent', async () => {
  await Promise.allSettled([bench.grant(), bench.grant({ attempt: 2 })]);
  expect(await bench.report()).toMatchObject({ requests: bench.requests() });
});
