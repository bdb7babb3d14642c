import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Connection, type WorkflowHandle } from '@temporalio/client';
import { startBackfill } from '../client/start-backfill.ts';
import { startSync } from '../client/start-sync.ts';
import { processConfig } from '../config/env.ts';
import { GiveUp } from '../core/errors.ts';
import { plainNames } from '../messages/names.ts';
import { searchAttributes } from '../messages/search-attributes.ts';
import { startChildServer, type ChildServer } from '../services/child-server.ts';
import { freePort } from '../services/free-port.ts';
import { startPostgres } from '../services/postgres.ts';
import { resolveTemporalCli } from '../services/temporal-cli.ts';
import { dynamicConfig } from '../services/temporal-server.ts';
import { cachedWorkflowBundle } from '../services/workflow-bundle.ts';
import { startSimulator, type Simulator } from '../simulator/start.ts';
import { openScene, WINDOW, type Scene } from '../test/workflows/scene.ts';
import { migrate } from '../store/migrate/migrate.ts';
import { recordings } from './recordings/all.ts';
import { startSlotOf, timesOf } from './recordings/slots.ts';
import { scrubHistory } from './scrub-history.ts';

/**
 * `record-history [FOLDER [NAME…]]`: runs every workflow for real, in the states it can be in, and keeps the histories for
 * test/workflows/replay.test.ts. Record anew only when old runs no longer have to go on: after a change that needs
 * `patched()`, the old histories are the proof that it works.
 */
const [, , folder = 'test/histories', ...only] = process.argv;
// The package has no types for this path.
const { historyToJSON } = createRequire(import.meta.url)('@temporalio/common/lib/proto-utils') as {
  readonly historyToJSON: (history: unknown) => string;
};

/** A run of many grants passes it and continues as new; the others stay below. */
const SUGGEST_CONTINUE_AS_NEW = 45;

const startSlot = ({ client }: Scene, partner: string): Promise<WorkflowHandle> =>
  startSlotOf(client, { ...timesOf(partner, 'nightly'), covers: 'day', streams: [] });

async function saveHistory(name: string, handle: WorkflowHandle): Promise<void> {
  const history = scrubHistory(JSON.parse(historyToJSON(await handle.fetchHistory())));
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(history, null, 2)}\n`);
  console.log(`${name}: ${(await handle.describe()).historyLength} events`);
}

async function record(scene: Scene, partner: string, simulator: Simulator): Promise<void> {
  const run = { partner, window: WINDOW, kind: 'manual', generation: 1 } as const;
  await recordings[partner]?.play({
    scene,
    partner,
    simulator,
    start: (streams = []) => startSync(scene.client, { ...run, streams }),
    backfill: (to, stream = 'payments') =>
      startBackfill(scene.client, plainNames, {
        partner,
        stream,
        plan: { from: '2026-01-01', to, chunk: '30d', zone: null, order: 'oldest' },
        concurrency: 2,
        generation: 1,
      }),
    slot: () => startSlot(scene, partner),
    streamId: (stream) => plainNames.streamSyncId({ ...run, stream }),
    save: (name, workflowId, workflowRunId) =>
      saveHistory(name, scene.client.workflow.getHandle(workflowId, workflowRunId)),
  });
}

/** As services/temporal-server.ts starts it, with one more setting. */
async function startRecordingServer(cliPath: string): Promise<{ address: string; server: ChildServer }> {
  const port = await freePort();
  const settings = { ...dynamicConfig, 'limit.historyCount.suggestContinueAsNew': SUGGEST_CONTINUE_AS_NEW };
  const server = startChildServer({
    command: cliPath,
    args: [
      ...['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'error'],
      ...Object.entries(settings).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${value}`]),
      ...Object.keys(searchAttributes).flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ],
    cwd: '/',
    stopSignal: 'SIGTERM',
    orphanSignal: 'TERM',
    onLine: () => {},
  });
  const address = `127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 100; attempt++) {
    const connection = await Connection.connect({ address, connectTimeout: 1000 }).catch(() => undefined);
    const served = await connection?.workflowService.describeNamespace({ namespace: 'default' }).catch(() => undefined);
    await connection?.close();
    if (served !== undefined) return { address, server };
    await wait(100);
  }
  throw new GiveUp(`the Temporal server did not start: ${server.lastLines()}`);
}

const { cacheDir, pathEnv } = processConfig();
const dataDir = join(tmpdir(), `syncline-record-${process.pid}`);
const [postgres, temporal, workflowBundle] = await Promise.all([
  startPostgres({ dataDir, durable: false }),
  resolveTemporalCli({ cacheDir, pathEnv, log: console.error }).then(startRecordingServer),
  cachedWorkflowBundle({ cacheDir }),
]);
await migrate(postgres.url);
const simulators = new Map<string, Simulator>();
for (const [partner, { faults = [] }] of Object.entries(recordings).filter(
  ([name]) => only.length === 0 || only.includes(name),
))
  simulators.set(partner, await startSimulator({ seed: 11, payments: 500, customers: 200, latencyMs: 20, faults }));
const scene = await openScene({
  temporalAddress: temporal.address,
  databaseUrl: postgres.url,
  workflowBundle,
  partners: Object.fromEntries(
    [...simulators].map(([partner, { url }]) => [
      partner,
      {
        baseUrl: url,
        grant: recordings[partner]?.grant ?? { requests: 5 },
        targets: [...(recordings[partner]?.targets ?? [])],
      },
    ]),
  ),
  targets: { targets: { lake: { type: 'duckdb', path: 'lake.duckdb' } } },
});
try {
  if (only.length === 0) await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [partner, simulator] of simulators) await record(scene, partner, simulator);
} finally {
  await scene.close();
  for (const simulator of simulators.values()) await simulator.close();
  await temporal.server.stop();
  await postgres.stop();
}
