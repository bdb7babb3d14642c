import { describe, expect, test } from '@jest/globals';
import type { AlertRow } from '../../core/alert.ts';
import { HOUR, MINUTE } from '../../core/duration.ts';
import { alertsFile, type AlertsInput } from '../../definitions/alerts.ts';
import { configuredFindings, isQuietDay } from '../../alerts/configured.ts';
import { dispatch, type Due, type Notice } from '../../alerts/dispatch.ts';
import { observeSchedules, observeUnserved, scheduleFacts, type SeenSchedule } from '../../alerts/observed.ts';

const nowMs = Date.parse('2026-11-24T06:00:00Z');
const ago = (ms: number): string => new Date(nowMs - ms).toISOString();
const channels = {
  team: { type: 'slack', url: 'https://slack.example/x' },
  duty: { type: 'pagerduty', routingKey: 'x' },
  mail: { type: 'email', smtp: 'smtp://mail.example', from: 'a@b', to: ['c@d'] },
  am: { type: 'alertmanager', url: 'http://am.example' },
} as const;
const alert = (id: number, more: Partial<AlertRow> = {}): AlertRow => ({
  id,
  rule: 'run-failed',
  severity: 'page',
  partner: 'acme',
  stream: `s${id}`,
  subject: null,
  since: ago(HOUR),
  openedAt: ago(HOUR),
  lastSeenAt: ago(0),
  resolvedAt: null,
  silenced: null,
  summary: '',
  meaning: '',
  whatToDo: '',
  runbook: '',
  ...more,
});
const silenced = { id: 1, by: 'ann', reason: 'known', until: ago(-HOUR) };
const toldAgo = (alertId: number, ms: number, more: Partial<Notice> = {}): Notice => ({
  alertId,
  channel: 'team',
  told: 'open',
  atMs: nowMs - ms,
  ...more,
});
function due(
  routes: AlertsInput['routes'],
  alerts: readonly AlertRow[],
  { notices = [], dead = [] }: { notices?: readonly Notice[]; dead?: readonly string[] } = {},
): readonly Omit<Due, 'groupKey'>[] {
  const found = dispatch(alertsFile.parse({ channels, routes }), { alerts, notices, dead, nowMs });
  return found.map(({ groupKey: _groupKey, ...rest }) => rest);
}
const team = [{ to: ['team'] }];
const news = (...alertIds: number[]): object => ({ channel: 'team', alertIds, cause: 'news' });

describe('who is told', () => {
  test('the first route that fits counts, and the next ones where it says so', () => {
    const routes = [
      { match: { severity: 'page' as const }, to: ['duty'], continue: true },
      { match: { partner: ['acme', 'globex'] }, to: ['team'] },
      { to: ['mail'] },
    ];
    const channelsOf = (one: AlertRow): readonly string[] => due(routes, [one]).map(({ channel }) => channel);
    expect(channelsOf(alert(1))).toEqual(['duty', 'team']);
    expect(channelsOf(alert(1, { severity: 'ticket', partner: 'other' }))).toEqual(['mail']);
    expect(channelsOf(alert(1, { partner: null }))).toEqual(['duty', 'mail']);
    expect(due([{ match: { stream: 's9*' }, to: ['team'] }], [alert(1)])).toEqual([]);
  });

  test('alerts of a group come in one message, others in another; PagerDuty gets one for each', () => {
    const alerts = [alert(1), alert(2), alert(3, { partner: 'globex' })];
    expect(due(team, alerts)).toEqual([news(1, 2), news(3)]);
    expect(due([{ to: ['team'], groupBy: [] }], alerts)).toEqual([news(1, 2, 3)]);
    expect(due([{ to: ['duty'] }], alerts)).toHaveLength(3);
  });

  test('a first message waits for others of its group', () => {
    const young = alert(1, { openedAt: ago(20_000) });
    expect(due(team, [young])).toEqual([]);
    expect(due([{ to: ['team'], wait: '10s' }], [young])).toEqual([news(1)]);
    expect(due(team, [young, alert(2)])).toEqual([news(1, 2)]);
  });

  test('nobody is told twice of the same, but again after a while', () => {
    expect(due(team, [alert(1)], { notices: [toldAgo(1, HOUR)] })).toEqual([]);
    expect(due(team, [alert(1)], { notices: [toldAgo(1, 4 * HOUR)] })).toEqual([{ ...news(1), cause: 'repeat' }]);
    expect(due(team, [alert(1), alert(2)], { notices: [toldAgo(1, HOUR)] })).toEqual([news(1, 2)]);
    // Alertmanager forgets what is not said again.
    const said = { notices: [toldAgo(1, 3 * MINUTE, { channel: 'am' })] };
    expect(due([{ to: ['am'] }], [alert(1)], said)).toEqual([{ channel: 'am', alertIds: [1], cause: 'repeat' }]);
  });

  test('that it is over hears whoever was told that it is there', () => {
    const over = alert(1, { resolvedAt: ago(MINUTE) });
    expect(due(team, [over])).toEqual([]);
    expect(due(team, [over], { notices: [toldAgo(1, HOUR)] })).toEqual([news(1)]);
    expect(due(team, [over], { notices: [toldAgo(1, HOUR, { told: 'resolved' })] })).toEqual([]);
    expect(due([{ to: ['team'], resolved: false }], [over], { notices: [toldAgo(1, HOUR)] })).toEqual([]);
  });

  test('of what is silenced nobody hears, and again once that has ended', () => {
    expect(due(team, [alert(1, { silenced }), alert(2)])).toEqual([news(2)]);
    expect(due(team, [alert(1, { silenced })], { notices: [toldAgo(1, 9 * HOUR)] })).toEqual([]);
    expect(due(team, [alert(1)], { notices: [toldAgo(1, 9 * HOUR)] })).toEqual([{ ...news(1), cause: 'repeat' }]);
  });

  test('what nobody has silenced for so long is told to others as well', () => {
    const routes = [{ to: ['team'], escalate: { after: '30m', to: ['duty'] } }];
    const notices = [toldAgo(1, 40 * MINUTE)];
    expect(due(routes, [alert(1, { openedAt: ago(20 * MINUTE) })], { notices })).toEqual([]);
    expect(due(routes, [alert(1)], { notices })).toEqual([{ channel: 'duty', alertIds: [1], cause: 'escalation' }]);
    expect(due(routes, [alert(1, { silenced })], { notices })).toEqual([]);
  });

  test('that a channel is dead is said by the others of the route, else by all that live', () => {
    const dead = alert(1, { rule: 'channel-dead', partner: null, stream: null, subject: 'team' });
    const channelsOf = (to: readonly string[]): readonly string[] =>
      due([{ to: [...to] }], [dead], { dead: ['team', 'am'] }).map(({ channel }) => channel);
    expect(channelsOf(['team', 'mail'])).toEqual(['mail']);
    expect(channelsOf(['team'])).toEqual(['duty', 'mail']);
  });
});

describe('what an installation says otherwise', () => {
  const found = { rule: 'rows-unusual', partner: 'acme', stream: 'orders', since: ago(0), summary: 'x' } as const;
  test.each([
    [[], 'ticket'],
    [[{ rule: 'rows-unusual', severity: 'page' as const }], 'page'],
    [[{ rule: '*-unusual', partner: 'globex', severity: 'off' as const }], 'ticket'],
    [
      [
        { rule: '*', severity: 'page' as const },
        { rule: '*', stream: ['orders'], severity: 'off' as const },
      ],
      undefined,
    ],
  ])('%j makes it %s', (rules, severity) => {
    const [finding] = configuredFindings([found], alertsFile.parse({ rules, runbooks: 'https://wiki.example/a' }));
    expect(finding?.severity).toBe(severity);
    expect(finding?.runbook ?? 'https://wiki.example/a#rows-unusual').toBe('https://wiki.example/a#rows-unusual');
  });

  test('quiet days are those of each year, or of one', () => {
    const settings = alertsFile.parse({ quietDays: ['12-25', '2026-04-03'] });
    expect(['2026-12-25', '2027-12-25', '2026-04-03'].map((day) => isQuietDay(day, settings))).toEqual([
      true,
      true,
      true,
    ]);
    expect(isQuietDay('2027-04-03', settings)).toBe(false);
  });
});

describe('what Temporal says', () => {
  const seen: SeenSchedule = {
    partner: 'acme',
    name: 'nightly',
    state: 'ok',
    declaredPaused: false,
    note: null,
    missed: 3,
    skipped: 0,
  };
  test('of times without a run counts what came since the last look, for a day', () => {
    const first = observeSchedules([], [seen], nowMs);
    expect(scheduleFacts(first)).toMatchObject([{ missed: null, since: ago(0) }]);
    const second = observeSchedules(first, [{ ...seen, missed: 5 }], nowMs + MINUTE);
    expect(scheduleFacts(second)).toMatchObject([{ missed: { slots: 2, since: ago(-MINUTE) }, since: ago(0) }]);
    const third = observeSchedules(second, [{ ...seen, missed: 6 }], nowMs + 2 * MINUTE);
    expect(scheduleFacts(third)).toMatchObject([{ missed: { slots: 3, since: ago(-MINUTE) } }]);
    expect(scheduleFacts(observeSchedules(third, [{ ...seen, missed: 6 }], nowMs + 25 * HOUR))).toMatchObject([
      { missed: null },
    ]);
    expect(scheduleFacts(observeSchedules(third, [{ ...seen, missed: 0 }], nowMs + 3 * MINUTE))).toMatchObject([
      { missed: { slots: 3 } },
    ]);
  });

  test('a pause is as old as it was first seen', () => {
    const first = observeSchedules([], [seen], nowMs - HOUR);
    const paused = observeSchedules(first, [{ ...seen, state: 'paused' }], nowMs);
    expect(observeSchedules(paused, [{ ...seen, state: 'paused' }], nowMs + HOUR)).toMatchObject([{ since: ago(0) }]);
  });

  test('a queue is unserved since it was first seen so', () => {
    const queue = { role: 'partner', name: 'acme', queue: 'partner.acme' } as const;
    const first = observeUnserved([], [queue], nowMs);
    expect(observeUnserved(first, [queue], nowMs + HOUR)).toEqual(first);
    expect(observeUnserved(observeUnserved(first, [], nowMs + HOUR), [queue], nowMs + 2 * HOUR)).toMatchObject([
      { since: ago(-2 * HOUR) },
    ]);
  });
});
