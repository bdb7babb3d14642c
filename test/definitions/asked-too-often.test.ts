import { describe, expect, test } from '@jest/globals';
import { askedTooOften } from '../../definitions/asked-too-often.ts';
import { partner, type PartnerInput } from '../../definitions/definition.ts';

const hint = {
  until: '2026-01-01T01:00:00Z',
  everyMs: 3_600_000,
  says: 'the partner wants to be asked every 1h at most (X)',
};
const of = (schedules: PartnerInput['schedules']) =>
  partner.parse({
    name: 'acme',
    baseUrl: 'https://api.example',
    schedules,
    streams: { events: { path: '/e', schema: {} }, orders: { path: '/o', schema: {} } },
  });
const said = (schedules: PartnerInput['schedules']): readonly string[] =>
  askedTooOften(of(schedules), [{ stream: 'events', hint }], Date.parse('2026-01-01T00:00:00Z'));

describe('a schedule', () => {
  test('that asks oftener than the partner wants is told so', () => {
    expect(said({ often: { cron: '*/5 * * * *' } })).toEqual([
      'schedule acme/often asks for events every 5m, but the partner wants to be asked every 1h at most (X): its runs wait for that; ask less often',
    ]);
    // Three quarters of an hour, once a day.
    expect(said({ twice: { cron: ['0 3 * * *', '45 3 * * *'] } })).toHaveLength(1);
  });

  test.each<[string, PartnerInput['schedules']]>([
    ['as often as it wants', { hourly: { cron: '0 * * * *' } }],
    ['once a night', { nightly: { calendar: { at: '02:00' } } }],
    ['for other streams', { often: { cron: '*/5 * * * *', streams: ['orders'] } }],
  ])('that asks %s is not', (_, schedules) => {
    expect(said(schedules)).toEqual([]);
  });
});
