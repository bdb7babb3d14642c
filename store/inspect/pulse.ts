import type { Pool } from 'pg';

/** A text that is another one as soon as something has happened that a page shows. Cheap: it is asked for each few seconds. */
export async function pulse(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ pulse: string }>({
    name: 'pulse of the store',
    text: `select concat_ws('/',
      (select concat_ws('.', sum(last_page), sum(last_run), sum(last_event)) from streams),
      (select concat_ws('.', count(*), max(started_at)) from runs where finished_at is null),
      (select run_id from runs order by started_at desc limit 1),
      (select max(updated_at) from stream_runs where state = 'running'),
      (select concat_ws('.', max(pause_id), max(ended_at)) from pauses),
      (select concat_ws('.', max(approval_id), max(decided_at)) from approvals),
      (select concat_ws('.', max(alert_id), max(resolved_at)) from alerts),
      (select concat_ws('.', max(silence_id), max(ended_at)) from alert_silences),
      (select max(alert_id) from limit_alerts),
      (select concat_ws('.', max(plan_id), count(*) filter (where state = 'finding')) from duplicate_plans),
      (select concat_ws('.', max(change_id), max(ended_at), sum(done_to) filter (where ended_at is null)) from duplicate_changes),
      (select concat_ws('.', count(*), max(finished_at)) from reconciliations),
      (select concat_ws('.', count(*), max(finished_at)) from reconcile_repairs),
      (select concat_ws('.', max(report_id), max(ended_at)) from janitor_reports),
      (select concat_ws('.', max(comparison), (select count(*) from target_comparisons where state = 'running')) from target_comparisons),
      (select concat_ws('.', audit_id, done_at) from ui_audit order by audit_id desc limit 1)) as pulse`,
  });
  return rows[0]?.pulse ?? '';
}
