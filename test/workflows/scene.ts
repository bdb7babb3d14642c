import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { Pool } from 'pg';
import { readConfig } from '../../config/config.ts';
import { fateCounts } from '../../core/counts.ts';
import type { PartnerInput, StreamInput } from '../../definitions/definition.ts';
import type { TargetsInput } from '../../definitions/targets.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { openPool } from '../../landing/postgres-warehouse.ts';
import { createLogger } from '../../workers/logger.ts';
import { startWorkers, type RunningWorkers } from '../../workers/sync-worker.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export const WINDOW = '2026-11-24';
/** The pages that `partnerAt` gives: each needs one request. */
export const PAGES = { payments: 10, customers: 4 } as const;

/** All that a partner's runs left behind, without times and without who wrote it. */
export type Traces = Readonly<Record<'events' | 'pages' | 'targets' | 'runs', readonly unknown[]>>;

export interface Scene {
  readonly client: Client;
  readonly pool: Pool;
  readonly partnersDir: string;
  /** Stops the workers as a deploy does; `close` does so too. */
  stopWorkers(): Promise<void>;
  /** Stops the workers, and starts others after this. */
  withoutWorkers(work: () => Promise<void>): Promise<void>;
  traces(partner: string): Promise<Traces>;
  close(): Promise<void>;
}

export interface SceneOptions {
  readonly temporalAddress: string;
  readonly databaseUrl: string;
  /** Absent: `default`, on a server of the scene's own. */
  readonly namespace?: string;
  readonly workflowBundle: string | undefined;
  /** The product's own when absent. */
  readonly queueCheckMs?: number;
  /** Definitions by name; the workers know no others. */
  readonly partners: Readonly<Record<string, Partial<PartnerInput> & { readonly baseUrl: string }>>;
  readonly targets?: TargetsInput;
}

/** The product's own workers on a Temporal server and a database, for some small partners. */
export async function openScene(options: SceneOptions): Promise<Scene> {
  const folder = await temporaryFolder();
  for (const [name, partner] of Object.entries(options.partners))
    await writeFile(join(folder.path, `${name}.yaml`), JSON.stringify({ ...small, ...partner, name }));
  if (options.targets !== undefined)
    await writeFile(join(folder.path, 'targets.yaml'), JSON.stringify(options.targets));
  const start = (): Promise<RunningWorkers> =>
    startWorkers({
      config: {
        ...readConfig({
          DATABASE_URL: options.databaseUrl,
          TEMPORAL_ADDRESS: options.temporalAddress,
          ...(options.namespace === undefined ? {} : { TEMPORAL_NAMESPACE: options.namespace }),
          SYNCLINE_PARTNERS_DIR: folder.path,
          SYNCLINE_HEARTBEAT_TIMEOUT: '2s',
        }),
        workflowBundle: options.workflowBundle,
      },
      log: createLogger('silent'),
      roles: [],
      ...(options.queueCheckMs === undefined ? {} : { queueCheckMs: options.queueCheckMs }),
    });
  let workers = await start();
  const pool = openPool(options.databaseUrl, 4);
  const connection = await Connection.connect({ address: options.temporalAddress });
  let stopped: Promise<void> | undefined;
  const stopWorkers = (): Promise<void> => (stopped ??= workers.stop());
  const withoutWorkers = async (work: () => Promise<void>): Promise<void> => {
    await stopWorkers();
    await work();
    workers = await start();
    stopped = undefined;
  };
  return {
    client: new Client({ connection, ...(options.namespace === undefined ? {} : { namespace: options.namespace }) }),
    pool,
    partnersDir: folder.path,
    stopWorkers,
    withoutWorkers,
    traces: (partner) => tracesOf(pool, partner),
    close: async () => {
      await stopWorkers();
      await connection.close();
      await pool.end();
      await folder.remove();
    },
  };
}

const fields = {
  id: { type: 'string' },
  updated_at: { type: 'string', format: 'date-time' },
  sequence: { type: 'integer' },
} as const;
const recordOf = (required: readonly (keyof typeof fields)[]): Record<string, unknown> => ({
  type: 'object',
  required,
  properties: Object.fromEntries(required.map((name) => [name, fields[name]])),
});

/** Grants of two requests, so that a run has many; quick retries; a limit, so that few pages are in flight at once. */
export const small: Pick<PartnerInput, 'limits' | 'grant' | 'retry'> & {
  readonly streams: Readonly<Record<'payments' | 'customers', StreamInput>>;
} = {
  limits: { rate: 500, burst: 50 },
  grant: { requests: 2, time: '30s' },
  retry: { attempts: 3, base: '50ms', cap: '200ms' },
  streams: {
    payments: {
      path: '/v1/payments',
      query: { limit: 50 },
      records: 'data',
      primaryKey: ['id'],
      version: ['updated_at', 'sequence'],
      pagination: { type: 'token', token: 'next_cursor', as: 'cursor', hasMore: 'has_more' },
      incremental: {
        field: 'updated_at',
        start: { as: 'updated_since' },
        end: { as: 'updated_until' },
        initial: '2020-01-01T00:00:00Z',
      },
      lane: 'critical',
      schema: recordOf(['id', 'updated_at', 'sequence']),
    },
    customers: {
      path: '/v1/customers',
      records: 'data',
      primaryKey: ['id'],
      version: ['updated_at'],
      pagination: { type: 'offset', limit: 50, limitAs: 'limit', total: 'total' },
      schema: recordOf(['id', 'updated_at']),
    },
  },
};

/** The same world for everyone. A wait before each answer leaves time to disturb a run. */
export const startPartner = (latencyMs = 40): Promise<Simulator> =>
  startSimulator({ seed: 11, payments: 500, customers: 200, latencyMs });

async function tracesOf(pool: Pool, partner: string): Promise<Traces> {
  const counts = fateCounts.join(', ');
  const rowsOf = async (text: string, values: readonly unknown[] = [partner]): Promise<readonly unknown[]> =>
    (await pool.query(text, [...values])).rows;
  const targets = await Promise.all(
    Object.keys(PAGES).map((table) =>
      rowsOf(`select to_jsonb(t) - '_loaded_at' as row from ${partner}.${table} t order by id`, []),
    ),
  );
  return {
    events: await rowsOf(
      `select s.name, event, page, ordinal, key, version, operation, hash, payload::text from events e join streams s using (stream_id)
        where s.partner = $1 order by s.name, event`,
    ),
    pages: await rowsOf(
      `select s.name, page_id, run_no, page_no, cursor_in, cursor_out, fetched, ${counts} from pages p join streams s using (stream_id)
        where s.partner = $1 order by s.name, page_id`,
    ),
    targets: targets.flat(),
    runs: await rowsOf(
      `select s.name, run_no, state, outcome, page_no, fetched, ${counts} from stream_runs r join streams s using (stream_id)
        where s.partner = $1 order by s.name, run_no`,
    ),
  };
}

/** A first workflow task's end, where a reset of a run begins all over. */
export async function resetToStart(client: Client, workflowId: string): Promise<string> {
  const handle = client.workflow.getHandle(workflowId);
  const { runId } = await handle.describe();
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const first = events?.find((event) => event.workflowTaskCompletedEventAttributes != null);
  if (first?.eventId == null) throw new Error(`${workflowId} has done nothing yet`);
  const reset = await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId, runId },
    reason: 'test',
    workflowTaskFinishEventId: first.eventId,
    requestId: randomUUID(),
  });
  return reset.runId;
}
