import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { askGovernor } from '../../client/governor.ts';
import { MINUTE } from '../../core/duration.ts';
import { plainNames } from '../../messages/names.ts';
import { GRACE_MS, pauseIn } from '../../core/queue-rate.ts';
import { resolveTemporalCli } from '../../services/temporal-cli.ts';
import { startTemporal, type TemporalServer } from '../../services/temporal-server.ts';
import { cacheDir } from '../support/cache-dir.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { endBlockIn, isDefined, isPaused, queueWhen, refuse } from '../support/governed.ts';
import { sideBySide } from '../support/side-by-side.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { openScene, type Scene } from './scene.ts';

/** Of the workers that die. */
const gone = ['orphaned', 'left'];
/** Each at a server of its own, for one of them is killed: both wait for a pause to end. */
const scenario = sideBySide();

/** What runs at one Temporal server. */
interface Place {
  temporal: TemporalServer;
  readonly database: TestDatabase;
  readonly client: Client;
  readonly scenes: Scene[];
}

let folder: TemporaryFolder;
let cliPath: string;
const places: Place[] = [];
let [dying, living]: [Place, Place] = [] as never;
beforeAll(async () => {
  folder = await temporaryFolder();
  cliPath = await resolveTemporalCli({ cacheDir: cacheDir(), pathEnv: process.env['PATH'] ?? '', log: () => {} });
  [dying, living] = await Promise.all([openPlace('dying'), openPlace('living')]);
  await Promise.all([startFleet(dying, ['alone']), startFleet(living, gone)]);
});
afterAll(async () => {
  await Promise.all(places.map(closePlace));
  await folder?.remove();
});

/** `name`: of its file, which outlives the server. */
const startServer = (name: string, port?: number): Promise<TemporalServer> =>
  startTemporal({ cliPath, dbFile: join(folder.path, `${name}.db`), uiPort: null, port });

async function openPlace(name: string): Promise<Place> {
  const [temporal, database] = await Promise.all([startServer(name), freshDatabase()]);
  const client = new Client({ connection: await Connection.connect({ address: temporal.address }) });
  const place = { temporal, database, client, scenes: [] };
  places.push(place);
  return place;
}

async function closePlace({ temporal, database, client, scenes }: Place): Promise<void> {
  await Promise.all(scenes.map((scene) => scene.close()));
  await client.connection.close();
  await temporal.stop();
  await database.drop();
}

/** Workers look after their queues when they start; the next check is further away than this test lasts. */
async function startFleet({ temporal, database, scenes }: Place, names: readonly string[]): Promise<Scene> {
  const scene = await openScene({
    temporalAddress: temporal.address,
    databaseUrl: database.url,
    workflowBundle: process.env['WORKFLOW_BUNDLE'],
    queueCheckMs: 3_600_000,
    partners: Object.fromEntries(
      names.map((name) => [name, { baseUrl: 'http://127.0.0.1:9', auth: { type: 'bearer', token: name } }]),
    ),
  });
  scenes.push(scene);
  return scene;
}

const left = (until: string): number => Date.parse(until) - Date.now();

scenario('a pause outlives the death of the Temporal server, and ends by its own timer', async () => {
  const [scene] = dying.scenes as [Scene];
  await refuse(scene, 'alone', MINUTE);
  const until = await endBlockIn(scene, 'alone', 12_000);
  const { address } = dying.temporal;
  await dying.temporal.kill();
  dying.temporal = await startServer('dying', Number(address.split(':')[1]));
  const again = new Client({ connection: await Connection.connect({ address }) });
  const paused = await queueWhen(again, 'alone', () => true);
  expect(pauseIn(paused)?.until).toBe(until);
  await queueWhen(again, 'alone', isDefined, left(until) + 20_000);
  await again.connection.close();
});

scenario(
  'workers that died in a pause put the queue right when they start again, with and without its governor',
  async () => {
    const { client } = living;
    const [scene] = living.scenes as [Scene];
    for (const partner of gone) await refuse(scene, partner, MINUTE);
    const untils = await Promise.all(gone.map((partner) => endBlockIn(scene, partner, 10_000)));
    await scene.stopWorkers();
    await client.workflow.getHandle(plainNames.governorId('orphaned')).terminate('test');
    await wait(Math.max(...untils.map(left)) + GRACE_MS + 500);
    // Nobody was there to do it.
    for (const partner of gone) expect(isPaused(await queueWhen(client, partner, () => true))).toBe(true);

    await startFleet(living, gone);
    for (const partner of gone) await queueWhen(client, partner, isDefined);
    expect(
      await eventually(async () => (await askGovernor(client, { names: plainNames, partner: 'left' }))?.pause === null),
    ).toBe(true);
  },
);
