import { describe, expect, test } from '@jest/globals';
import { checkPartner } from '../../definitions/check.ts';
import { clockWarnings } from '../../definitions/clock-warnings.ts';
import { declaredSchedules } from '../../definitions/declared-schedules.ts';
import { partner, type Partner, type PartnerInput } from '../../definitions/definition.ts';
import { dotted } from '../../definitions/problem.ts';
import { plainNames } from '../../messages/names.ts';

type ScheduleInput = NonNullable<PartnerInput['schedules']>[string];

const withSchedule = (nightly: ScheduleInput): Partner =>
  partner.parse({
    name: 'acme',
    baseUrl: 'https://api.example',
    streams: {
      orders: {
        path: '/orders',
        primaryKey: ['id'],
        schema: { type: 'object', properties: { id: { type: 'string' } } },
      },
    },
    schedules: { nightly },
  });
const problems = (nightly: ScheduleInput): string[] =>
  checkPartner(withSchedule(nightly)).map(({ path, says }) => `${dotted(path)}: ${says}`);
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
