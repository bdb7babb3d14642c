import type { Pool } from 'pg';
import { noFailpoint, type Failpoint } from '../core/failpoint.ts';
import type { StreamIds } from '../core/stream-ids.ts';
import { plainNames } from '../messages/names.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { Warehouse } from './warehouse.ts';
import { atTarget } from '../targets/postgres/at-target.ts';
import { noteBackfill, openBackfill, windowRuns } from '../store/ledger/backfills.ts';
import { notePollHint } from '../store/ledger/poll-hints.ts';
import { bookRequests } from '../store/ledger/book-requests.ts';
import { commitPages } from './commit-pages.ts';
import { finishStream } from './finish-stream.ts';
import { decideColumns, makeColumns } from './make-columns.ts';
import { openStream } from './open-stream.ts';
import { postgresLineWriter } from '../targets/postgres/page-lines.ts';
import { lackingNeeds } from './lacking-needs.ts';
import { parentValues } from './parent-values.ts';
import { forgetAsked, noteAsked, openFetches } from '../store/waiting/asked-needs.ts';
import { pruneStream } from './prune-stream.ts';
import { quarantineEntries } from '../store/quarantine/quarantine.ts';
import { closeRun, openRun, runOutcome } from '../store/ledger/runs.ts';
import { retryBasis } from '../store/ledger/retry.ts';
import { deferStream, explainDeferral, failStream, streamReport } from '../store/ledger/settle-stream.ts';
import { whenAvailable } from '../store/session/unavailable.ts';

export { openPool } from '../store/session/open-pool.ts';

interface Options {
  readonly names?: StreamIds;
  readonly failpoint?: Failpoint;
}

export function postgresWarehouse(
  pool: Pool,
  { names = plainNames, failpoint = noFailpoint }: Options = {},
): Warehouse {
  const onTarget = <T>(stream: CompiledStream, work: () => Promise<T>): Promise<T> =>
    whenAvailable(() => atTarget(pool, stream, work));
  return {
    lineWriter: postgresLineWriter,
    openRun: (input) => whenAvailable(() => openRun(pool, input)),
    closeRun: (input) => whenAvailable(() => closeRun(pool, input)),
    runOutcome: (runId) => whenAvailable(() => runOutcome(pool, runId)),
    openBackfill: (input) => whenAvailable(() => openBackfill(pool, input)),
    noteBackfill: (runId, tally) => whenAvailable(() => noteBackfill(pool, runId, tally)),
    windowRuns: (input) => whenAvailable(() => windowRuns(pool, input)),
    openStream: (input) => onTarget(input.stream, () => openStream(pool, input)),
    commitPages: (input) => onTarget(input.stream, () => commitPages(pool, { ...input, names }, failpoint)),
    finishStream: (input) =>
      onTarget(input.stream, async () => {
        const remark = await decideColumns(pool, input.stream);
        const report = await finishStream(pool, { ...input, remark });
        await makeColumns(pool, input.stream);
        return report;
      }),
    bookRequests: (run, uncounted) => whenAvailable(() => bookRequests(pool, run, uncounted)),
    failStream: (input) => whenAvailable(() => failStream(pool, input)),
    streamReport: (syncId) => whenAvailable(() => streamReport(pool, syncId)),
    lackingNeeds: (input) => onTarget(input.stream, () => lackingNeeds(pool, input)),
    noteAsked: (asked) => whenAvailable(() => noteAsked(pool, asked)),
    openFetches: (syncId) => whenAvailable(() => openFetches(pool, syncId)),
    forgetAsked: (input) => whenAvailable(() => forgetAsked(pool, input)),
    deferStream: (run, until) => whenAvailable(() => deferStream(pool, run, until)),
    notePollHint: (run, hint) => whenAvailable(() => notePollHint(pool, run, hint)),
    quarantineEntries: (run, ids) => whenAvailable(() => quarantineEntries(pool, run, ids)),
    retryBasis: (runId) => whenAvailable(() => retryBasis(pool, names, runId)),
    explainDeferral: (wait) => whenAvailable(() => explainDeferral(pool, wait)),
    pruneStream: (stream, pruning) => onTarget(stream, () => pruneStream(pool, stream, pruning)),
    parentValues: (input) => onTarget(input.parent, () => parentValues(pool, input)),
  };
}
