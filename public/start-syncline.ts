import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Client } from '@temporalio/client';
import type { RunReport } from '../messages/sync-partner.ts';
import { reportOfSync, startSync } from '../client/start-sync.ts';
import { connectClient } from '../client/temporal-client.ts';
import { readConfig } from '../config/config.ts';
import { processConfig } from '../config/env.ts';
import { GiveUp } from '../core/errors.ts';
import { dayOf } from '../core/window.ts';
import { startEmbedded } from '../services/embedded.ts';
import { openPool } from '../store/session/open-pool.ts';
import { createLogger } from '../workers/logger.ts';
import { startWorkers } from '../workers/sync-worker.ts';

export interface StartSyncline {
  /** Folder of definitions. */
  readonly partnersDir: string;
  /** What the definitions name as `${…}`: these, and nothing of this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface SyncChoice {
  /** All of them when absent. */
  readonly streams?: readonly string[];
  /** A day or a range, as for `syncline sync --window`; today when absent. */
  readonly window?: string;
}

export interface RunningSyncline {
  /** Pulls a partner and waits for its end, good or bad. A second call of the same window pulls it again. */
  sync(partner: string, choice?: SyncChoice): Promise<RunReport>;
  /** Rows of the warehouse: the tables of partner `acme` are in the schema `acme`. */
  query(sql: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/** PostgreSQL, Temporal and workers on free local ports, with nothing in them; all of it is gone after `stop`. */
export async function startSyncline({ partnersDir, env = {} }: StartSyncline): Promise<RunningSyncline> {
  const { cacheDir, pathEnv } = processConfig();
  // A throwaway server of its own, whatever DATABASE_URL says: a test must not write to a warehouse that people use.
  const settings = readConfig({ ...env, SYNCLINE_LOG_LEVEL: 'warn' });
  const services = await startEmbedded({
    dir: join(tmpdir(), `syncline-${randomUUID()}`, 'services'),
    cacheDir,
    pathEnv,
    durable: false,
    say: () => {},
    controlSchema: settings.names.controlSchema,
  });
  const config = {
    ...settings,
    databaseUrl: services.databaseUrl,
    temporalAddress: services.temporalAddress,
    workflowBundle: services.workflowBundle,
    partnersDir: resolve(partnersDir),
  };
  const workers = await startWorkers({ config, log: createLogger(config.logLevel), roles: [] }).catch(
    async (error: unknown) => {
      await services.stop();
      throw error;
    },
  );
  const client = await connectClient({
    address: config.temporalAddress,
    namespace: config.temporalNamespace,
    payloadKeys: config.payloadKeys,
  });
  const pool = openPool(config.databaseUrl, 2, config.names.controlSchema);
  const sync = generations(client, config.names.installation);
  return {
    sync,
    query: async (sql, values = []) => (await pool.query<Record<string, unknown>>(sql, [...values])).rows,
    stop: async () => {
      await workers.stop();
      await client.connection.close();
      await pool.end();
      await services.stop();
    },
  };
}

/** Each call is a generation of its own, or the second one would find the first one's report. */
function generations(client: Client, installation: string): RunningSyncline['sync'] {
  let generation = 0;
  return async (partner, { streams = [], window = dayOf(Date.now()) } = {}) => {
    generation += 1;
    const { handle } = await startSync(client, { partner, streams, window, kind: 'manual', generation, installation });
    const report = await reportOfSync(handle);
    if ('failure' in report) throw new GiveUp(`the sync of ${partner} ended without a report: ${report.failure}`);
    return report;
  };
}
