import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { msToTs, tsToMs } from '@temporalio/common/lib/time.js';
import { applyChange, catchUpSchedule, listSchedules, pauseSchedule, presentOf } from '../../client/schedules.ts';
import { compareSchedules, type DeclaredSchedule } from '../../core/schedule.ts';
import { plainNames } from '../../messages/names.ts';
import { windowOfSlot } from '../../core/schedule-slot.ts';
import { parseWindow } from '../../core/window.ts';
import { declaredSchedules } from '../../definitions/declared-schedules.ts';
import { loadPartner } from '../../definitions/load.ts';
import { eventually } from '../support/eventually.ts';
import { long } from '../support/long.ts';
import { openPullBench, type BenchPartner, type PullBench } from '../support/pull-bench.ts';
import { refunds } from '../support/simulator-streams.ts';

const PATIENCE_MS = 600_000;

let bench: PullBench;
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(() => bench.close());

const zone = 'Europe/Berlin';
const nightly = { calendar: { at: '03:30' }, timeZone: zone };

/** As `syncline schedule apply` does. */
async function apply(partner: BenchPartner): Promise<DeclaredSchedule> {
  const loaded = await loadPartner(partner.name, { dir: bench.partnersDir, env: {} });
  const present = (await listSchedules(bench.client, plainNames)).map(presentOf);
  for (const change of compareSchedules(declaredSchedules(plainNames, loaded), present))
    await applyChange(bench.client, plainNames, change);
  return declaredSchedules(plainNames, loaded)[0] as DeclaredSchedule;
}

interface Night {
  readonly window_label: string;
  readonly outcome: string;
  readonly run_id: string;
}

const nightsOf = async (partner: string): Promise<readonly Night[]> =>
  (
    await bench.pool.query<Night>(
      `select window_label, outcome, run_id from runs where partner = $1 and finished_at is not null order by window_label`,
      [partner],
    )
  ).rows;

/** The slots that Temporal itself sees in a time. */
async function slotsOf(id: string, from: string, to: string): Promise<readonly number[]> {
  const { startTime } = await bench.client.workflowService.listScheduleMatchingTimes({
    namespace: bench.namespace,
    scheduleId: id,
    startTime: msToTs(Date.parse(from)),
    endTime: msToTs(Date.parse(to)),
  });
  return startTime.map((time) => tsToMs(time));
}

test("Temporal's slots of a year stand for 365 windows without gap or overlap", async () => {
  const partner = await bench.partner({ streams: { refunds }, partner: { schedules: { nightly } } });
  await apply(partner);
  const slots = await slotsOf(
    plainNames.scheduleId({ partner: partner.name, name: 'nightly' }),
    '2026-01-01T00:00:00Z',
    '2026-12-31T12:00:00Z',
  );
  const labels = slots.map((slotMs) => windowOfSlot({ slotMs, timeZone: zone, covers: 'day' }));
  expect(labels).toEqual(daysFrom('2025-12-31', 365));
  const windows = labels.map(parseWindow);
  expect(windows.slice(1).map(({ from }) => from)).toEqual(windows.slice(0, -1).map(({ to }) => to));
});

/**
 * Slots that are run: whole years with SYNCLINE_TEST_LONG=1 (a quarter of an hour), otherwise the nights around the changes.
 * Each: from, to, and how many windows have ended then.
 */
const before = long
  ? [
      ['2026-01-01T00:00Z', '2026-05-09T12:00Z', 129],
      ['2026-05-12T12:00Z', '2026-07-01T12:00Z', 179],
    ]
  : [
      ['2026-03-27T12:00Z', '2026-03-31T12:00Z', 4],
      ['2026-05-08T12:00Z', '2026-05-09T12:00Z', 5],
      ['2026-05-12T12:00Z', '2026-05-14T12:00Z', 7],
    ];
const after = long
  ? [['2026-07-01T12:00Z', '2026-12-31T12:00Z', 362]]
  : [
      ['2026-07-01T12:00Z', '2026-07-03T12:00Z', 9],
      ['2026-10-23T12:00Z', '2026-10-27T12:00Z', 13],
    ];
const expected = long
  ? daysFrom('2025-12-31', 365)
  : [
      ...daysFrom('2026-03-27', 4),
      ...daysFrom('2026-05-08', 6),
      ...daysFrom('2026-07-01', 2),
      ...daysFrom('2026-10-23', 4),
    ];

test(
  'nights with both changes of the clock, an outage of three and a changed definition are run, each window once',
  async () => {
    const partner = await bench.partner({
      streams: { refunds: { ...refunds, query: { limit: 100 } } },
      partner: { schedules: { nightly } },
    });
    const { name } = partner;
    await apply(partner);
    const handle = bench.client.schedule.getHandle(plainNames.scheduleId({ partner: name, name: 'nightly' }));
    await pauseSchedule(bench.client, plainNames, { partner: name, name: 'nightly' }, 'the year is simulated');
    const run = async (nights: readonly (readonly (string | number)[])[]): Promise<void> => {
      for (const [from = '', to = '', count = 0] of nights) {
        const range = { from: new Date(from), to: new Date(to) };
        await catchUpSchedule(bench.client, plainNames, { partner: name, name: 'nightly' }, range);
        await eventually(async () => (await nightsOf(name)).length >= Number(count), PATIENCE_MS);
      }
    };

    // Nobody was there on the nights of the 10th, 11th and 12th of May.
    await run(before);
    // Another hour from here on: nights keep their windows, and the pause by hand stays.
    await partner.define({ partner: { schedules: { nightly: { ...nightly, calendar: { at: '05:00' } } } } });
    await apply(partner);
    expect((await handle.describe()).state.paused).toBe(true);
    await run(after);
    // What was missed is caught up; the nights around it are started once more and find their work done.
    const started = (await handle.describe()).info.numActionsTaken;
    await run([['2026-05-08T12:00Z', '2026-05-14T12:00Z', expected.length]]);
    const again = async (): Promise<boolean> => {
      const { info } = await handle.describe();
      return info.numActionsTaken === started + 6 && info.runningActions.length === 0;
    };
    expect(await eventually(again, PATIENCE_MS)).toBe(true);

    const ended = await nightsOf(name);
    expect(ended.map(({ window_label: label }) => label)).toEqual(expected);
    expect(new Set(ended.map(({ run_id: id }) => id)).size).toBe(expected.length);
    expect([...new Set(ended.map(({ outcome }) => outcome))]).toEqual(['ok']);
    const { rows } = await bench.pool.query<{ windows: number; times: number }>(
      `select count(*)::int as windows, count(distinct window_label)::int as times from stream_runs
        join streams using (stream_id) where partner = $1 and state = 'done'`,
      [name],
    );
    expect(rows).toEqual([{ windows: expected.length, times: expected.length }]);
  },
  long ? 1_800_000 : 120_000,
);

function daysFrom(first: string, days: number): readonly string[] {
  return Array.from({ length: days }, (_, at) => {
    const day = new Date(Date.parse(`${first}T00:00:00Z`) + at * 86_400_000).toISOString().slice(0, 10);
    return `${day}@${zone}`;
  });
}
