import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { HOUR } from '../../core/duration.ts';
import type { AlertRow } from '../../core/alert.ts';
import type { StreamStatus } from '../../store/inspect/stream-status.ts';
import { troublesOfStanding, troublesOfWebhooks } from '../../ui/facts/partner-troubles.ts';
import { troublesOf, type StreamFacts } from '../../ui/facts/stream-troubles.ts';
import { readShown } from '../../ui/facts/shown-of-definition.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { grouped, inOrder, type Trouble } from '../../ui/facts/trouble.ts';

const NOW = Date.parse('2026-11-30T12:00:00Z');
const ago = (hours: number): string => new Date(NOW - hours * HOUR).toISOString();

const well: StreamStatus = {
  partner: 'acme',
  stream: 'payments',
  table: 'acme.payments',
  lastOutcome: 'ok',
  lastReason: null,
  lastFinishedAt: ago(5),
  lastRun: 'sync/acme/2026-11-30',
  running: false,
  openRun: null,
  deferredUntil: null,
  deferredCause: null,
  deferredKind: null,
  freshAt: ago(6),
  watermark: null,
  events: 100,
  waiting: 0,
  overdue: 0,
  quarantined: 0,
  blockedUntil: null,
  undone: null,
};

const factsOf = (status: Partial<StreamStatus>, more: Partial<StreamFacts> = {}): StreamFacts => ({
  status: { ...well, ...status },
  freshness: null,
  lastRun: status.lastRun ?? well.lastRun,
  notOk: null,
  broken: [],
  approval: null,
  targets: [],
  differing: [],
  schedules: ['nightly'],
  nowMs: NOW,
  ...more,
});

const late = (hours: number | null) => ({
  promiseMs: 26 * HOUR,
  freshAt: hours === null ? null : ago(hours),
  ageMs: hours === null ? null : hours * HOUR,
  late: true,
});

describe('what a person should look at of a stream', () => {
  test('is nothing where it is fresh and its last run was ok', () => {
    expect(troublesOf(factsOf({}))).toEqual([]);
  });

  test('a late one says since when by its promise, and how its last run ended', () => {
    const [trouble, ...others] = troublesOf(
      factsOf({ lastOutcome: 'failed', lastReason: 'answered 500' }, { freshness: late(31) }),
    );
    expect(others).toEqual([]);
    expect(trouble).toEqual({
      level: 'bad',
      kind: 'late',
      partner: 'acme',
      stream: 'payments',
      what: 'Late: its data is 31h old, promised is 26h',
      why: 'the last run ended as failed: answered 500',
      since: ago(5),
      run: 'sync/acme/2026-11-30',
      todo: {
        says: 'Mend the cause, and read it again: it goes on from where it stands.',
        command: 'syncline runs retry sync/acme/2026-11-30 --stream payments',
      },
    });
  });

  test.each([
    [{ lastOutcome: 'failed', lastReason: 'answered 401' }, {}, /failed: answered 401/, /credentials/, 'runs retry'],
    [
      { running: true, openRun: 'sync/acme/2026-11-29' },
      {},
      /a run is under way/,
      /Wait/,
      'syncline runs show sync/acme/2026-11-29',
    ],
    [
      { deferredUntil: ago(-1), deferredCause: 'waiting for the limit: daily', deferredKind: 'limit' },
      {},
      /waits until 2026-11-30 13:00 UTC: waiting for the limit: daily/,
      /by itself/,
      'syncline limits show acme',
    ],
    [{ deferredUntil: ago(-1), deferredKind: 'paused' }, {}, /waits until/, /Resume/, 'partners resume acme'],
    [{ deferredUntil: ago(-1), deferredKind: 'approval' }, {}, /waits until/, /Approve/, 'approvals list acme'],
    [{}, { schedules: [] }, /no schedule of its definition reads it/, /schedule/, 'syncline sync acme payments'],
    [{}, {}, /though the schedule nightly reads it/, /paused.*workers/, 'syncline schedule list acme'],
    [{}, { schedules: null }, /definition is not known/, /definition/, 'syncline sync acme payments'],
    [{ lastFinishedAt: null, lastOutcome: null }, {}, /no run of it has ended yet/, /./, 'schedule list'],
  ] as const)(
    'of a late one that is %j, why and what to do follow from what keeps it',
    (status, more, why, says, command) => {
      const [trouble] = troublesOf(factsOf(status, { freshness: late(31), ...more }));
      expect(trouble?.why).toMatch(why);
      expect(trouble?.todo.says).toMatch(says);
      expect(trouble?.todo.command).toContain(command);
    },
  );

  test('one that was never read has no time since when', () => {
    expect(troublesOf(factsOf({}, { freshness: late(null) }))[0]).toMatchObject({ since: null, kind: 'late' });
  });

  test('a quiet 400 is told with the run it began with', () => {
    const reason = '12 calls were refused for good: answered 400';
    const [trouble] = troublesOf(
      factsOf({ lastOutcome: 'partial', lastReason: reason }, { notOk: { since: ago(72), runs: 4 } }),
    );
    expect(trouble).toMatchObject({
      level: 'warning',
      kind: 'partial',
      what: 'Some records did not come through, 4 runs in a row',
      why: reason,
      since: ago(72),
      todo: { command: 'syncline runs retry sync/acme/2026-11-30 --stream payments' },
    });
  });

  test('records in quarantine lead to them', () => {
    const [trouble] = troublesOf(
      factsOf({ lastOutcome: 'partial', lastReason: '3 of 100 records quarantined', quarantined: 3 }),
    );
    expect(trouble?.todo.command).toBe('syncline quarantine list acme payments');
  });

  test('each further thing is told by itself, the worst first', () => {
    const found = troublesOf(
      factsOf(
        {
          lastOutcome: 'suspect',
          lastReason: 'half of the rows are gone',
          waiting: 7,
          overdue: 2,
          undone: { run: 'r', isBack: false },
        },
        {
          broken: [{ rule: 'balance', places: 2 }],
          targets: [
            { target: 'lake', behind: 3, behindSince: ago(1), error: null },
            { target: 'dwh', behind: 0, behindSince: null, error: 'disk full' },
            { target: 'fine', behind: 0, behindSince: null, error: null },
          ],
          differing: [
            {
              ...{ target: 'twin', partner: 'acme', stream: 'orders', of: 'orders', comparison: 7, since: ago(5) },
              ...{ missing: 2, extra: 0, different: 1 },
            },
          ],
        },
      ),
    );
    expect(inOrder(found).map(({ kind, level }) => `${kind} ${level}`)).toEqual([
      'suspect bad',
      'rules bad',
      'target bad',
      'target bad',
      'overdue warning',
      'target note',
      'undone note',
    ]);
  });
});

test('what stands in the way of a partner is told once, and not for each stream', () => {
  const found = troublesOfStanding({
    partner: 'acme',
    blocked: { until: ago(-1), cause: 'answered 429' },
    circuit: { state: 'open', since: ago(2), until: ago(-1), lastError: 'answered 502' },
    quotas: [{ bucket: 'daily', level: 100, message: 'daily: used up', at: ago(1) }],
  });
  expect(found.map(({ kind, level, stream }) => [kind, level, stream])).toEqual([
    ['down', 'bad', null],
    ['blocked', 'note', null],
    ['quota', 'warning', null],
  ]);
  expect(found.every(({ todo, why }) => todo.says !== '' && why !== null)).toBe(true);
});

test('a definition whose limits depend on variables is shown, though the pages have none', async () => {
  const folder = await temporaryFolder();
  const definition = {
    name: 'acme',
    baseUrl: '${URL}',
    limits: { rate: '${RATE}' },
    streams: { orders: { path: '/' } },
  };
  await writeFile(join(folder.path, 'acme.yaml'), JSON.stringify(definition));
  expect((await readShown('acme', folder.path)).partner).toMatchObject({ name: 'acme', streams: { orders: {} } });
  await folder.remove();
});

test('of open alerts the overview shows those of webhooks: nothing else there asks about them', () => {
  const alert = (rule: string): AlertRow => ({
    ...{
      id: 1,
      rule,
      severity: 'ticket',
      partner: 'acme',
      stream: null,
      subject: 'changes',
      since: ago(9),
      openedAt: ago(8),
    },
    ...{ lastSeenAt: ago(0), resolvedAt: null, silenced: null, runbook: 'docs/alerts.md' },
    ...{ summary: 'nothing has come by the webhook changes', meaning: 'no calls', whatToDo: 'ask acme' },
  });
  expect(troublesOfWebhooks([alert('webhook-silent'), alert('run-failed')])).toEqual([
    {
      ...{ partner: 'acme', stream: null, run: null, level: 'warning', kind: 'webhook', since: ago(9) },
      ...{
        what: 'Nothing has come by the webhook changes',
        why: 'no calls',
        todo: { says: 'ask acme', command: null },
      },
    },
  ]);
});

const one = (partner: string, stream: string): Trouble => ({
  ...(troublesOf(factsOf({ partner, stream }, { freshness: late(31) }))[0] as Trouble),
});

test('many streams of a partner in one trouble are one line, a few are a line each', () => {
  const names = ['a', 'b', 'c', 'd'];
  const groups = grouped([
    ...names.map((name) => one('acme', name)),
    ...names.slice(1).map((name) => one('demo', name)),
  ]);
  expect(groups.map(({ first, streams }) => [first.partner, streams])).toEqual([
    ['acme', names],
    ['demo', ['b']],
    ['demo', ['c']],
    ['demo', ['d']],
  ]);
});
