import { Pool } from 'pg';
import { noFailpoint, type Failpoint } from '../../core/failpoint.ts';
import type { Warehouse } from '../warehouse.ts';
import { commitPages } from './commit-pages.ts';
import { finishStream } from './finish-stream.ts';
import { openStream } from './open-stream.ts';
import { parentValues } from './parent-values.ts';
import { closeRun, openRun } from './runs.ts';
import { deferStream, failStream, streamReport } from './settle-stream.ts';
import { whenAvailable } from './unavailable.ts';

/** A pool whose connections find our tables without naming their schema. */
export function openPool(databaseUrl: string, max = 10): Pool {
  const pool = new Pool({
    connectionString: databaseUrl,
    max,
    options: '-c search_path=syncline',
    application_name: 'syncline',
    connectionTimeoutMillis: 10_000,
  });
  // An idle connection that breaks is replaced on the next use; unheard, its error would end the process.
  pool.on('error', () => {});
  return pool;
}

export function postgresWarehouse(pool: Pool, failpoint: Failpoint = noFailpoint): Warehouse {
  return {
    openRun: (input) => whenAvailable(() => openRun(pool, input)),
    closeRun: (input) => whenAvailable(() => closeRun(pool, input)),
    openStream: (input) => whenAvailable(() => openStream(pool, input)),
    commitPages: (input) => whenAvailable(() => commitPages(pool, input, failpoint)),
    finishStream: (input) => whenAvailable(() => finishStream(pool, input)),
    failStream: (input) => whenAvailable(() => failStream(pool, input)),
    streamReport: (syncId) => whenAvailable(() => streamReport(pool, syncId)),
    deferStream: (run, until) => whenAvailable(() => deferStream(pool, run, until)),
    parentValues: (input) => whenAvailable(() => parentValues(pool, input)),
  };
}
