import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, type Connection } from '@temporalio/client';
import { Pool } from 'pg';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import type { RunReport } from '../../messages/sync-partner.ts';
import { plainNames } from '../../messages/names.ts';
import type { Simulator } from '../../simulator/start.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';
import { temporalAddress } from '../support/temporal.ts';

/** What a worker process of these tests needs to know. */
export interface WorkerGround {
  readonly databaseUrl: string;
  readonly partnersDir: string;
  /** A namespace of this file's own: others would take its workflow tasks. */
  readonly namespace: string;
  readonly client: Client;
}

export interface Ground extends WorkerGround {
  readonly simulator: Simulator;
}

export async function ownNamespace(connection: Connection): Promise<{ namespace: string; client: Client }> {
  const namespace = await freshNamespace();
  return { namespace, client: new Client({ connection, namespace }) };
}

/** One of several that share a database: its workers take no work of the others. */
export async function ownGround(of: {
  /** Of a folder in `folder`. */
  readonly name: string;
  readonly databaseUrl: string;
  readonly folder: string;
  readonly connection: Connection;
}): Promise<WorkerGround> {
  const partnersDir = join(of.folder, of.name);
  await mkdir(partnersDir);
  return { databaseUrl: of.databaseUrl, partnersDir, ...(await ownNamespace(of.connection)) };
}

export const WINDOW = '2026-11-24';

/** One stream in pages of 100, so that a run has many of them. */
export async function definePartner(
  ground: Ground,
  name: string,
  limits = '{ rate: 500, per: 1s, burst: 50 }',
  { history = false } = {},
): Promise<void> {
  await writeFile(
    join(ground.partnersDir, `${name}.yaml`),
    `name: ${name}
baseUrl: ${ground.simulator.url}
grant: { requests: 60, time: 10s }
limits: ${limits}
retry: { base: 50ms, cap: 500ms }
streams:
  payments:
    path: /v1/payments
    query: { limit: 100 }
    records: data
    primaryKey: [id]
    version: [updated_at, sequence]
    history: ${history}
    pagination: { type: token, token: next_cursor, as: cursor, hasMore: has_more }
    schema:
      type: object
      required: [id, amount_minor, updated_at, sequence]
      properties:
        id: { type: string }
        customer_id: { type: string }
        amount_minor: { type: integer }
        description: { type: [string, 'null'] }
        updated_at: { type: string, format: date-time }
        sequence: { type: integer }
        metadata: { type: object }
`,
  );
}

/** Where nobody is killed: a busy machine is no reason to give a grant to somebody else, who would ask for its page once more. */
export const calm = { SYNCLINE_HEARTBEAT_TIMEOUT: '20s' };

export const startWorker = (ground: WorkerGround, partner: string, env: Record<string, string> = {}): WorkerProcess =>
  startProcess(ground, { readyQueue: plainNames.partnerQueue(partner), env });

export function startProcess(
  ground: WorkerGround,
  {
    env = {},
    ...of
  }: { readonly readyQueue: string; readonly roles?: readonly string[]; readonly env?: Record<string, string> },
): WorkerProcess {
  return startWorkerProcess({
    ...of,
    env: {
      DATABASE_URL: ground.databaseUrl,
      TEMPORAL_ADDRESS: temporalAddress(),
      TEMPORAL_NAMESPACE: ground.namespace,
      SYNCLINE_PARTNERS_DIR: ground.partnersDir,
      SYNCLINE_WORKFLOW_BUNDLE: process.env['WORKFLOW_BUNDLE'] ?? '',
      SYNCLINE_HEARTBEAT_TIMEOUT: '1s',
      ...env,
    },
  });
}

export async function runToEnd(ground: Ground, partner: string, generation = 1, window = WINDOW): Promise<RunReport> {
  const started = await startSync(ground.client, { partner, streams: [], window, kind: 'manual', generation });
  const report = await reportOfSync(started.handle);
  if ('failure' in report) throw new Error(report.failure);
  return report;
}

/** All that a run leaves behind and that must not depend on what disturbed it, as text to compare. */
export async function traceOf(
  databaseUrl: string,
  partner: string,
): Promise<{ target: string; events: string; pages: string }> {
  const pool = new Pool({ connectionString: databaseUrl, options: '-c search_path=syncline' });
  // The server may be stopped while the last connection is still closing.
  pool.on('error', () => {});
  try {
    const one = async (sql: string): Promise<string> => {
      const { rows } = await pool.query<{ digest: string }>(sql, sql.includes('$1') ? [partner] : []);
      return rows[0]?.digest ?? '';
    };
    return {
      target: await one(
        `select count(*) || ' ' || md5(string_agg((to_jsonb(t) - '_loaded_at')::text, E'\\n' order by id)) as digest from "${partner}".payments t`,
      ),
      events: await one(
        `select count(*) || ' ' || md5(string_agg(concat_ws('|', event, page, ordinal, key, version, operation, event_time, hash, payload), E'\\n' order by event)) as digest
          from events where stream_id = (select stream_id from streams where partner = $1)`,
      ),
      pages: await one(
        `select count(*) || ' ' || min(page_no) || '..' || max(page_no) || ' ' || md5(string_agg(concat_ws('|', page_id, page_no, cursor_in, cursor_out, fetched, inserted), E'\\n' order by page_id)) as digest
          from pages where stream_id = (select stream_id from streams where partner = $1)`,
      ),
    };
  } finally {
    await pool.end();
  }
}

/** How the grants of a partner ended; those without an end are `lost`. */
export async function grantEnds(databaseUrl: string, partner: string): Promise<Readonly<Record<string, number>>> {
  const pool = new Pool({ connectionString: databaseUrl, options: '-c search_path=syncline' });
  pool.on('error', () => {});
  try {
    const { rows } = await pool.query<{ ended: string; grants: number }>(
      `select coalesce(ended, 'lost') as ended, count(*)::integer as grants from grants join streams using (stream_id) where partner = $1 group by 1`,
      [partner],
    );
    return Object.fromEntries(rows.map(({ ended, grants }) => [ended, grants]));
  } finally {
    await pool.end();
  }
}
