import type { Pool } from 'pg';
import { noFailpoint, type Failpoint } from '../../core/failpoint.ts';
import type { StreamIds } from '../../core/stream-ids.ts';
import { plainNames } from '../../messages/names.ts';
import type { Warehouse } from '../warehouse.ts';
import { noteBackfill, openBackfill, windowRuns } from './backfills.ts';
import { bookRequests } from './book-requests.ts';
import { commitPages } from './commit-pages.ts';
import { finishStream } from './finish-stream.ts';
import { openStream } from './open-stream.ts';
import { postgresLineWriter } from './page-lines.ts';
import { parentValues } from './parent-values.ts';
import { quarantineEntries } from './quarantine.ts';
import { closeRun, openRun, runOutcome } from './runs.ts';
import { retryBasis } from './retry.ts';
import { deferStream, explainDeferral, failStream, streamReport } from './settle-stream.ts';
import { whenAvailable } from './unavailable.ts';

export { openPool } from './open-pool.ts';

interface Options {
  readonly names?: StreamIds;
  readonly failpoint?: Failpoint;
}

export function postgresWarehouse(
  pool: Pool,
  { names = plainNames, failpoint = noFailpoint }: Options = {},
): Warehouse {
  return {
    lineWriter: postgresLineWriter,
    openRun: (input) => whenAvailable(() => openRun(pool, input)),
    closeRun: (input) => whenAvailable(() => closeRun(pool, input)),
    runOutcome: (runId) => whenAvailable(() => runOutcome(pool, runId)),
    openBackfill: (input) => whenAvailable(() => openBackfill(pool, input)),
    noteBackfill: (runId, tally) => whenAvailable(() => noteBackfill(pool, runId, tally)),
    windowRuns: (input) => whenAvailable(() => windowRuns(pool, input)),
    openStream: (input) => whenAvailable(() => openStream(pool, input)),
    commitPages: (input) => whenAvailable(() => commitPages(pool, { ...input, names }, failpoint)),
    bookRequests: (run, uncounted) => whenAvailable(() => bookRequests(pool, run, uncounted)),
    finishStream: (input) => whenAvailable(() => finishStream(pool, input)),
    failStream: (input) => whenAvailable(() => failStream(pool, input)),
    streamReport: (syncId) => whenAvailable(() => streamReport(pool, syncId)),
    deferStream: (run, until) => whenAvailable(() => deferStream(pool, run, until)),
    quarantineEntries: (run, ids) => whenAvailable(() => quarantineEntries(pool, run, ids)),
    retryBasis: (runId) => whenAvailable(() => retryBasis(pool, names, runId)),
    explainDeferral: (wait) => whenAvailable(() => explainDeferral(pool, wait)),
    parentValues: (input) => whenAvailable(() => parentValues(pool, input)),
  };
}
