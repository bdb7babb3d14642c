import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { plainNames } from '../../messages/names.ts';
import { eventually } from '../support/eventually.ts';
import { long } from '../support/long.ts';
import { REMOVABLE, removedOf, stayed } from './slots-left-behind.ts';
import { endedBadly, MISSING, PATIENCE_MS, REMOVED, runRound, TAMPERED, type RoundEnd } from './slots-round.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { openSlotsScene, type SlotsScene } from './slots-scene.ts';
import { freeze, gateAt, victimAmong } from './slots-storm.ts';
import { toldBy, toldTwice, twice } from './slots-told.ts';

const PROCESSES = 4;
/** What holds an activity that is frozen in it, and for how long: longer than Temporal waits for a sign of it. */
const gates = [
  { table: 'duplicate_pairs', activities: ['findDuplicates'], frozenMs: 70_000 },
  { table: 'janitor_findings', activities: ['lookForLeftovers'], frozenMs: 70_000 },
  { table: 'target_comparisons', activities: ['compareTarget'], frozenMs: 40_000 },
  { table: 'reconcile_findings', activities: ['planReconcile', 'compareListing'], frozenMs: 70_000 },
  { table: 'alerts', activities: ['lookAtAlerts'], frozenMs: 125_000 },
  { table: 'duplicate_members', activities: ['approveJoining', 'changeDuplicates'], frozenMs: 70_000 },
] as const satisfies readonly {
  readonly table: string;
  readonly activities: readonly string[];
  readonly frozenMs: number;
}[];
type Gate = (typeof gates)[number];
const ROUNDS = gates.length;

let calm: SlotsScene;
let storm: SlotsScene;
beforeAll(async () => {
  if (!long) return;
  [calm, storm] = await Promise.all([openSlotsScene(1), openSlotsScene(PROCESSES)]);
});
afterAll(async () => {
  await Promise.all([calm?.close(), storm?.close()]);
});

/** Another one is killed, whatever it does. */
async function kill({ workers }: SlotsScene, spared: WorkerProcess): Promise<void> {
  const worker = workers.find((one) => one !== spared) as WorkerProcess;
  await worker.kill();
  workers.splice(workers.indexOf(worker), 1);
}

/** One is frozen in the middle of what the gate holds, until others have done it; meanwhile another one is killed, whatever it does. */
async function strikeAt(scene: SlotsScene, { table, activities, frozenMs }: Gate): Promise<void> {
  const { ground, workers, pool } = scene;
  const open = await gateAt(pool, table);
  const isHeld = (held: readonly string[]): boolean => activities.some((one) => held.includes(one));
  const { worker, fit } = await victimAmong(ground.client, workers, (of) => isHeld(of.activities), 240_000);
  await freeze(worker, frozenMs, async () => {
    await open();
    await kill(scene, worker);
  });
  while (workers.length < PROCESSES) scene.join();
  if (!fit) throw new Error(`nobody was at work with ${activities.join(' or ')}`);
}

(long ? describe : describe.skip)(`what runs by schedules in ${PROCESSES} processes`, () => {
  test('comes to the same as in one that nobody disturbs, each slot once, whoever is killed or frozen', async () => {
    for (let no = 1; no <= ROUNDS; no += 1) {
      const [quiet, stormy] = await Promise.all([
        runRound(calm, { no, orders: 0, storm: () => Promise.resolve() }),
        runRound(storm, {
          no,
          orders: PROCESSES,
          storm: (scene) => strikeAt(scene, gates[no - 1] as Gate),
        }),
      ]);
      for (const [scene, end] of [
        [calm, quiet],
        [storm, stormy],
      ] as const) {
        expectOneOutcome(end, no);
        expect(end.beta).toMatchObject({ outcome: 'ok', counts: { fetched: scene.beta.truth('payments').length } });
      }
    }
    await Promise.all([finish(calm), finish(storm)]);
    const told = await toldBy(calm);
    expect(await toldBy(storm)).toEqual(told);
    expect(await stayed(storm)).toEqual(await stayed(calm));
    for (const scene of [calm, storm]) {
      expect(await endedBadly(scene)).toEqual([]);
      expect(await twice(scene)).toEqual([]);
      expect(toldTwice(scene)).toEqual([]);
      expect(await removedOf(scene.pool)).toEqual({
        removed: Object.fromEntries(Object.entries(REMOVABLE).map(([kind, count]) => [kind, count * (ROUNDS + 1)])),
        said: [],
      });
    }
  }, 3_000_000);
});

function expectOneOutcome({ reconciled, joined, compared }: RoundEnd, no: number): void {
  for (const report of reconciled) {
    expect(report).toMatchObject({
      outcome: 'partial',
      streams: [
        { outcome: 'ok', open: 0 },
        { outcome: 'partial', open: no * REMOVED },
      ],
    });
  }
  // One that finds all done has repaired nothing.
  const repaired = reconciled.map(({ streams }) => streams[1]?.repaired);
  expect(Math.max(...repaired.map(Number))).toBe(MISSING);
  expect(new Set(joined.map((report) => JSON.stringify(report))).size).toBe(1);
  expect(joined[0]).toMatchObject({ outcome: 'ok', found: { applied: expect.any(Number) } });
  for (const report of compared)
    expect(report).toMatchObject({
      outcome: 'partial',
      tables: expect.arrayContaining([expect.objectContaining({ stream: 'payments', differ: no * TAMPERED })]),
    });
}

/** What came beside the last slots is joined, and alerts have seen all of it. */
async function finish(scene: SlotsScene): Promise<void> {
  await runRound(scene, { no: ROUNDS + 1, orders: 0, storm: () => Promise.resolve() });
  const reports = async (): Promise<number> =>
    (await scene.pool.query('select from janitor_reports where ended_at is not null')).rowCount ?? 0;
  const before = await reports();
  // What workers removed while it looked.
  await scene.ground.client.schedule.getHandle(plainNames.janitorScheduleId).trigger();
  const open = async (): Promise<number> =>
    (await scene.pool.query('select from alerts where opened_at is not null and resolved_at is null')).rowCount ?? 0;
  await eventually(async () => (await open()) >= 2, PATIENCE_MS);
  await eventually(async () => (await reports()) > before, PATIENCE_MS);
}
