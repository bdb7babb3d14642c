import { describe, expect, test } from '@jest/globals';
import type {
  AlertFacts,
  CompareDueFacts,
  CompareFacts,
  ReconcileDueFacts,
  ReconcileFacts,
  StreamFacts,
} from '../../core/alert-facts.ts';
import { alertKey, type Finding } from '../../core/alert.ts';
import { checkMatch, matches } from '../../core/alert-silence.ts';
import { DAY, HOUR, MINUTE } from '../../core/duration.ts';
import { catalog, ruleNames, type RuleName } from '../../alerts/catalog.ts';
import { findingOf } from '../../alerts/find.ts';
import { judge } from '../../alerts/judge.ts';
import { settle } from '../../alerts/settle.ts';
import type { StandingAlert } from '../../core/alert.ts';

const nowMs = Date.parse('2026-11-24T06:00:00Z');
const ago = (ms: number): string => new Date(nowMs - ms).toISOString();

const calm: AlertFacts = {
  nowMs,
  streams: [],
  broken: [],
  approvals: [],
  limits: [],
  circuits: [],
  pauses: [],
  targets: [],
  webhooks: [],
  schedules: [],
  unserved: [],
  left: [],
  channels: [],
  unusual: [],
  reconciled: [],
  dues: [],
  failedJoins: [],
  compared: [],
  compareDues: [],
};
const orders: StreamFacts = {
  partner: 'acme',
  stream: 'orders',
  last: { outcome: 'ok', reason: null, finishedAt: ago(3 * HOUR) },
  promiseMs: 26 * HOUR,
  freshAt: ago(4 * HOUR),
  knownSince: ago(90 * DAY),
  overdue: null,
  quarantine: null,
  brokenRules: [],
};
const streamWith = (more: Partial<StreamFacts>): Partial<AlertFacts> => ({ streams: [{ ...orders, ...more }] });
const endedAs = (outcome: 'failed' | 'suspect' | 'partial' | 'deferred'): Partial<AlertFacts> =>
  streamWith({ last: { outcome, reason: 'because', finishedAt: ago(HOUR) } });
const quarantine = { held: 40, lastDay: 30, mostBefore: 2, since: ago(2 * HOUR) };
const unusual = (kind: AlertFacts['unusual'][number]['kind']): Partial<AlertFacts> => ({
  unusual: [
    {
      partner: 'acme',
      stream: 'orders',
      kind,
      at: ago(HOUR),
      value: 0.2,
      usual: 0.01,
      comparedWith: 'the last 8 Tuesdays',
    },
  ],
});
const limit = { partner: 'acme', bucket: 'daily', message: 'daily: 80 % used', raisedAt: ago(HOUR) };
const circuit = { partner: 'acme', since: ago(HOUR), error: 'answered 503' };
const pause = {
  partner: 'acme',
  target: 'acme',
  words: 'paused by ann',
  resume: 'syncline partners resume acme',
  at: ago(2 * DAY),
};
const lake = {
  target: 'lake',
  partner: 'acme',
  stream: 'orders',
  behind: 7,
  behindSince: ago(2 * HOUR),
  error: null,
  paused: false,
  changed: null,
};
const touched = { how: 'it is empty', at: ago(2 * DAY), anewAt: null };
const hook = {
  partner: 'acme',
  webhook: 'news',
  silentMs: 5 * HOUR,
  expectedMs: 2 * HOUR,
  declared: false,
  failedDeliveries: 0,
  failedHints: 0,
};
const schedule: AlertFacts['schedules'][number] = {
  partner: 'acme',
  name: 'nightly',
  state: 'ok',
  since: ago(2 * DAY),
  declaredPaused: false,
  note: null,
  missed: null,
  skipped: null,
};

const compared: ReconcileFacts = { partner: 'acme', stream: 'orders', differs: null, unproven: null, failed: null };
const ended = { id: 'reconcile/acme/orders/weekly-1', reason: 'the listing shrank', since: ago(HOUR) };
const due: ReconcileDueFacts = {
  partner: 'acme',
  stream: 'orders',
  schedule: 'weekly',
  withinMs: 8 * DAY,
  lastAt: ago(7 * DAY),
  knownSince: ago(90 * DAY),
  runningSince: null,
};

const twin: CompareFacts = { target: 'twin', partner: 'acme', stream: 'orders', differs: null, failed: null };
const twinDue: CompareDueFacts = {
  target: 'twin',
  partner: 'acme',
  stream: 'orders',
  withinMs: 2 * DAY,
  lastAt: ago(DAY),
  knownSince: ago(90 * DAY),
  doubt: null,
  runningSince: null,
};

/** Of each rule facts that it is about, and the nearest ones that it leaves alone. */
const cases: Record<RuleName, { readonly fires: Partial<AlertFacts>; readonly quiet: Partial<AlertFacts> }> = {
  'run-failed': { fires: endedAs('failed'), quiet: endedAs('suspect') },
  'run-suspect': { fires: endedAs('suspect'), quiet: endedAs('partial') },
  'run-partial': { fires: endedAs('partial'), quiet: endedAs('deferred') },
  'no-rows': { fires: unusual('no-rows'), quiet: unusual('rows') },
  'refusals-unusual': { fires: unusual('refusals'), quiet: unusual('rows') },
  'rows-unusual': { fires: unusual('rows'), quiet: unusual('no-rows') },
  'retries-unusual': { fires: unusual('retries'), quiet: unusual('rows') },
  'latency-unusual': { fires: unusual('latency'), quiet: unusual('rows') },
  'size-unusual': { fires: unusual('size'), quiet: unusual('rows') },
  'data-late': { fires: streamWith({ freshAt: ago(27 * HOUR) }), quiet: streamWith({ freshAt: ago(25 * HOUR) }) },
  'limit-near': {
    fires: { limits: [{ ...limit, level: 80 }] },
    quiet: {
      limits: [
        { ...limit, level: 80 },
        { ...limit, level: 100 },
      ],
    },
  },
  'limit-used-up': {
    fires: {
      limits: [
        { ...limit, level: 80 },
        { ...limit, level: 100 },
      ],
    },
    quiet: { limits: [{ ...limit, level: 80 }] },
  },
  'partner-down': { fires: { circuits: [circuit] }, quiet: { circuits: [{ ...circuit, since: ago(10 * MINUTE) }] } },
  'schedule-missed': {
    fires: { schedules: [{ ...schedule, missed: { slots: 1, since: ago(HOUR) } }] },
    quiet: { schedules: [schedule] },
  },
  'schedule-paused': {
    fires: { schedules: [{ ...schedule, state: 'paused' }] },
    quiet: {
      schedules: [
        { ...schedule, state: 'paused', declaredPaused: true },
        { ...schedule, state: 'paused', since: ago(HOUR) },
      ],
    },
  },
  'schedule-absent': { fires: { schedules: [{ ...schedule, state: 'absent' }] }, quiet: { schedules: [schedule] } },
  'paused-long': { fires: { pauses: [pause] }, quiet: { pauses: [{ ...pause, at: ago(HOUR) }] } },
  'deletes-held': {
    fires: {
      approvals: [
        { id: 3, partner: 'acme', stream: 'orders', gone: 400, of: 500, askedAt: ago(HOUR), until: ago(-HOUR) },
      ],
    },
    quiet: { approvals: [] },
  },
  'waiting-overdue': { fires: streamWith({ overdue: { records: 2, since: ago(DAY) } }), quiet: streamWith({}) },
  'quarantine-grows': {
    fires: streamWith({ quarantine }),
    quiet: {
      streams: [
        { ...orders, quarantine: { ...quarantine, mostBefore: 15 } },
        { ...orders, stream: 'refunds', quarantine: { ...quarantine, lastDay: 9 } },
      ],
    },
  },
  'rule-broken': { fires: streamWith({ brokenRules: [{ rule: 'one_reversal', places: 2 }] }), quiet: streamWith({}) },
  'reconcile-differs': {
    fires: { reconciled: [{ ...compared, differs: { ...ended, open: [['missing', 3]] } }] },
    quiet: { reconciled: [{ ...compared, unproven: ended }] },
  },
  'reconcile-unproven': {
    fires: { reconciled: [{ ...compared, unproven: ended }] },
    quiet: { reconciled: [{ ...compared, failed: ended }] },
  },
  'reconcile-failed': {
    fires: { reconciled: [{ ...compared, failed: ended }] },
    quiet: { reconciled: [compared] },
  },
  'reconcile-late': {
    fires: { dues: [{ ...due, lastAt: null, runningSince: ago(DAY) }] },
    quiet: { dues: [due, { ...due, lastAt: null, knownSince: ago(7 * DAY) }, { ...due, knownSince: ago(DAY) }] },
  },
  'join-failed': { fires: { failedJoins: [{ name: 'people', at: ago(HOUR) }] }, quiet: { failedJoins: [] } },
  'target-behind': {
    fires: { targets: [lake] },
    quiet: {
      targets: [
        { ...lake, behindSince: ago(HOUR / 2) },
        { ...lake, behindSince: null },
      ],
    },
  },
  'target-differs': {
    fires: {
      compared: [
        { ...twin, differs: { comparison: 4, counts: { missing: 2, extra: 0, different: 1 }, since: ago(HOUR) } },
      ],
    },
    quiet: { compared: [twin] },
  },
  'compare-failed': {
    fires: { compared: [{ ...twin, failed: { comparison: 4, reason: 'the file is away', at: ago(HOUR) } }] },
    quiet: { compared: [twin] },
  },
  'compare-late': {
    fires: { compareDues: [{ ...twinDue, lastAt: ago(3 * DAY) }] },
    quiet: {
      compareDues: [
        twinDue,
        { ...twinDue, lastAt: null, knownSince: ago(DAY) },
        { ...twinDue, lastAt: ago(9 * DAY), knownSince: ago(DAY) },
      ],
    },
  },
  'target-changed': {
    fires: { targets: [{ ...lake, behindSince: null, changed: touched }] },
    quiet: { targets: [{ ...lake, behindSince: null, changed: { ...touched, anewAt: ago(25 * HOUR) } }] },
  },
  'webhook-silent': {
    fires: { webhooks: [hook] },
    quiet: {
      webhooks: [
        { ...hook, silentMs: HOUR },
        { ...hook, expectedMs: null },
        { ...hook, silentMs: null },
      ],
    },
  },
  'webhook-failed': { fires: { webhooks: [{ ...hook, failedDeliveries: 1 }] }, quiet: { webhooks: [hook] } },
  'left-behind': {
    fires: {
      left: [
        { kind: 'stuck-run', place: 'acme.orders sync/acme/orders/1', firstAt: ago(15 * DAY) },
        { kind: 'stuck-run', place: 'acme.orders sync/acme/orders/2', firstAt: ago(14 * DAY) },
      ],
    },
    quiet: { left: [{ kind: 'stuck-run', place: 'acme.orders sync/acme/orders/3', firstAt: ago(13 * DAY) }] },
  },
  'workers-missing': {
    fires: { unserved: [{ role: 'partner', name: 'acme', queue: 'partner.acme', since: ago(HOUR) }] },
    quiet: { unserved: [] },
  },
  'definition-broken': {
    fires: { broken: [{ partner: 'acme', problem: 'acme.yaml:3:1: expected a text' }] },
    quiet: { broken: [] },
  },
  'channel-dead': {
    fires: { channels: [{ channel: 'team', since: ago(HOUR), attempts: 5, error: 'answered 500' }] },
    quiet: { channels: [] },
  },
};

const findingsOf = (facts: Partial<AlertFacts>): readonly Finding[] =>
  judge({ ...calm, ...facts }).map((found) => findingOf(found));

describe.each(ruleNames)('%s', (rule) => {
  test('fires, and says what, since when, what it means and what to do', () => {
    const [finding] = findingsOf(cases[rule].fires).filter((one) => one.rule === rule);
    expect(finding).toMatchObject({ rule, severity: catalog[rule].severity, runbook: `docs/alerts.md#${rule}` });
    expect(Date.parse(finding?.since ?? '')).toBeLessThanOrEqual(nowMs);
    for (const text of [finding?.summary, finding?.meaning, finding?.whatToDo]) {
      expect(text?.length).toBeGreaterThan(20);
      expect(text).not.toMatch(/undefined|null|NaN|\[object/);
    }
  });

  test('does not fire on what is only near', () => {
    expect(findingsOf(cases[rule].quiet).map((one) => one.rule)).not.toContain(rule);
  });
});

test('of calm facts nothing is said', () => {
  expect(findingsOf({ streams: [orders], schedules: [schedule] })).toEqual([]);
});

test('a stream that was never read is late from the day that it is known', () => {
  const never = { freshAt: null, last: null };
  expect(findingsOf(streamWith({ ...never, knownSince: ago(HOUR) }))).toEqual([]);
  expect(findingsOf(streamWith({ ...never, knownSince: ago(30 * HOUR) })).map(({ summary }) => summary)).toEqual([
    'acme.orders is late: no run of it has ended well yet, promised is 26h',
  ]);
});

describe('from one look to the next', () => {
  const finding = findingOf({ rule: 'workers-missing', subject: 'partner.acme', since: ago(0), summary: 'no worker' });
  const standing: StandingAlert = {
    id: 1,
    key: alertKey(finding),
    rule: finding.rule,
    partner: null,
    firstSeenMs: nowMs,
    openedMs: null,
    lastSeenMs: nowMs,
  };

  test('what must hold for five minutes opens after five', () => {
    expect(settle([], [finding], { nowMs: nowMs }).add).toEqual([{ key: standing.key, finding, opens: false }]);
    expect(settle([standing], [finding], { nowMs: nowMs + 4 * MINUTE }).keep).toEqual([
      { id: 1, finding, opens: false },
    ]);
    expect(settle([standing], [finding], { nowMs: nowMs + 5 * MINUTE }).keep).toEqual([
      { id: 1, finding, opens: true },
    ]);
  });

  test('what went before anybody was told is forgotten', () => {
    expect(settle([standing], [], { nowMs: nowMs + MINUTE })).toMatchObject({ drop: [1], resolve: [] });
  });

  test('what flickers stays one alert, and ends once it was gone for a while', () => {
    const open = { ...standing, openedMs: nowMs };
    expect(settle([open], [], { nowMs: nowMs + MINUTE })).toMatchObject({ drop: [], resolve: [], keep: [] });
    expect(settle([open], [], { nowMs: nowMs + 2 * MINUTE })).toMatchObject({ resolve: [1] });
  });

  test('of what could not be looked at nothing is concluded', () => {
    const open = { ...standing, openedMs: nowMs };
    const settled = settle([open, { ...standing, id: 2 }], [], { nowMs: nowMs + DAY, isKnown: () => false });
    expect(settled).toEqual({ add: [], keep: [], resolve: [], drop: [] });
  });

  test('an alert of a rule that is no more ends', () => {
    expect(settle([{ ...standing, rule: 'old-rule', openedMs: nowMs }], [], { nowMs: nowMs + 1 })).toMatchObject({
      resolve: [1],
    });
  });
});

describe('a silence', () => {
  const alert = { rule: 'rows-unusual', partner: 'acme', stream: 'orders', subject: null, severity: 'ticket' } as const;
  test.each([
    [{ partner: 'acme' }, true],
    [{ partner: 'acme', stream: 'refunds' }, false],
    [{ rule: '*-unusual', stream: 'ord*' }, true],
    [{ rule: 'rows.unusual' }, false],
    [{ severity: 'page' as const }, false],
    [{ key: 'rows-unusual/acme/orders/' }, true],
    [{ key: 'rows-unusual/acme/refunds/' }, false],
    [{ subject: 'lake' }, false],
  ])('%j fits: %s', (match, fits) => {
    expect(matches(match, alert)).toBe(fits);
  });

  test.each([[{}], [{ partner: '*' }], [{ rule: undefined }]])('of everything (%j) is refused', (match) => {
    expect(() => checkMatch(match)).toThrow('silence: expected an alert');
  });
});

test('names with a slash make no key of another alert', () => {
  const place = { rule: 'r', subject: null };
  expect(alertKey({ ...place, partner: 'a/b', stream: 'c' })).not.toBe(
    alertKey({ ...place, partner: 'a', stream: 'b/c' }),
  );
});
