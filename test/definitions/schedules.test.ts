import { describe, expect, test } from '@jest/globals';
import { checkPartner } from '../../definitions/check.ts';
import { clockWarnings } from '../../definitions/clock-warnings.ts';
import { DAY } from '../../core/duration.ts';
import { compareDues } from '../../definitions/compare-dues.ts';
import { declaredCompares, declaredJoins, declaredSchedules } from '../../definitions/declared-schedules.ts';
import { duplicatesFile } from '../../definitions/duplicates.ts';
import { partner, type Partner, type PartnerInput } from '../../definitions/definition.ts';
import { loadCompares } from '../../definitions/load-compares.ts';
import { dotted } from '../../definitions/problem.ts';
import { plainNames } from '../../messages/names.ts';
import { withFiles } from './partner-files.ts';

type ScheduleInput = NonNullable<PartnerInput['schedules']>[string];

const schema = { type: 'object', properties: { id: { type: 'string' }, at: { type: 'string', format: 'date-time' } } };
const orders = { path: '/orders', primaryKey: ['id'], schema };
const acme = (more: Partial<PartnerInput>): Partner =>
  partner.parse({ name: 'acme', baseUrl: 'https://api.example', streams: { orders }, ...more });
const problemsOf = (of: Partner): string[] => checkPartner(of).map(({ path, says }) => `${dotted(path)}: ${says}`);
const withSchedule = (nightly: ScheduleInput): Partner => acme({ schedules: { nightly } });
const problems = (nightly: ScheduleInput): string[] => problemsOf(withSchedule(nightly));
const cronOf = (nightly: ScheduleInput) => declaredSchedules(plainNames, withSchedule(nightly))[0]?.cron;

describe('a schedule', () => {
  test.each<[ScheduleInput, readonly string[]]>([
    [{ cron: '30 3 * * *' }, ['30 3 * * *']],
    [{ cron: ['0 3 * * mon-fri', '0 9 * * sat'] }, ['0 3 * * mon-fri', '0 9 * * sat']],
    [{ calendar: { at: '03:30' } }, ['30 3 * * *']],
    [{ calendar: { at: ['03:30', '15:00'], weekdays: ['monday', 'friday'] } }, ['30 3 * * 1,5', '0 15 * * 1,5']],
    [{ calendar: { at: '00:05', daysOfMonth: [1, 15], months: [1, 7] } }, ['5 0 1,15 1,7 *']],
  ])('%j fires at %j', (schedule, cron) => {
    expect(problems(schedule)).toEqual([]);
    expect(cronOf(schedule)).toEqual(cron);
  });

  test.each<[ScheduleInput, RegExp]>([
    [{}, /^schedules\.nightly: expected either cron: .* or calendar: .*, found neither$/],
    [{ cron: '0 3 * * *', calendar: { at: '03:00' } }, /, found both$/],
    [{ cron: '0 3 * *' }, /^schedules\.nightly\.cron: expected five fields .*, found "0 3 \* \*"$/],
    [{ cron: '0 25 * * *' }, /^schedules\.nightly\.cron: expected five fields .*, found "0 25 \* \* \*": /],
    [{ cron: '@daily' }, /expected five fields/],
    [{ cron: '0 0 L * *' }, /of digits, names of months and weekdays/],
    [{ cron: '0 0 30 2 *' }, /expected a time that comes, found "0 0 30 2 \*", which never does$/],
    [{ cron: '0 0 1 * mon' }, /names both; write calendar: with daysOfMonth and weekdays/],
    [{ cron: ['0 3 * * *', 'x'] }, /^schedules\.nightly\.cron\[?\.?1\]?: expected five fields/],
    [{ cron: '0 3 * * *', timeZone: 'Europe/Berln' }, /found "Europe\/Berln"; did you mean "Europe\/Berlin"\?$/],
    [{ cron: '0 3 * * *', streams: ['order'] }, /found "order"; did you mean "orders"\?$/],
  ])('%j is refused', (schedule, says) => {
    expect(problems(schedule)).toEqual([expect.stringMatching(says)]);
  });

  test('warns of nights that clocks leave out or repeat, within a year', () => {
    const now = Date.parse('2026-11-24T00:00:00Z');
    const warnings = (nightly: ScheduleInput): readonly string[] =>
      clockWarnings(withSchedule(nightly).schedules['nightly'] as Partner['schedules'][string], now);
    expect(warnings({ cron: '30 2 * * *', timeZone: 'Europe/Berlin' })).toEqual([
      expect.stringMatching(/^02:30 in Europe\/Berlin does not exist on 2027-03-28: that run is left out/),
      expect.stringMatching(/^02:30 in Europe\/Berlin comes twice on 2027-10-31: the second run finds/),
    ]);
    expect(warnings({ cron: '30 3 * * *', timeZone: 'Europe/Berlin' })).toEqual([]);
    expect(warnings({ cron: '30 2 * * *' })).toEqual([]);
    // No Sunday.
    expect(warnings({ cron: '30 2 * * mon-fri', timeZone: 'Europe/Berlin' })).toEqual([]);
  });
});

type ReconcileInput = NonNullable<PartnerInput['reconcile']>[string];

describe('a reconciliation that is declared', () => {
  const fetch = { path: '/orders/{id}' };
  const streams: PartnerInput['streams'] = {
    orders,
    changes: { ...orders, version: ['at'], incremental: { field: 'at', start: { as: 'since' } } },
    pushed: { primaryKey: ['id'], schema, push: {} },
    keyless: { path: '/keyless', schema, disposition: 'append' },
    rates: { path: '/rates', primaryKey: ['id'], schema, disposition: 'replace' },
    items: { ...orders, path: '/items', requires: { order: { stream: 'changes', by: 'id', fetch } } },
  };
  const weekly = (entry: ReconcileInput): Partner => acme({ streams, reconcile: { weekly: entry } });
  const cron = '0 5 * * sun';

  test.each<[ReconcileInput, object]>([
    [{ cron }, { streams: [], level: 'content', lastMs: null, sample: null, repair: [], overlap: 'queueOne' }],
    [
      { cron, streams: ['changes'], last: '7d', level: 'keys' },
      { lastMs: 604_800_000, level: 'keys' },
    ],
    [
      { cron, last: '7d' },
      { streams: [], lastMs: 604_800_000 },
    ],
    [{ cron, streams: ['changes'], sample: 300 }, { sample: 300 }],
    [{ cron, streams: ['orders'], repair: ['stale', 'missing', 'stale'] }, { repair: ['missing', 'stale'] }],
  ])('%j is told to Temporal', (entry, told) => {
    expect(problemsOf(weekly(entry))).toEqual([]);
    expect(declaredSchedules(plainNames, weekly(entry))).toMatchObject([
      { id: 'schedule/acme/weekly', partner: 'acme', name: 'weekly', kind: 'reconcile', cron: [cron], ...told },
    ]);
  });

  test.each<[ReconcileInput, string]>([
    [{}, 'reconcile.weekly: expected either cron:'],
    [{ cron: '0 25 * * *' }, 'reconcile.weekly.cron: expected five fields'],
    [{ cron, streams: ['order'] }, 'reconcile.weekly.streams.0: expected a stream of this partner, found "order"; did'],
    [{ cron, streams: ['orders', 'pushed'] }, 'reconcile.weekly.streams.1: pushed has no path: its records are only'],
    [{ cron, streams: ['keyless'] }, 'reconcile.weekly.streams.0: keyless has no primaryKey'],
    [{ cron, streams: ['orders'], last: '7d' }, 'reconcile.weekly.streams.0: orders is not incremental'],
    [
      { cron, streams: ['orders'], sample: 9 },
      'reconcile.weekly.streams.0: orders cannot be asked for one record: say',
    ],
    [{ cron, streams: ['rates'], repair: ['stale'] }, 'reconcile.weekly.streams.0: rates is a `replace`'],
    [{ cron, last: '7d', level: 'counts' }, 'reconcile.weekly.last: level: counts compares whole streams; leave out'],
    [
      { cron, streams: ['changes'], last: '7d', sample: 9 },
      'reconcile.weekly.sample: a sample is drawn from the whole',
    ],
    [
      { cron, streams: ['changes'], sample: 9, repair: ['stale'] },
      'reconcile.weekly.repair: only what a whole listing',
    ],
  ])('%j is refused, with its place and what to do', (entry, says) => {
    expect(problemsOf(weekly(entry))).toEqual([expect.stringContaining(says)]);
  });

  test('at least one stream has to be fit, the kinds to repair are safe, and a name is taken once', () => {
    expect(problemsOf(acme({ reconcile: { weekly: { cron, last: '7d' } } }))).toEqual([
      expect.stringMatching(/^reconcile\.weekly: no stream can be compared in this way: orders is not incremental/),
    ]);
    expect(() => weekly({ cron, repair: ['extra' as 'stale'] })).toThrow('missing');
    expect(problemsOf(acme({ schedules: { weekly: { cron } }, reconcile: { weekly: { cron } } }))).toEqual([
      'reconcile.weekly: "weekly" is the name of a schedule under `schedules` already; take another one',
    ]);
  });
});

test('joins of duplicates.yaml are schedules, too', () => {
  const join = duplicatesFile.parse({
    people: { from: [{ stream: 'acme.orders', fields: { id: 'id' } }], join: { cron: '0 6 * * *' } },
    places: { from: [{ stream: 'acme.orders', fields: { id: 'id' } }] },
  });
  expect(declaredJoins(plainNames, new Map(Object.entries(join)))).toMatchObject([
    { id: 'schedule/duplicates/people', partner: 'duplicates', name: 'people', kind: 'join', overlap: 'queueOne' },
  ]);
});

describe('comparisons of targets.yaml', () => {
  const wanted = `targets:
  lake: { type: duckdb, path: lake.duckdb, compare: { cron: ['0 6 * * *', '0 18 * * *'], paused: true } }
  pond: { type: duckdb, path: pond.duckdb }
  twin: { type: postgres, url: '\${TWIN_URL}', compare: { calendar: { at: '03:30', weekdays: [sunday] } } }`;

  test('are schedules, too, also for who has not what opens the targets; those at work have to end within a day', async () => {
    await withFiles({ 'targets.yaml': wanted }, async (dir) => {
      const compares = await loadCompares({ dir, env: {} });
      expect(declaredCompares(plainNames, compares)).toMatchObject([
        {
          ...{ id: 'schedule/targets/lake', partner: 'targets', name: 'lake', kind: 'compare', overlap: 'skip' },
          ...{ cron: ['0 6 * * *', '0 18 * * *'], paused: true },
        },
        { id: 'schedule/targets/twin', cron: ['30 3 * * 0'], timeZone: 'UTC', paused: false },
      ]);
      expect(compareDues(compares, Date.parse('2026-11-24T12:00:00Z'))).toEqual(new Map([['twin', 8 * DAY]]));
    });
  });

  test('no file is no schedule, and what is wrong is told by its place', async () => {
    await withFiles({}, async (dir) => expect(await loadCompares({ dir, env: {} })).toEqual(new Map()));
    const wrong = wanted.replace("'03:30'", "'3:30'").replace('0 18 * * *', '0 25 * * *');
    await withFiles({ 'targets.yaml': wrong }, async (dir) => {
      await expect(loadCompares({ dir, env: {} })).rejects.toThrow('targets.twin.compare.calendar.at');
    });
    await withFiles({ 'targets.yaml': wanted.replace('0 18 * * *', '0 25 * * *') }, async (dir) => {
      await expect(loadCompares({ dir, env: {} })).rejects.toThrow('targets.lake.compare.cron.1: expected five fields');
    });
  });
});
