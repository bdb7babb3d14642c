import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from 'pg';
import type { RuleName } from '../../alerts/catalog.ts';

export interface World {
  readonly pool: Pool;
  readonly dir: string;
}

interface Fault {
  readonly inject: (world: World) => Promise<unknown>;
  readonly mend: (world: World) => Promise<unknown>;
}

const stream = { path: '/x', primaryKey: ['id'], schema: { type: 'object', properties: { id: { type: 'string' } } } };
const ends = ['failed', 'suspect', 'partial'] as const;
const compares = ['differs', 'unproven', 'broke'] as const;
const inTarget = ['twisted', 'uncompared'] as const;
const values = ['none', 'few', 'refused', 'retried', 'slow', 'large'] as const;

/** All streams of it. */
const names = [
  ...ends,
  ...values,
  'late',
  'held',
  'waits',
  'quarantined',
  'breaks',
  'behind',
  'touched',
  ...compares,
  ...inTarget,
  'calm',
];

/** The installation that the faults are injected into. */
export async function writeDefinitions({ dir }: World): Promise<void> {
  const streams = Object.fromEntries(names.map((name) => [name, stream]));
  const elsewhere = Object.fromEntries(
    ['behind', 'touched', ...inTarget].map((name) => [name, { ...stream, targets: ['lake'] }]),
  );
  await writeFile(
    join(dir, 'acme.yaml'),
    JSON.stringify({
      name: 'acme',
      baseUrl: 'http://127.0.0.1:9',
      schedules: { nightly: { cron: '0 3 * * *', timeZone: 'UTC' }, weekly: { cron: '0 3 * * 1', timeZone: 'UTC' } },
      reconcile: { compare: { cron: '0 * * * *', streams: ['calm'] } },
      webhooks: {
        quiet: { preset: 'github', secrets: [{ value: 'x' }], expect: '1h', routes: [{ stream: 'calm', as: 'sync' }] },
        odd: { preset: 'github', secrets: [{ value: 'x' }], routes: [{ stream: 'calm', as: 'sync' }] },
      },
      streams: { ...streams, ...elsewhere, late: { ...stream, freshness: '26h' } },
    }),
  );
  const people = { from: [{ stream: 'acme.calm', fields: { id: 'id' } }], exact: [{ name: 'same', fields: ['id'] }] };
  await writeFile(join(dir, 'duplicates.yaml'), JSON.stringify({ people }));
  await writeFile(
    join(dir, 'targets.yaml'),
    JSON.stringify({ targets: { lake: { type: 'duckdb', path: 'lake.duckdb', compare: { cron: '0 * * * *' } } } }),
  );
}

/** Each stream with nights that were all alike. */
export async function addNights({ pool }: World): Promise<void> {
  await pool.query(
    `with s as (insert into streams (partner, name, target_schema, target_table, disposition, definition_version, created_at)
        select 'acme', n, 'acme', n, 'merge', 'v', now() - interval '90 days' from unnest($1::text[]) n returning stream_id, name)
      insert into stream_runs (stream_id, run_no, sync_id, window_label, kind, lane, definition_version, state, outcome, checkpoint, page_no, fetched, inserted, requests, bytes, started_at, finished_at)
        select s.stream_id, d, format('sync/acme/%s/%s', s.name, d), to_char(now() - (41 - d) * interval '1 day', 'YYYY-MM-DD'), 'nightly', 'normal', 'v', 'done', 'ok', '{"slice":0,"done":true}',
            100, 5000, 5000, 100, 5000 * 600, now() - (41 - d) * interval '1 day', now() - (41 - d) * interval '1 day' + interval '20 seconds'
          from s, generate_series(1, 40) d`,
    [names],
  );
}

/** The last night of a stream was another one. */
const lastNight =
  (name: string, set: string) =>
  ({ pool }: World): Promise<unknown> =>
    pool.query(
      `with s as (select stream_id from streams where partner = 'acme' and name = $1), old as (select r.* from stream_runs r join s using (stream_id) order by run_no desc limit 1)
        insert into stream_runs select (jsonb_populate_record(null::stream_runs, to_jsonb(old) || jsonb_build_object('run_no', run_no + 1, 'sync_id', sync_id || '+', 'started_at', now() - interval '1 minute',
          'finished_at', now() - interval '40 seconds', 'window_label', to_char(window_label::date + 1, 'YYYY-MM-DD'), 'outcome', 'ok', 'reason', null,
          'page_no', 100, 'fetched', 5000, 'inserted', 5000, 'requests', 100, 'bytes', 3000000, 'checkpoint', '{"slice":0,"done":true}') || $2)).* from old`,
      [name, set],
    );
const run = (name: string, set: object): Fault => ({
  inject: lastNight(name, JSON.stringify(set)),
  mend: lastNight(name, '{}'),
});
const sql = (inject: string, mend: string): Fault => ({
  inject: ({ pool }) => pool.query(inject),
  mend: ({ pool }) => pool.query(mend),
});
const idOf = (name: string): string => `(select stream_id from streams where partner = 'acme' and name = '${name}')`;
/** Of a stream, by its level as its label. */
const compared = (stream: string, level: string, state: string, verdict: string | null): string =>
  `insert into reconciliations (reconciliation, stream_id, level, definition_version, state, verdict, reason, finished_at)
    values ('reconcile/acme/${stream}/${level}', ${idOf(stream)}, '${level}', 'v', '${state}', ${verdict === null ? 'null' : `'${verdict}'`}, 'because', clock_timestamp())`;
/** Of a table in the target lake. */
const comparedThere = (stream: string, state: string, verdict: string | null, missing = 0): string =>
  `insert into target_comparisons (run_id, target, stream_id, table_name, state, verdict, reason, missing, started_at, finished_at)
    values (gen_random_uuid()::text, 'lake', ${idOf(stream)}, '${stream}', '${state}', ${verdict === null ? 'null' : `'${verdict}'`}, 'because', ${missing}, clock_timestamp(), clock_timestamp())`;
const limit = (bucket: string, level: number): Fault =>
  sql(
    `insert into limit_alerts (credential, partner, bucket, level, cap, used, period, current_until, message)
      values ('c', 'acme', '${bucket}', ${level}, 500, 400, now(), now() + interval '1 day', '${bucket}: ${level} % used; at this pace gone at 03:10')`,
    `update limit_alerts set current_until = now() where bucket = '${bucket}'`,
  );

/** Of each rule how what it is about comes to be, and goes; those that need other processes are in the test. */
export const faults: Partial<Record<RuleName, Fault>> = {
  'run-failed': run('failed', { outcome: 'failed', reason: 'answered 500 eight times' }),
  'run-suspect': run('suspect', { outcome: 'suspect', reason: 'the partner says 9 records, 5 came' }),
  'run-partial': run('partial', { outcome: 'partial', reason: 'the calls of 4 parents were refused' }),
  'no-rows': run('none', { fetched: 0, inserted: 0 }),
  'rows-unusual': run('few', { fetched: 500, inserted: 500, bytes: 300_000 }),
  'refusals-unusual': run('refused', {
    checkpoint: '{"slice":0,"done":true,"refused":{"count":10,"first":"answered 400"}}',
  }),
  'retries-unusual': run('retried', { requests: 150 }),
  'latency-unusual': run('slow', { started_at: new Date(Date.now() - 3_600_000).toISOString() }),
  'size-unusual': run('large', { bytes: 30_000_000 }),
  'data-late': {
    inject: ({ pool }) =>
      pool.query(
        `update stream_runs set started_at = started_at - interval '2 days', finished_at = finished_at - interval '2 days' where stream_id = ${idOf('late')}`,
      ),
    mend: lastNight('late', JSON.stringify({ started_at: new Date(Date.now() + 80 * 3_600_000).toISOString() })),
  },
  'limit-near': limit('daily', 80),
  'limit-used-up': limit('monthly', 100),
  'partner-down': sql(
    `insert into circuits (credential, partner, state, since, lease_ms, probe, good_probes, strikes, streak, period, ok, failed, ok_before, failed_before, tokens, calls, failures, last_failure_at, last_error)
      values ('c', 'acme', 'open', now() - interval '1 hour', 1, 0, 0, 1, 5, 0, 0, 5, 0, 0, 0, 9, 9, now(), 'answered 503')`,
    `update circuits set state = 'closed'`,
  ),
  'paused-long': sql(
    `insert into pauses (scope, target, partner, reason, paused_by, paused_at) values ('partner', 'acme', 'acme', 'their release', 'ann', now() - interval '2 days')`,
    `update pauses set ended_at = now(), ended_by = 'ann'`,
  ),
  'deletes-held': sql(
    `insert into approvals (stream_id, run_no, sync_id, kind, gone, of, examples, last_page, until)
      select stream_id, last_run, 'x', 'sweep', 400, 500, '{}', last_page, now() + interval '9 hours' from streams where name = 'held'`,
    `update approvals set state = 'approved'`,
  ),
  'waiting-overdue': sql(
    `insert into waiting (stream_id, event, since, hash, page, ordinal, needs, overdue_at) values (${idOf('waits')}, 1, now() - interval '2 days', gen_random_uuid(), 1, 0, '[]', now() - interval '1 day')`,
    `update waiting set status = 'released', settled_at = now()`,
  ),
  'quarantine-grows': sql(
    `insert into quarantine (stream_id, page, ordinal, path, reason, hash, definition_version)
      select ${idOf('quarantined')}, 1, g, 'amount', 'expected number', gen_random_uuid(), 'v' from generate_series(1, 12) g`,
    `update quarantine set status = 'replayed'`,
  ),
  'rule-broken': sql(
    `insert into broken_rules (stream_id, rule, place, of, found, allowed, keys, first_run, last_run) values (${idOf('breaks')}, 'one_reversal', gen_random_uuid(), 'p1', '2', 'one', '{r1,r2}', 1, 1)`,
    `update broken_rules set mended_at = now()`,
  ),
  'reconcile-differs': sql(
    `${compared('differs', 'content', 'done', 'differs')};
      insert into reconcile_findings (reconciliation, key_hash, key, kind, state) values ('reconcile/acme/differs/content', gen_random_uuid(), 'k', 'missing', 'open')`,
    `update reconcile_findings set state = 'repaired'`,
  ),
  'reconcile-unproven': sql(
    compared('unproven', 'keys', 'done', 'unproven'),
    compared('unproven', 'content', 'done', 'clean'),
  ),
  'reconcile-failed': sql(compared('broke', 'keys', 'failed', null), compared('broke', 'content', 'done', 'clean')),
  'target-differs': sql(comparedThere('twisted', 'done', 'differs', 2), comparedThere('twisted', 'done', 'clean')),
  'compare-failed': sql(comparedThere('uncompared', 'failed', null), comparedThere('uncompared', 'done', 'clean')),
  'join-failed': sql(
    `with p as (insert into duplicate_plans (name, workflow_id, settings, by, state) values ('people', 'p', '{}', 'ann', 'ready') returning plan_id)
      insert into duplicate_plans (name, workflow_id, settings, by, state, follows) select 'people', 'f', '{}', 'ann', 'failed', plan_id from p`,
    `insert into duplicate_plans (name, workflow_id, settings, by, state, follows) select 'people', 'g', '{}', 'ann', 'ready', follows
      from duplicate_plans where workflow_id = 'f'`,
  ),
  'target-behind': sql(
    `with s as (update streams set last_event = 7 where name = 'behind')
      insert into target_states (target, partner, stream, cursor, behind_since, error) values ('lake', 'acme', 'behind', 2, now() - interval '2 hours', 'disk full')`,
    `update target_states set cursor = 7, behind_since = null, error = null`,
  ),
  'target-changed': sql(
    `insert into target_states (target, partner, stream, changed_table, changed_how, changed_at) values ('lake', 'acme', 'touched', 't', 'it is empty', now())`,
    `update target_states set anew_at = now() - interval '2 days' where stream = 'touched'`,
  ),
  'webhook-silent': sql(
    `insert into webhook_deliveries (partner, webhook, delivery_id, body_hash, state, received_at) values ('acme', 'quiet', '1', '', 'taken', now() - interval '2 hours')`,
    `insert into webhook_deliveries (partner, webhook, delivery_id, body_hash, state, received_at) values ('acme', 'quiet', '2', '', 'taken', now() + interval '99 hours')`,
  ),
  'webhook-failed': sql(
    `insert into webhook_deliveries (partner, webhook, delivery_id, body_hash, state) values ('acme', 'odd', '1', '', 'failed')`,
    `update webhook_deliveries set state = 'taken'`,
  ),
  'left-behind': sql(
    `with r as (insert into janitor_reports (run, by, mode, ended_at) values ('r1', 'schedule', 'report', now()) returning report_id)
      insert into janitor_findings (report_id, kind, place, count, first_at) select report_id, 'unused-key', 'shop k1', 1, now() - interval '20 days' from r`,
    `insert into janitor_reports (run, by, mode, ended_at) values ('r2', 'ann', 'report', now())`,
  ),
  'definition-broken': {
    inject: ({ dir }) => writeFile(join(dir, 'broken.yaml'), 'name: broken\nstreams: 7\n'),
    mend: ({ dir }) => rm(join(dir, 'broken.yaml')),
  },
};
