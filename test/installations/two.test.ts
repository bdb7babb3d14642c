import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { applyChange, listSchedules, presentOf } from '../../client/schedules.ts';
import { compareSchedules } from '../../core/schedule.ts';
import { declaredSchedules } from '../../definitions/declared-schedules.ts';
import { loadPartner } from '../../definitions/load.ts';
import { runSyncline, type Ended } from '../cli/run-syncline.ts';
import { eventually } from '../support/eventually.ts';
import { openPullBench, WINDOW, type BenchPartner, type PullBench } from '../support/pull-bench.ts';
import { payments } from '../support/simulator-streams.ts';

let plain: PullBench;
let blue: PullBench;
let acme: BenchPartner;
let blueAcme: BenchPartner;

/** The same secret at the same host and port, and so the same credential: turns and slots have its name. */
const limited = {
  auth: { type: 'bearer', token: 'shared' },
  limits: { rate: 50, burst: 1, concurrency: 1, credential: 'shared' },
  schedules: { nightly: { calendar: { at: '03:30' }, timeZone: 'UTC' } },
} as const;

beforeAll(async () => {
  plain = await openPullBench();
  blue = await openPullBench({ SYNCLINE_INSTALLATION: 'blue' }, plain);
  acme = await plain.partner({ name: 'acme', streams: { payments }, partner: limited });
  blueAcme = await blue.partner({
    name: 'acme',
    simulator: { payments: 120 },
    streams: { payments },
    partner: limited,
    uncounted: 'its ledger is dropped in the end',
  });
});
afterAll(async () => {
  await blue.close();
  await plain.close();
});

const syncline = ({ config }: PullBench, ...args: string[]): Promise<Ended> =>
  runSyncline(args, {
    DATABASE_URL: config.databaseUrl as string,
    TEMPORAL_ADDRESS: config.temporalAddress as string,
    TEMPORAL_NAMESPACE: config.temporalNamespace,
    SYNCLINE_PARTNERS_DIR: config.partnersDir,
    SYNCLINE_INSTALLATION: config.names.installation,
    SYNCLINE_HOME: '/nowhere',
  });

const count = async (table: string): Promise<number> =>
  Number((await plain.pool.query<{ count: string }>(`select count(*) from ${table}`)).rows[0]?.count);

async function apply(bench: PullBench, partners: readonly string[]): Promise<readonly string[]> {
  const { names } = bench.config;
  const loaded = await Promise.all(partners.map((name) => loadPartner(name, { dir: bench.partnersDir, env: {} })));
  const declared = loaded.flatMap((partner) => declaredSchedules(names, partner));
  const ids = declared.map(({ id }) => id);
  const present = (await listSchedules(bench.client, names, ids)).map(presentOf);
  for (const change of compareSchedules(declared, present)) await applyChange(bench.client, names, change);
  return (await listSchedules(bench.client, names, ids)).map(({ scheduleId }) => scheduleId);
}

test('the same partner and window at the same time: each lands its own, under ids of its own', async () => {
  const [one, other] = await Promise.all([acme.sync(), blueAcme.sync()]);
  expect([one.outcome, one.runId]).toEqual(['ok', `sync/acme/${WINDOW}`]);
  expect([other.outcome, other.runId]).toEqual(['ok', `blue/sync/acme/${WINDOW}`]);
  expect(other.streams[0]?.syncId).toBe(`blue/sync/acme/payments/${WINDOW}`);
  expect([await count('acme.payments'), await count('blue_acme.payments')]).toEqual([200, 120]);
  for (const [bench, id] of [
    [plain, one.runId],
    [blue, other.runId],
  ] as const) {
    const { stdout } = await syncline(bench, 'runs', 'list', '--json');
    expect((JSON.parse(stdout) as { runId: string }[]).map(({ runId }) => runId)).toEqual([id]);
    const governor = bench.client.workflow.getHandle(bench.config.names.governorId('acme'));
    expect((await governor.describe()).taskQueue).toBe(bench.config.names.workflowQueue);
  }
});

test('a pause is of one of them', async () => {
  const paused = await syncline(blue, 'partners', 'pause', 'acme', '--reason', 'they move');
  expect(paused).toEqual(expect.objectContaining({ code: 0 }));
  const window = '2026-11-26';
  const waiting = await blueAcme.start({ window });
  expect((await acme.sync({ window })).outcome).toBe('ok');
  const says = async (): Promise<string> => (await syncline(blue, 'runs', 'show', waiting.runId)).stdout;
  expect(await eventually(async () => (await says()).includes('they move'), 30_000)).toBe(true);
  expect((await waiting.handle.describe()).status.name).toBe('RUNNING');
  expect(await syncline(blue, 'partners', 'resume', 'acme', '--reason', 'they moved')).toEqual(
    expect.objectContaining({ code: 0 }),
  );
  expect((await blueAcme.sync({ window })).outcome).toBe('ok');
});

test('the commands of docs/environments.md do what it says', async () => {
  const document = await readFile(new URL('../../docs/environments.md', import.meta.url), 'utf8');
  const [first = '', ...lines] = (/^```sh\n([^]*?)^```/m.exec(document)?.[1] ?? '').trim().split('\n');
  expect(first).toBe(`export SYNCLINE_INSTALLATION=${blue.config.names.installation}`);
  const codes: number[] = [];
  for (const line of lines) {
    const [, ...args] = line.match(/"[^"]*"|\S+/g)?.map((word) => word.replaceAll('"', '')) ?? [];
    codes.push((await syncline(blue, ...args)).code);
  }
  // The last one, `doctor`, finds that the schedule of acme is not in Temporal yet.
  expect(codes).toEqual([0, 0, 0, 1]);
  expect(await count('blue_syncline.pauses where ended_at is null')).toBe(1);
  expect(await count('syncline.pauses where ended_at is null')).toBe(0);
  await syncline(blue, 'partners', 'resume', 'acme', '--reason', 'shown');
});

test('schedules are compared with those of the same installation only', async () => {
  expect(await apply(plain, ['acme'])).toEqual(['schedule/acme/nightly']);
  expect(await apply(blue, ['acme'])).toEqual(['blue/schedule/acme/nightly']);
  expect(await apply(plain, [])).toEqual([]);
  expect(await apply(blue, ['acme'])).toEqual(['blue/schedule/acme/nightly']);
});

test("a partner whose schema is another installation's is refused before a row is written", async () => {
  const before = await count('blue_acme.payments');
  const named = await plain.partner({ name: 'blue_acme', streams: { payments } });
  const report = await named.sync();
  expect(report.outcome).toBe('failed');
  expect(report.reason).toContain(
    'schema blue_acme belongs to another installation of Syncline (tables of a partner of Syncline, ledger in blue_syncline)',
  );
  expect(await count('blue_acme.payments')).toBe(before);
});

test('the schemas of one can be dropped: the other goes on', async () => {
  await plain.pool.query('drop schema blue_syncline, blue_acme cascade');
  expect((await acme.sync({ window: '2026-11-27' })).outcome).toBe('ok');
  expect(await count('acme.payments')).toBe(200);
});
