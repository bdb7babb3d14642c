import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../config/config.ts';
import { plainNames } from '../messages/names.ts';
import { startPostgres } from '../services/postgres.ts';
import { grantLog } from '../store/grants/write-grants.ts';
import { migrate } from '../store/migrate/migrate.ts';
import { openPool } from '../store/session/open-pool.ts';
import { startUi } from '../ui/start-ui.ts';
import { writeDefinitions } from './inspect.ts';
import { writePast, type Past } from './past.ts';
import { timed } from './timed.ts';

/** What it costs to note a grant, and to show a run of 100,000: `node --import tsx bench/grants.ts`. */
const GRANTS = 100_000;
const TIMES = 20;
const PAST: Past = { partners: 1, streams: 1, nights: 2, backfills: 1, windows: 1, quarantined: 0 };
const RUN = 'sync/p1/2026-11-24';

const say = (line: string): void => console.log(line);

const dir = await mkdtemp(join(tmpdir(), 'syncline-bench-grants-'));
const postgres = await startPostgres({ dataDir: join(dir, 'postgres'), durable: true });
await migrate(postgres.url);
const pool = openPool(postgres.url, 8);
const partnersDir = join(dir, 'partners');
await writePast(pool, PAST);
await writeDefinitions(partnersDir, PAST);
const { rows } = await pool.query<{ stream_id: number; run_no: number }>(
  'select stream_id, run_no from stream_runs where run_id = $1',
  [RUN],
);
const { stream_id: streamId, run_no: runNo } = rows[0] as (typeof rows)[number];
const ui = await startUi({
  address: '127.0.0.1:0',
  pool,
  names: plainNames,
  partnersDir,
  log: { info: () => {}, warn: () => {} },
  settings: readConfig({}).ui,
  secret: 'of the bench',
  temporal: () => Promise.reject(new Error('no Temporal')),
});
const page = (path: string) => async (): Promise<void> => {
  const answer = await fetch(`${ui.url}/runs/${path}`);
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  await answer.text();
};
try {
  await timed('the page of a run without a grant', { times: TIMES }, page(RUN));
  const log = grantLog(pool);
  await timed('noting a grant, its beginning and its end', { times: 1000 }, () => {
    const nowMs = Date.now();
    const begun = {
      streamId,
      runNo,
      workflowRunId: 'r',
      attempt: 1,
      reopened: false,
      askedAtMs: nowMs,
      givenAtMs: nowMs,
    };
    const facts = { pages: 1, records: 1000, requests: 1, waited: { rate: 5 } };
    return log
      .begin(begun)
      .end({ ...facts, endedAtMs: nowMs, ended: 'more', waitsFor: null, until: null, cause: null });
  });
  say(`writing ${GRANTS} grants`);
  await pool.query(
    `insert into grants (stream_id, run_no, number, asked_at, given_at, ended_at, workflow_run_id, attempt, waited_for, waited_ms, queued_ms, pages, records, requests, rate_ms, ended, waits_for, cause)
      select $1, $2, 10000 + n, now() + n * interval '1 second', now() + n * interval '1 second', now() + (n + 1) * interval '1 second', gen_random_uuid()::text, 1,
          (array['rate', 'partner', 'retry', null])[1 + n % 4], 7 * n % 1000, n % 30, 10, 1000, 10, 11 * n % 1000, 'deferred', 'rate', 'waiting for the limit: rate'
        from generate_series(1, ${GRANTS}) n`,
    [streamId, runNo],
  );
  await pool.query('vacuum analyze grants');
  await timed('the page of a run with all of them', { times: TIMES }, page(RUN));
  await timed('the same, with a reason that none has', { times: TIMES }, page(`${RUN}?waited=quota`));
  const size = await pool.query<{ bytes: string }>(`select pg_total_relation_size('grants') as bytes`);
  say(`a grant takes ${Math.round(Number(size.rows[0]?.bytes) / GRANTS)} bytes with its index`);
} finally {
  await ui.close();
  await pool.end();
  await postgres.stop();
  await rm(dir, { recursive: true, force: true });
}
