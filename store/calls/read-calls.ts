import type { Pool } from 'pg';
import type { Call, CallError, CallMaker, CallPurpose, ToldLimit } from '../../core/call.ts';

/** A status, a class of them, no answer at all, or whatever failed. */
export type CallStatusFilter = number | '2xx' | '3xx' | '4xx' | '5xx' | 'none' | 'failed';

export interface CallFilter {
  readonly partner?: string | undefined;
  readonly stream?: string | undefined;
  /** Of a stream's run, or of the partner's run with all its streams. */
  readonly workflowId?: string | undefined;
  /** ISO time. */
  readonly since?: string | undefined;
  readonly status?: CallStatusFilter | undefined;
  /** The partner's own id. */
  readonly requestId?: string | undefined;
  readonly limit: number;
}

/** A call as it was kept. */
export interface CallRow extends Omit<Call, 'sentAtMs' | 'syncId'> {
  /** Grows in the order in which calls were written. */
  readonly id: string;
  /** ISO time when the request left. */
  readonly at: string;
  /** Workflow id of the stream's run; null: no run asked. */
  readonly workflowId: string | null;
  readonly traceId: string | null;
}

/** Calls of partners, the newest first. */
export async function readCalls(pool: Pool, filter: CallFilter): Promise<CallRow[]> {
  const values: unknown[] = [];
  const { rows } = await pool.query<Row>(
    `select * from calls where ${conditionsOf(filter, values)} order by at desc, call_no desc limit $${values.push(filter.limit)}`,
    values,
  );
  return rows.map(callOf);
}

export interface CallCounts {
  /** Of all calls, those that are not kept one by one included. */
  readonly calls: number;
  readonly failed: number;
}

/** How many calls there were, as far as they are still kept. */
export async function countCalls(pool: Pool, filter: Omit<CallFilter, 'limit'>): Promise<CallCounts> {
  const values: unknown[] = [];
  const { rows } = await pool.query<{ calls: number; failed: number }>(
    `select round(coalesce(sum(weight), 0))::float8 as calls, count(*) filter (where error is not null)::float8 as failed
      from calls where ${conditionsOf(filter, values)}`,
    values,
  );
  return rows[0] ?? { calls: 0, failed: 0 };
}

const classes: Readonly<Record<string, number>> = { '2xx': 200, '3xx': 300, '4xx': 400, '5xx': 500 };

function conditionsOf(filter: Omit<CallFilter, 'limit'>, values: unknown[]): string {
  const { partner, stream, workflowId, since, status, requestId } = filter;
  const conditions = ['true'];
  const given = (value: unknown): string => `$${values.push(value)}`;
  if (partner !== undefined) conditions.push(`partner = ${given(partner)}`);
  if (stream !== undefined) conditions.push(`stream = ${given(stream)}`);
  if (since !== undefined) conditions.push(`at >= ${given(since)}`);
  if (requestId !== undefined) conditions.push(`request_id = ${given(requestId)}`);
  if (workflowId !== undefined) {
    const id = given(workflowId);
    conditions.push(`(sync_id = ${id} or run_id = ${id})`);
  }
  if (status === 'failed') conditions.push('error is not null');
  else if (status === 'none') conditions.push('status is null');
  else if (typeof status === 'number') conditions.push(`status = ${given(status)}`);
  else if (status !== undefined) {
    const from = classes[status] as number;
    conditions.push(`status between ${from} and ${from + 99}`);
  }
  return conditions.join(' and ');
}

interface Row {
  readonly call_no: string;
  readonly at: Date;
  readonly partner: string;
  readonly stream: string;
  readonly purpose: CallPurpose;
  readonly sync_id: string | null;
  readonly run_id: string | null;
  readonly workflow_run_id: string | null;
  readonly attempt: number;
  readonly page: number | null;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly status: number | null;
  readonly error: CallError | null;
  readonly code: string | null;
  readonly duration_ms: number;
  readonly waited_ms: number;
  readonly bytes: string | null;
  readonly request_id: string | null;
  readonly trace_id: string | null;
  readonly excerpt: string | null;
  readonly told: ToldLimit['kind'] | null;
  readonly told_wait_ms: number | null;
  readonly made_by: CallMaker | null;
  readonly weight: number;
}

const callOf = (row: Row): CallRow => ({
  id: row.call_no,
  at: row.at.toISOString(),
  partner: row.partner,
  stream: row.stream,
  purpose: row.purpose,
  workflowId: row.sync_id,
  runId: row.run_id,
  workflowRunId: row.workflow_run_id,
  attempt: row.attempt,
  page: row.page,
  method: row.method,
  host: row.host,
  path: row.path,
  status: row.status,
  error: row.error,
  code: row.code,
  durationMs: row.duration_ms,
  waitedMs: row.waited_ms,
  bytes: row.bytes === null ? null : Number(row.bytes),
  requestId: row.request_id,
  traceId: row.trace_id,
  excerpt: row.excerpt,
  told: row.told === null ? null : { kind: row.told, waitMs: row.told_wait_ms },
  madeBy: row.made_by,
  weight: row.weight,
});
