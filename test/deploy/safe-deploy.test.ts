import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { plainNames } from '../../messages/names.ts';
import { cachedWorkflowBundle } from '../../services/workflow-bundle.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import {
  definePartner,
  ownNamespace,
  runToEnd,
  calm,
  startWorker,
  traceOf,
  WINDOW,
  type Ground,
} from '../durability/durable-bench.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { long } from '../support/long.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';

const PAGES = 90;
const ROWS = PAGES * 100 - 50;

let folder: TemporaryFolder;
let bundles: TemporaryFolder;
let temporal: TestTemporal;
let simulator: Simulator;
let database: TestDatabase;
let ground: Ground;
let newBundle: string;

beforeAll(async () => {
  [folder, bundles, temporal, database] = await Promise.all([
    temporaryFolder(),
    temporaryFolder(),
    testTemporal(),
    freshDatabase(),
  ]);
  simulator = await startSimulator({ seed: 7, payments: ROWS, latencyMs: 40 });
  newBundle = await cachedWorkflowBundle({
    cacheDir: bundles.path,
    index: join(import.meta.dirname, '../patched/index.ts'),
  });
  ground = {
    databaseUrl: database.url,
    partnersDir: folder.path,
    simulator,
    ...(await ownNamespace(temporal.connection)),
  };
});
afterAll(async () => {
  await Promise.allSettled([simulator.close(), temporal.close(), database.drop()]);
  await Promise.all([folder.remove(), bundles.remove()]);
});

interface Told {
  /** Processes that decided on the workflow, in their order. */
  readonly workers: readonly string[];
  readonly patched: boolean;
}

async function historyOf(partner: string, generation: number): Promise<Told> {
  const id = plainNames.streamSyncId({ partner, stream: 'payments', window: WINDOW, generation });
  const { events } = await ground.client.workflow.getHandle(id).fetchHistory();
  const workers = (events ?? []).flatMap(
    ({ workflowTaskCompletedEventAttributes: it }) => it?.identity?.split('@')[0] ?? [],
  );
  return {
    workers: [...new Set(workers)],
    patched: (events ?? []).some(({ markerRecordedEventAttributes: it }) =>
      Object.values(it?.details ?? {}).some(({ payloads }) =>
        payloads?.some(({ data }) =>
          Buffer.from(data ?? [])
            .toString()
            .includes('"later"'),
        ),
      ),
    ),
  };
}

(long ? describe : describe.skip)('in full', () => {
  test('a deploy under way: old and new workers side by side, a changed workflow, a migration, runs in flight', async () => {
    const [early, mixed] = [uniqueName('early'), uniqueName('mixed')];
    // Slow, so that it lasts until the new worker is up, however long that takes.
    await Promise.all([definePartner(ground, early, '{ rate: 1, per: 1s, burst: 1 }'), definePartner(ground, mixed)]);
    const asked = async (requests: number): Promise<void> => {
      while (simulator.requests().length < requests) await sleep(5);
    };
    const old = startWorker(ground, mixed, calm);
    await old.ready;
    const first = runToEnd(ground, early);
    await asked(3);

    // The database goes first, and only grows (docs/deployment.md): the old workers write on as if nothing were.
    await database.pool.query(
      `alter table syncline.stream_runs add column noted text; alter table syncline.pages add column noted text default 'new'`,
    );
    const next = startWorker(ground, mixed, { ...calm, SYNCLINE_WORKFLOW_BUNDLE: newBundle });
    await next.ready;
    await definePartner(ground, early);
    const second = runToEnd(ground, mixed);
    await asked(simulator.requests().length + 20);
    expect(await old.stop()).toBe(0);
    const reports = await Promise.all([first, second]);
    const third = await runToEnd(ground, early, 2);
    expect(await next.stop()).toBe(0);

    expect(reports).toMatchObject([1, 2].map(() => ({ outcome: 'ok', counts: { fetched: ROWS, inserted: ROWS } })));
    expect(third).toMatchObject({ outcome: 'ok', counts: { fetched: ROWS, unchanged: ROWS } });
    expect(simulator.requests().length).toBe(3 * PAGES);
    expect((await traceOf(database.url, mixed)).pages).toContain(`${PAGES} 1..${PAGES} `);
    // Begun by the old one and ended by the new one, without the change; begun by the new one, with it.
    expect(await historyOf(early, 1)).toEqual({ workers: [String(old.pid), String(next.pid)], patched: false });
    expect(await historyOf(early, 2)).toEqual({ workers: [String(next.pid)], patched: true });
  });
});
