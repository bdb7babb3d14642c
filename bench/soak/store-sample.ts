import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';

/** What PostgreSQL and Temporal hold, as numbers by name. */
export type Counts = Readonly<Record<string, number>>;

/**
 * Rows that are there only while something is under way. `settled` is what is asked until all are zero: whatever stays then was left behind by
 * somebody.
 */
const underWay: Readonly<Record<string, string>> = {
  'leases that hold a slot': 'select count(*) from leases where expires_at > clock_timestamp()',
  'critical work announced': 'select count(*) from critical_work where until > clock_timestamp()',
  'records that wait': "select count(*) from waiting where status = 'waiting'",
  'needs of records that wait': 'select count(*) from waiting_needs',
  'deletes that wait for approval': "select count(*) from approvals where state = 'waiting'",
  'work of webhooks to do': 'select count(*) from webhook_work where noted > done',
  'requests that are being taken': 'select count(*) from idempotency where status is null',
  'events about to be pruned': 'select count(*) from log_due',
  'transactions left open': `select count(*) from pg_stat_activity where datname = current_database()
    and state like 'idle in transaction%' and pid <> pg_backend_pid()`,
  'locks held by nobody at work': `select count(*) from pg_locks l join pg_stat_activity a using (pid)
    where l.locktype = 'advisory' and a.datname = current_database() and a.state = 'idle in transaction'`,
  'runs that have not ended': 'select count(*) from runs where finished_at is null',
};

export async function readUnderWay(pool: Pool, client: Client): Promise<Counts> {
  const counts: Record<string, number> = {};
  for (const [name, sql] of Object.entries(underWay)) counts[name] = await one(pool, sql);
  let open = 0;
  for await (const { type } of client.workflow.list({ query: "ExecutionStatus = 'Running'" }))
    if (!lasting.has(type)) open += 1;
  return { ...counts, 'workflows under way': open };
}

/** Workflows that run for as long as there is something to look after. */
const lasting = new Set(['watchAlerts', 'governPartner', 'applyTarget', 'followHints', 'deliverAlert']);

/** Of what lasts: connections by who has them, workflows by type, rows by table, and what tables there are. */
export async function sampleStore(pool: Pool, client: Client): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const { rows: sessions } = await pool.query<{ name: string; n: number }>(
    `select coalesce(nullif(application_name, ''), 'nameless') as name, count(*)::int as n from pg_stat_activity
      where backend_type = 'client backend' and pid <> pg_backend_pid() group by 1`,
  );
  for (const { name, n } of sessions) counts[`connections ${name}`] = n;
  counts['connections in all'] = sessions.reduce((sum, { n }) => sum + n, 0);
  counts['advisory locks'] = await one(pool, "select count(*) from pg_locks where locktype = 'advisory'");
  for await (const { type } of client.workflow.list({ query: "ExecutionStatus = 'Running'" }))
    counts[`workflows ${type}`] = (counts[`workflows ${type}`] ?? 0) + 1;
  const { rows: tables } = await pool.query<{ schema: string; name: string }>(
    `select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and not c.relispartition and n.nspname not in ('pg_catalog', 'information_schema') order by 1, 2`,
  );
  counts['tables'] = tables.length;
  const asked = tables.map(
    ({ schema, name }) => `select '${schema}.${name}' as name, count(*)::int as n from "${schema}"."${name}"`,
  );
  const { rows } = await pool.query<{ name: string; n: number }>(asked.join(' union all '));
  for (const { name, n } of rows) counts[`rows ${name}`] = n;
  counts['database MB'] = (await one(pool, 'select pg_database_size(current_database())')) / 1024 ** 2;
  return counts;
}

async function one(pool: Pool, sql: string): Promise<number> {
  const { rows } = await pool.query<Record<string, string>>(sql);
  return Number(Object.values(rows[0] ?? {})[0] ?? 0);
}
