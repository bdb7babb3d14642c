import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { reportOfSync, startSync, type StartSync } from '../../client/start-sync.ts';
import type { RunReport } from '../../messages/sync-partner.ts';
import { noCounts } from '../../core/counts.ts';
import { plainNames } from '../../messages/names.ts';
import { resolveTemporalCli } from '../../services/temporal-cli.ts';
import { startTemporal, type TemporalServer } from '../../services/temporal-server.ts';
import type { Simulator } from '../../simulator/start.ts';
import { cacheDir } from '../support/cache-dir.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { sideBySide } from '../support/side-by-side.ts';
import { openScene, PAGES, resetToStart, startPartner, WINDOW, type Scene, type Traces } from './scene.ts';

/** Customers are listed by offset: an empty page ends them. */
const ALL = PAGES.payments + PAGES.customers + 1;
/** Per stream: the page being written and the one being fetched. */
const IN_FLIGHT = 2 * Object.keys(PAGES).length;

let temporal: TemporalServer;
let database: TestDatabase;
let scene: Scene;
let other: Client;
let undisturbed: Traces;
const simulators = new Map<string, Simulator>();
const names = ['calm', 'twice', 'forced', 'forced_late', 'joined'].concat(
  ['partner', 'stream'].flatMap((what) => [`${what}_reset`, `${what}_reset_late`]),
  ['long_grant', 'terminated', 'cancelled', 'cancelled_red', 'stream_terminated'],
);

beforeAll(async () => {
  const cliPath = await resolveTemporalCli({ cacheDir: cacheDir(), pathEnv: process.env['PATH'] ?? '', log: () => {} });
  [temporal, database] = await Promise.all([startTemporal({ cliPath, uiPort: null }), freshDatabase()]);
  for (const name of names) simulators.set(name, await startPartner());
  scene = await openScene({
    temporalAddress: temporal.address,
    databaseUrl: database.url,
    workflowBundle: process.env['WORKFLOW_BUNDLE'],
    partners: Object.fromEntries(
      names.map((name) => [
        name,
        { baseUrl: at(name).url, ...(name === 'long_grant' ? { grant: { requests: 500 } } : {}) },
      ]),
    ),
  });
  other = new Client({ connection: await Connection.connect({ address: temporal.address }) });
  await run('calm');
  undisturbed = await scene.traces('calm');
});
afterAll(async () => {
  await scene?.close();
  await other?.connection.close();
  for (const simulator of simulators.values()) await simulator.close();
  await temporal?.stop();
  await database?.drop();
});

const at = (name: string): Simulator => simulators.get(name) as Simulator;
const syncOf = (partner: string, change: Partial<StartSync> = {}): StartSync => ({
  partner,
  streams: [],
  window: WINDOW,
  kind: 'manual',
  generation: 1,
  ...change,
});
const payments = (partner: string): string =>
  plainNames.streamSyncId({ partner, stream: 'payments', window: WINDOW, generation: 1 });

async function run(partner: string, change: Partial<StartSync> = {}, client = scene.client) {
  return reportOfSync((await startSync(client, syncOf(partner, change))).handle);
}

/** Begun, and some pages far: both streams have more to read. */
async function begun(partner: string): Promise<string> {
  const { runId } = await startSync(scene.client, syncOf(partner));
  expect(await eventually(() => at(partner).requests().length >= 5)).toBe(true);
  return runId;
}

async function expectNothingDoubled(partner: string, mostRequests: number): Promise<void> {
  expect(await scene.traces(partner)).toEqual(undisturbed);
  expect(at(partner).requests().length).toBeLessThanOrEqual(mostRequests);
}

test('an undisturbed run needs one request for each page', () => {
  expect(undisturbed.pages).toHaveLength(ALL);
  expect(at('calm').requests()).toHaveLength(ALL);
});

const scenario = sideBySide();

describe('the same sync started again', () => {
  scenario('twice at once and after its end is one run', async () => {
    const [one, two] = await Promise.all([run('twice'), run('twice', {}, other)]);
    expect(two).toEqual(one);
    const late = await startSync(other, syncOf('twice'));
    expect(late.state).toBe('finished');
    expect(await reportOfSync(late.handle)).toEqual(one);
    await expectNothingDoubled('twice', ALL);
  });

  scenario('a forced generation, asked for twice at once, reads again and finds nothing new', async () => {
    await run('forced');
    const again = await Promise.all([run('forced', { generation: 2 }), run('forced', { generation: 2 }, other)]);
    expect(again[1]).toEqual(again[0]);
    const { counts } = again[0] as RunReport;
    expect(counts).toEqual({ ...noCounts, fetched: counts.fetched, unchanged: counts.fetched });
    const { events, targets } = await scene.traces('forced');
    expect({ events, targets }).toEqual({ events: undisturbed.events, targets: undisturbed.targets });
    expect(at('forced').requests().length).toBeLessThanOrEqual(2 * ALL);
  });

  scenario('a forced generation beside the first one logs every record once', async () => {
    await begun('forced_late');
    const reports = await Promise.all([run('forced_late'), run('forced_late', { generation: 2 }, other)]);
    const inserted = reports.map((report) => ('counts' in report ? report.counts.inserted : Number.NaN));
    expect(inserted.reduce((sum, count) => sum + count)).toBe(700);
    expect(namesAndHashes(await scene.traces('forced_late'))).toEqual(namesAndHashes(undisturbed));
  });

  scenario('a sync of one stream that runs is joined by the sync of all', async () => {
    const [one, all] = await Promise.all([run('joined', { streams: ['payments'] }), run('joined', {}, other)]);
    expect([one, all]).toMatchObject([{ outcome: 'ok' }, { outcome: 'ok' }]);
    await expectNothingDoubled('joined', ALL);
  });
});

const namesAndHashes = ({ events }: Traces): string[] =>
  (events as { name: string; key: string; hash: string }[])
    .map(({ name, key, hash }) => `${name} ${key} ${hash}`)
    .toSorted();

const idOf = async (streams: readonly string[]): Promise<string> =>
  (await startSync(scene.client, syncOf('calm', { streams }))).runId;

describe('the id of a sync of some streams', () => {
  test('does not depend on their order, nor on one that is named twice', async () => {
    const id = await idOf(['payments', 'customers']);
    expect(await idOf(['customers', 'payments', 'customers'])).toBe(id);
  });

  test('is its own, however long the list', async () => {
    const many = Array.from({ length: 40 }, (_, n) => `stream_${String(n).padStart(3, '0')}`);
    const [one, two] = await Promise.all([idOf([...many, 'zebra']), idOf([...many, 'zoo'])]);
    expect(one).not.toBe(two);
    expect(one.length).toBeLessThanOrEqual(240);
  });
});

describe('a reset to the first workflow task', () => {
  scenario.each(['partner', 'stream'])('of a running %s', async (what) => {
    const partner = `${what}_reset`;
    const runId = await begun(partner);
    await resetToStart(scene.client, what === 'partner' ? runId : payments(partner));
    expect(await run(partner)).toMatchObject({ outcome: 'ok' });
    await expectNothingDoubled(partner, ALL + IN_FLIGHT);
  });

  scenario('of a stream in the middle of a long grant, which goes on until its next heartbeat', async () => {
    await begun('long_grant');
    await resetToStart(scene.client, payments('long_grant'));
    expect(await run('long_grant')).toMatchObject({ outcome: 'ok' });
    await expectNothingDoubled('long_grant', ALL + IN_FLIGHT);
  });

  scenario.each(['partner', 'stream'])('of a %s that has ended', async (what) => {
    const partner = `${what}_reset_late`;
    const report = await run(partner);
    const { runId } = await startSync(scene.client, syncOf(partner));
    const id = what === 'partner' ? runId : payments(partner);
    const again = await resetToStart(scene.client, id);
    const result: unknown = await scene.client.workflow.getHandle(id, again).result();
    expect(result).toEqual(
      what === 'partner' ? report : 'streams' in report && report.streams.find(({ stream }) => stream === 'payments'),
    );
    await expectNothingDoubled(partner, ALL);
  });
});

describe('a run that was ended', () => {
  scenario.each([
    ['terminated', 'enough', (id: string) => scene.client.workflow.getHandle(id).terminate('enough')],
    ['cancelled', 'cancelled', (id: string) => scene.client.workflow.getHandle(id).cancel()],
  ] as const)('%s, and started again at once, goes on from where it stood', async (partner, words, end) => {
    const id = await begun(partner);
    const first = scene.client.workflow.getHandle(id, (await scene.client.workflow.getHandle(id).describe()).runId);
    await end(id);
    await expect(first.result()).rejects.toThrow(words);
    expect(await run(partner)).toMatchObject({ outcome: 'ok' });
    await expectNothingDoubled(partner, ALL + IN_FLIGHT);
  });

  scenario('a cancelled run is not green in the ledger, even before any of its streams has ended', async () => {
    const id = await begun('cancelled_red');
    await scene.client.workflow.getHandle(id).cancel();
    await reportOfSync(scene.client.workflow.getHandle(id));
    const { rows } = await scene.pool.query('select outcome, reason from runs where run_id = $1', [id]);
    expect(rows).toEqual([
      { outcome: expect.stringMatching(/^(failed|partial)$/), reason: expect.stringContaining('cancelled') },
    ]);
  });

  scenario('a terminated stream makes the run fail, and the next one goes on', async () => {
    const partner = 'stream_terminated';
    const id = await begun(partner);
    const ending = reportOfSync(scene.client.workflow.getHandle(id));
    await scene.client.workflow.getHandle(payments(partner)).terminate('enough');
    expect(await ending).toMatchObject({ outcome: 'partial', reason: expect.stringContaining('payments failed') });
    expect(await run(partner)).toMatchObject({ outcome: 'ok' });
    await expectNothingDoubled(partner, ALL + IN_FLIGHT);
  });
});
