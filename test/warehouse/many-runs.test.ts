import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { waitingStreams } from '../../limits/overrides.ts';
import { listRuns, nextGeneration, showRun } from '../../warehouse/postgres/inspect.ts';
import { openPool } from '../../warehouse/postgres/open-pool.ts';
import { openRuns, openStreamRuns } from '../../warehouse/postgres/open-runs.ts';
import { statusOfStreams } from '../../warehouse/postgres/stream-status.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { wholeTablesReadBy } from '../support/explained-queries.ts';

/** Two partners for 137 years; one of them has not ended well for half of that. */
const RUNS = 100_000;

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await freshDatabase();
  pool = openPool(database.url, 2);
  await pool.query(
    `insert into streams (partner, name, target_schema, target_table, disposition, definition_version, last_run)
      select partner, name, partner, name, 'merge', '', $1 / 2
        from unnest(array['acme', 'bolt']) as partner, unnest(array['payments']) as name`,
    [RUNS],
  );
  await pool.query(
    `insert into runs (run_id, partner, kind, window_label, generation, streams, workflow_run_id, started_at, finished_at, outcome)
      select 'sync/' || partner || '/' || day, partner, 'nightly', day, 1, array['payments'], 'r', day::date,
          case when n < $1 / 2 then day::date + interval '1 hour' end,
          case when n < $1 / 2 then case when partner = 'bolt' and n > $1 / 4 then 'failed' else 'ok' end end
        from (select partner, n, to_char(date '1890-01-01' + n, 'YYYY-MM-DD') as day
          from unnest(array['acme', 'bolt']) as partner, generate_series(1, $1 / 2) as n) as past`,
    [RUNS],
  );
  await pool.query(
    `insert into stream_runs (stream_id, run_no, sync_id, run_id, window_label, kind, lane, definition_version, state, outcome,
        checkpoint, started_at, finished_at)
      select s.stream_id, row_number() over (partition by s.stream_id order by r.started_at), 'sync/' || r.partner || '/' || s.name || '/' || r.window_label,
          r.run_id, r.window_label, r.kind, 'normal', '', case when r.outcome is null then 'running' else 'done' end, r.outcome,
          '{}', r.started_at, r.finished_at
        from runs r join streams s using (partner)`,
  );
  await pool.query('analyze');
});
afterAll(async () => {
  await pool?.end();
  await database?.drop();
});

const RUN = 'sync/acme/1950-03-01';

test.each<[string, (pool: Pool) => Promise<unknown>]>([
  ['runs list', (on) => listRuns(on, { limit: 20 })],
  ['runs list of a partner', (on) => listRuns(on, { partner: 'bolt', limit: 20 })],
  ['runs show', (on) => showRun(on, RUN)],
  ['status', (on) => statusOfStreams(on)],
  ['what goes on', (on) => openRuns(on, 'acme')],
  ['the streams that go on', (on) => openStreamRuns(on, { partner: 'acme' })],
  ['the streams of a run that go on', (on) => openStreamRuns(on, { partner: 'acme', runId: RUN })],
  ['the streams that wait', (on) => waitingStreams(on, 'acme')],
  ['sync --force', (on) => nextGeneration(on, { partner: 'acme', window: '1950-03-01' })],
])(`%s reads no table of ${RUNS} runs from end to end`, async (_name, work) => {
  const whole = await wholeTablesReadBy(pool, work);
  expect(whole.filter((table) => table === 'runs' || table === 'stream_runs')).toEqual([]);
});

test('status tells the last run that brought a stream up to date, however long ago that is', async () => {
  const streams = await statusOfStreams(pool);
  const freshOf = (partner: string): readonly (string | undefined)[] =>
    streams.filter((each) => each.partner === partner).map(({ freshAt }) => freshAt?.slice(0, 10));
  const { rows } = await pool.query<{ partner: string; day: string }>(
    `select partner, max(window_label) as day from runs where outcome = 'ok' group by partner order by partner`,
  );
  expect([freshOf('acme'), freshOf('bolt')]).toEqual(rows.map(({ day }) => [day]));
  expect(streams.every(({ running }) => running)).toBe(true);
});
