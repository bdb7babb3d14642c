import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import {
  askBackfill,
  pauseBackfill,
  reportOfBackfill,
  resumeBackfill,
  startBackfill,
} from '../../client/start-backfill.ts';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import { plainNames } from '../../messages/names.ts';
import type { PartnerInput } from '../../definitions/definition.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { ownNamespace } from '../durability/durable-bench.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { long } from '../support/long.ts';
import { payments } from '../support/simulator-streams.ts';
import { digestOf, tableRows } from '../support/table-rows.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { temporalAddress, testTemporal, type TestTemporal } from '../support/temporal.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';

const PARTNER = 'longago';
const WINDOWS = 365;
/** The simulator's world is the 400 days before this. */
const NOW = '2024-06-01T00:00:00Z';
const [FROM, TO, NIGHT] = ['2023-06-02', '2024-05-31', '2024-06-01'];

let temporal: TestTemporal;
let database: TestDatabase;
let folder: TemporaryFolder;
let simulator: Simulator;
let client: Client;
let namespace: string;
const workers: WorkerProcess[] = [];

beforeAll(async () => {
  [temporal, database, folder, simulator] = await Promise.all([
    testTemporal(),
    freshDatabase(),
    temporaryFolder(),
    startSimulator({ now: NOW, payments: 2000 }),
  ]);
  ({ client, namespace } = await ownNamespace(temporal.connection));
  const definition: PartnerInput = {
    name: PARTNER,
    baseUrl: simulator.url,
    limits: { rate: 500, burst: 50 },
    retry: { base: '50ms', cap: '500ms' },
    streams: {
      payments: {
        ...payments,
        lane: 'critical',
        incremental: { field: 'updated_at', start: { as: 'updated_since' }, end: { as: 'updated_until' } },
      },
    },
  };
  await writeFile(join(folder.path, `${PARTNER}.yaml`), JSON.stringify(definition));
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await Promise.allSettled([simulator.close(), temporal.close(), database.drop()]);
  await folder.remove();
});

function startWorker(): WorkerProcess {
  const worker = startWorkerProcess({
    readyQueue: plainNames.partnerQueue(PARTNER),
    env: {
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: temporalAddress(),
      TEMPORAL_NAMESPACE: namespace,
      SYNCLINE_PARTNERS_DIR: folder.path,
      SYNCLINE_WORKFLOW_BUNDLE: process.env['WORKFLOW_BUNDLE'] ?? '',
      SYNCLINE_HEARTBEAT_TIMEOUT: '1s',
    },
  });
  workers.push(worker);
  return worker;
}

(long ? describe : describe.skip)('in full', () => {
  test('a year in daily windows, with workers killed, a pause and a night: each window once, and the night is over first', async () => {
    startWorker();
    startWorker();
    await Promise.all(workers.map((worker) => worker.ready));
    const plan = { from: FROM, to: TO, chunk: '1d', zone: null, order: 'oldest' } as const;
    const { runId, handle } = await startBackfill(client, plainNames, {
      partner: PARTNER,
      stream: 'payments',
      plan,
      concurrency: 10,
      generation: 1,
    });
    const ends: string[] = [];
    const backfilled = reportOfBackfill(handle).finally(() => ends.push('backfill'));
    const done = async (): Promise<number> => {
      const { rows } = await database.pool.query<{ count: string }>(
        `select count(*) from syncline.stream_runs where state = 'done' and run_id = $1`,
        [runId],
      );
      return Number(rows[0]?.count);
    };

    /** Kills the worker that has worked the longest, once so many windows are done. */
    const killAfter = async (windows: number): Promise<void> => {
      expect(await eventually(async () => (await done()) >= windows, 60_000)).toBe(true);
      startWorker();
      await workers.shift()?.kill();
    };

    await killAfter(Math.floor(WINDOWS * 0.2));
    const started = await startSync(client, {
      partner: PARTNER,
      streams: [],
      window: NIGHT,
      kind: 'nightly',
      generation: 1,
    });
    const night = reportOfSync(started.handle).finally(() => ends.push('night'));
    await eventually(async () => (await done()) >= WINDOWS * 0.4, 60_000);
    await pauseBackfill(client, runId, { now: true });
    await eventually(async () => (await askBackfill(client, runId))?.running.length === 0);
    const before = await done();
    await killAfter(0);
    expect(await done()).toBe(before);
    await resumeBackfill(client, runId);
    await killAfter(Math.floor(WINDOWS * 0.7));
    const report = await backfilled;

    expect(report).toMatchObject({ outcome: 'ok', windows: WINDOWS, ok: WINDOWS, skipped: 0, failed: 0, left: 0 });
    expect(await night).toMatchObject({ outcome: 'ok' });
    expect(ends).toEqual(['night', 'backfill']);
    const { rows } = await database.pool.query<{ windows: string; runs: string; rows: string }>(
      `select count(distinct window_label) as windows, count(*) as runs, sum(fetched) as rows
      from syncline.stream_runs where run_id = $1 and state = 'done' and outcome = 'ok'`,
      [runId],
    );
    const inRange = simulator
      .truth('payments')
      .filter(({ updated_at }) => String(updated_at) >= FROM && String(updated_at) < NIGHT);
    expect(rows).toEqual([{ windows: String(WINDOWS), runs: String(WINDOWS), rows: String(inRange.length) }]);
    expect(report).toMatchObject({ rows: inRange.length });
    expect(digestOf(await tableRows(database.pool, PARTNER, 'payments'))).toEqual(
      digestOf(simulator.truth('payments')),
    );

    const lengths = await historyLengths(runId);
    expect(lengths.length).toBeGreaterThanOrEqual(WINDOWS / 50);
    expect(Math.max(...lengths)).toBeLessThan(700);
  }, 300_000);
});

/** Of each workflow run of a chain, the last one first. */
async function historyLengths(workflowId: string): Promise<readonly number[]> {
  const lengths: number[] = [];
  let runId: string | undefined;
  do {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    lengths.push(events?.length ?? 0);
    runId = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? undefined;
  } while (runId !== undefined && runId !== '');
  return lengths;
}
