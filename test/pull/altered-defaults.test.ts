import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { runsList } from '../../cli/commands/runs.ts';
import { status } from '../../cli/commands/status.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { migrate } from '../../store/migrate/migrate.ts';
import { sessionSettings } from '../../store/session/session-settings.ts';
import { inDatabase } from '../support/database.ts';
import { expectTruth } from '../support/expect-truth.ts';
import { openPullBench, streamReport, type PullBench } from '../support/pull-bench.ts';
import { said } from '../support/said.ts';
import * as streams from '../support/simulator-streams.ts';

/** What whoever runs the server may have set for other programs. */
const defaults = {
  datestyle: `'SQL, DMY'`,
  timezone: `'Asia/Kathmandu'`,
  intervalstyle: 'iso_8601',
  search_path: 'pg_catalog',
  extra_float_digits: '-15',
  bytea_output: 'escape',
  array_nulls: 'off',
  standard_conforming_strings: 'off',
  transform_null_equals: 'on',
  default_transaction_isolation: 'serializable',
  default_transaction_read_only: 'on',
  lock_timeout: '1',
  statement_timeout: '1',
  idle_in_transaction_session_timeout: '1',
};

let bench: PullBench;
beforeAll(async () => {
  bench = await openPullBench();
  const name = new URL(bench.config.databaseUrl ?? '').pathname.slice(1);
  for (const [setting, value] of Object.entries(defaults))
    await inDatabase('postgres', `alter database ${name} set ${setting} = ${value}`);
  await inDatabase('postgres', `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
});
afterAll(() => bench.close());

test('whatever the defaults of the database, a session has the settings that our SQL relies on', async () => {
  for (const [setting, value] of Object.entries(sessionSettings('syncline'))) {
    const { rows } = await bench.pool.query<{ value: string | null }>('select current_setting($1, true) as value', [
      setting,
    ]);
    // Servers before 17 do not know each of them.
    expect({ [setting]: rows[0]?.value ?? value }).toEqual({ [setting]: value });
  }
});

test('pages land, ranges go on from the watermark, and the commands show it as ever', async () => {
  const payments = {
    ...streams.payments,
    incremental: { field: 'updated_at', start: { as: 'updated_since' }, initial: '2020-01-01T00:00:00Z' },
  } satisfies StreamInput;
  const partner = await bench.partner({
    simulator: { now: '2024-06-01T00:00:00Z' },
    streams: { payments },
    partner: { limits: { rate: 200, burst: 2, concurrency: 2 } },
  });
  const first = streamReport(await partner.sync({ window: '2024-06-01' }), 'payments');
  expect(first).toMatchObject({ outcome: 'ok', counts: { fetched: 200, inserted: 200 } });
  const before = partner.simulator.requests().length;
  partner.simulator.mutate({ add: 3, at: '2024-06-02T10:00:00Z' });
  const second = streamReport(await partner.sync({ window: '2024-06-02' }), 'payments');
  expect(second).toMatchObject({ outcome: 'ok', counts: { inserted: 3 } });
  const asked = partner.simulator.requests()[before]?.path ?? '';
  expect(new URL(asked, 'http://any').searchParams.get('updated_since')).toMatch(/^20\d\d-\d\d-\d\dT.*Z$/);
  await expectTruth(bench.pool, partner, 'payments');

  const listed = await said(bench.config, { limit: '20' }, runsList);
  expect(listed.json).toMatchObject([{ outcome: 'ok' }, { outcome: 'ok' }]);
  const shown = await said(bench.config, {}, status);
  expect(shown.json).toMatchObject([{ partner: partner.name, stream: 'payments', lastOutcome: 'ok' }]);
});

test('migrations are applied as ever', async () => {
  expect((await migrate(bench.config.databaseUrl ?? '', { schema: 'another' })).length).toBeGreaterThan(5);
});
