import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { writePast } from '../../bench/past.ts';
import { RECONCILIATION, writePlanPast } from '../../bench/plan-past.ts';

/** What a partner may say, in an error or as a name. */
export const HOSTILE = `<script>alert(1)</script> & "quotes' \`code\``;
export const CANARY = 'canary-4711';
export const planPages = ['/duplicates', '/duplicates/1', '/reconciliations', `/reconciliations/${RECONCILIATION}`];

const definition = (name: string): string => `
name: ${name}
baseUrl: \${BASE_URL}
auth: { type: bearer, token: '\${TOKEN_OF_${name.toUpperCase()}}' }
limits: { rate: 10, quotas: [{ name: daily, limit: 1000, per: day }] }
schedules: { nightly: { calendar: { at: '03:30' }, streams: [s1] } }
streams:
  s1: { path: /s1, primaryKey: [id], freshness: 30h, schema: { type: object, properties: { id: { type: string } } } }
  s2: { path: /s2, primaryKey: [id], freshness: 30h, parent: { stream: s1, field: id, as: id }, schema: { type: object, properties: { id: { type: string } } } }
`;

/**
 * A short past whose last night was just now. p1 is as it should be; of p2 the last night of s1 failed, a while ago, and that of s2 met quiet
 * 400s in three nights; of p3 nobody has read anything for two days. p4 has a definition only, and broken does not load. The records of p1.s1 have
 * duplicates (plan 1, of 50 pairs), and differ from what p1 has.
 */
export async function pastOfUi(pool: Pool, partnersDir: string): Promise<void> {
  await writePast(pool, { partners: 3, streams: 2, nights: 12, backfills: 1, windows: 3, quarantined: 4 });
  const last = `(select max(finished_at) from runs where kind = 'nightly')`;
  const statements = [
    `update stream_runs r set started_at = r.started_at + m.by, finished_at = r.finished_at + m.by
      from streams s, (select now() - interval '10 minutes' - ${last} as by) m where s.stream_id = r.stream_id`,
    `update stream_runs r set started_at = r.started_at - interval '2 days', finished_at = r.finished_at - interval '2 days'
      from streams s where s.stream_id = r.stream_id and s.partner = 'p3'`,
    `update runs set finished_at = r.finished_at, started_at = r.started_at from stream_runs r where r.run_id = runs.run_id`,
    `update stream_runs r set state = 'failed', outcome = 'failed', reason = 'answered 401: ${HOSTILE.replaceAll("'", "''")}',
        started_at = r.started_at - interval '1 hour' from streams s
      where s.stream_id = r.stream_id and s.partner = 'p2' and s.name = 's1' and r.window_label > '2026-11-23'`,
    `update stream_runs r set outcome = 'partial', reason = '12 calls were refused for good: answered 400', quarantined = 3, inserted = 97
      from streams s where s.stream_id = r.stream_id and s.partner = 'p2' and s.name = 's2' and r.window_label > '2026-11-21'`,
    `update quarantine set payload = '${CANARY}', key = '${CANARY}'`,
    `insert into tokens (credential, sealed) values ('c1', '${CANARY}')`,
    `insert into alerts (key, rule, severity, partner, stream, since, first_seen_at, opened_at, last_seen_at, summary, meaning, what_to_do, runbook)
      values ('run-failed/p2/s1/', 'run-failed', 'page', 'p2', 's1', now() - interval '10 minutes', now(), now(), now(), 'its run failed', 'data is missing',
        'read it again', 'https://runbooks.example/run-failed')`,
    `with r as (insert into janitor_reports (run, by, mode, troubles) values ('r1', 'schedule', 'apply', array['the definition of broken does not load']) returning report_id)
      insert into janitor_findings (report_id, kind, place, count, since, first_at, removed) select report_id, n.* from r,
        (values ('expired-lease', 'c1', 2, now() - interval '3 days', now(), 2), ('stuck-run', 'p2.s1 ${HOSTILE.replaceAll("'", "''")}', 1, now() - interval '3 days', now(), 0)) n`,
    `insert into calls (at, partner, stream, purpose, sync_id, run_id, attempt, method, host, path, status, error, duration_ms, waited_ms, request_id, excerpt, weight)
      select now() - n * interval '1 minute', 'p2', 's2', 'page', 'sync/p2/s2/2026-11-24', 'sync/p2/2026-11-24', 1, 'GET', 'api.example', '/s2?parent', 400,
        'skipped', 12, 0, 'request-' || n, '${CANARY}', 1 from generate_series(1, 12) n`,
    `insert into grants (stream_id, run_no, number, asked_at, given_at, ended_at, workflow_run_id, attempt, waited_for, waited_ms, queued_ms, pages, records, requests,
        rate_ms, ended, waits_for, until, cause)
      select r.stream_id, r.run_no, n.number, r.started_at + n.asked, r.started_at + n.given, r.started_at + n.ends, 'r', n.attempt, n.waited_for, n.waited_ms, n.queued_ms, n.pages,
          n.pages * 10, n.pages, n.rate_ms, n.ended, n.waits_for, r.started_at + n.until, n.cause
        from stream_runs r, (values
          (1, interval '0', interval '1 second', interval '31 seconds', 1, null, 0, 1000, 3, 4500, 'deferred', 'partner', interval '91 seconds', 'answered 429: ${HOSTILE.replaceAll("'", "''")}'),
          (2, interval '91 seconds', interval '91 seconds', null, 1, 'partner', 60000, 0, 2, 0, null, null, null, null),
          (3, interval '100 seconds', interval '100 seconds', interval '101 seconds', 2, 'lost', 9000, 0, 0, 0, 'failed', 'retry', null, 'answered 401')
        ) n (number, asked, given, ends, attempt, waited_for, waited_ms, queued_ms, pages, rate_ms, ended, waits_for, until, cause)
        where r.sync_id = 'sync/p2/s1/2026-11-24'`,
    `insert into pauses (scope, target, partner, reason, paused_by) values ('partner', 'p1', 'p1', 'their release', 'ann')`,
  ];
  for (const sql of statements) await pool.query(sql);
  await writePlanPast(pool, { pairs: 50, findings: 120, called: CANARY });
  await pool.query(`update p1.s1 set given = $1 where id = 'k4'`, [HOSTILE]);
  for (const name of ['p1', 'p2', 'p3', 'p4']) await writeFile(join(partnersDir, `${name}.yaml`), definition(name));
  await writeFile(join(partnersDir, 'targets.yaml'), 'targets: { lake: { type: duckdb, path: lake.duckdb } }');
  await writeFile(join(partnersDir, 'p3.yaml'), `${definition('p3')}targets: [lake]\n`);
  await writeFile(join(partnersDir, 'broken.yaml'), 'name: [');
}
