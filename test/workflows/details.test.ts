import { expect, test } from '@jest/globals';
import type { BucketView, LimitsView } from '../../core/limits-view.ts';
import { noTally } from '../../core/backfill-tally.ts';
import { describeBackfill } from '../../workflows/backfill-details.ts';
import { describeLimits } from '../../workflows/details.ts';
import type { GovernorState } from '../../messages/govern-partner.ts';

const bucket: BucketView = {
  name: 'daily',
  kind: 'quota',
  counts: 'requests',
  periodMs: null,
  per: 'day',
  declared: 500,
  effective: 500,
  override: null,
  used: 400,
  left: 100,
  resetsAt: '2026-11-24T23:00:00.000Z',
  zone: 'Europe/Berlin',
  pacePerHour: 50,
  goneAt: '2026-11-24T20:00:00.000Z',
  hasFreeCalls: false,
};
const calm: LimitsView = {
  partner: 'acme',
  at: '2026-11-24T18:00:00.000Z',
  factor: 1,
  blocked: null,
  told: null,
  circuit: null,
  buckets: [bucket],
  alerts: [],
};
const state: GovernorState = {
  partner: 'acme',
  limits: calm,
  queue: { rate: 14, reason: 'syncline: rate of the definition', paused: null, foreign: false },
  pause: null,
  waits: null,
  runs: ['sync/acme/2026-11-24'],
  trouble: null,
};
/** As people see it: the table's padding is the UI's business. */
const shown = (change: Partial<GovernorState>): string =>
  describeLimits({ ...state, ...change }).replaceAll('\u00a0', '');

test('the governor shows each limit with its use, its reset and its forecast', () => {
  expect(shown({})).toBe(
    [
      '- Queue: 14.00 grants/s at most',
      '- Runs: sync/acme/2026-11-24',
      '',
      '| limit | used | of | left | resets | per hour | gone at |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      '| daily | 400 | 500perday | 100 | 2026-11-24T23:00Z | 50 | 2026-11-24T20:00Z |',
    ].join('\n'),
  );
});

test('columns in which no limit says anything are left out', () => {
  const rate = {
    ...bucket,
    name: 'rate',
    kind: 'rate',
    per: '1s',
    effective: 20,
    pacePerHour: null,
    goneAt: null,
    resetsAt: null,
  };
  expect(shown({ limits: { ...calm, buckets: [rate as BucketView] } })).toMatch(
    /\| limit \| of \|\n\| --- \| --- \|\n\| rate \| 20per1s \|$/,
  );
});

test('a backfill shows the outcomes that its windows had', () => {
  const state = {
    ...noTally,
    windows: 90,
    left: 20,
    ok: 69,
    failed: 1,
    rows: 5247,
    requests: 70,
    paused: false,
    running: [],
  };
  const text = describeBackfill({ ...state, estimate: { requests: null, ms: null, because: null } });
  expect(text.replaceAll('\u00a0', '')).toContain('| windows | ok | failed | left | records | requests |');
});

test('what stands in the way comes first', () => {
  const wait = { until: '2026-11-24T18:30:00.000Z', cause: 'answered 429' };
  const circuit = { state: 'open', since: '', openUntil: null, lastError: 'answered 503', advice: '' } as const;
  const alert = { bucket: 'daily', level: 80, message: 'daily: 80 % used', at: '2026-11-24T17:00:00.000Z' };
  const lines = shown({ limits: { ...calm, blocked: wait, factor: 0.7, circuit, alerts: [alert] }, pause: wait }).split(
    '\n',
  );
  expect(lines.slice(0, 6)).toEqual([
    '- **Nobody calls** until 2026-11-24T18:30:00.000Z: answered 429',
    '- **Queue paused** until 2026-11-24T18:30:00.000Z: answered 429',
    '- Queue: 14.00 grants/s at most',
    '- Speed: 70 % of the declared one after a throttled answer',
    '- Circuit **open**: answered 503',
    '- Alert of 2026-11-24T17:00Z: daily: 80 % used',
  ]);
});

test('a rate that a person has set is shown as theirs', () => {
  expect(shown({ queue: { rate: 0, reason: 'on fire', paused: null, foreign: true } })).toContain(
    '- Queue: 0.00 grants/s at most, set by a person, left alone: on fire',
  );
});

test('before the first look it says so', () => {
  expect(shown({ limits: null })).toBe('**Could not look yet**: just started');
});
