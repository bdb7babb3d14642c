import type { Pool } from 'pg';
import type { Call } from '../../core/call.ts';

export interface TracedCall extends Call {
  /** Of OpenTelemetry; null: nothing is traced. */
  readonly traceId: string | null;
}

const columns: readonly (readonly [name: string, type: string, read: (call: TracedCall) => string | number | null])[] =
  [
    ['at', 'timestamptz', (call) => new Date(call.sentAtMs).toISOString()],
    ['partner', 'text', (call) => call.partner],
    ['stream', 'text', (call) => call.stream],
    ['purpose', 'text', (call) => call.purpose],
    ['sync_id', 'text', (call) => call.syncId],
    ['run_id', 'text', (call) => call.runId],
    ['workflow_run_id', 'text', (call) => call.workflowRunId],
    ['attempt', 'integer', (call) => call.attempt],
    ['page', 'integer', (call) => call.page],
    ['method', 'text', (call) => call.method],
    ['host', 'text', (call) => call.host],
    ['path', 'text', (call) => cut(call.path, MOST_PATH)],
    ['status', 'integer', (call) => call.status],
    ['error', 'text', (call) => call.error],
    ['code', 'text', (call) => call.code],
    ['duration_ms', 'integer', (call) => whole(call.durationMs)],
    ['waited_ms', 'integer', (call) => whole(call.waitedMs)],
    ['bytes', 'bigint', (call) => call.bytes],
    ['request_id', 'text', (call) => call.requestId],
    ['trace_id', 'text', (call) => call.traceId],
    ['excerpt', 'text', (call) => call.excerpt?.replaceAll('\0', '') ?? null],
    ['told', 'text', (call) => call.told?.kind ?? null],
    ['told_wait_ms', 'integer', (call) => (call.told?.waitMs == null ? null : whole(call.told.waitMs))],
    ['made_by', 'text', (call) => call.madeBy ?? null],
    ['weight', 'real', (call) => call.weight],
  ];

const MOST_PATH = 500;

const names = columns.map(([name]) => name).join(', ');
const arrays = columns.map(([, type], at) => `$${at + 1}::${type}[]`).join(', ');

/** Writes a group. Nobody waits for the disk: what is lost with the server's last moment is a call or two of a log. */
export async function writeCalls(pool: Pool, calls: readonly TracedCall[]): Promise<void> {
  await pool.query({
    name: 'write calls',
    text: `with quick as materialized (select set_config('synchronous_commit', 'off', true))
      insert into calls (${names}) select u.* from quick, unnest(${arrays}) as u (${names})`,
    values: columns.map(([, , read]) => calls.map(read)),
  });
}

const cut = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…` : text;

/** Of clocks that may step back, in a column that ends at 24 days. */
const whole = (ms: number): number => Math.min(Math.max(0, Math.round(ms)), 2 ** 31 - 1);
