import { describe, expect, test } from '@jest/globals';
import { estimateLeft, requestsPerWindow, type Allowance } from '../../core/backfill-estimate.ts';
import {
  addWindow,
  leftOf,
  noTally,
  outcomeOfWindows,
  type BackfillTally,
  type EndedWindow,
} from '../../core/backfill-tally.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../core/duration.ts';
import type { Outcome } from '../../core/names.ts';
import { syncIdToRead, type WindowRun } from '../../core/window-runs.ts';
import { plainNames } from '../../messages/names.ts';

const window = '2026-01-01..2026-01-01';
const id = `sync/acme/orders/${window}`;
const run = (change: Partial<WindowRun>): WindowRun => ({
  window,
  syncId: id,
  runId: 'backfill/a',
  state: 'done',
  outcome: 'ok',
  ...change,
});
const failed = { state: 'failed', outcome: 'failed' } as const;

describe('a window', () => {
  const backfill = { partner: 'acme', stream: 'orders', runId: 'backfill/b', generation: 1 };
  const forced = { ...backfill, runId: 'backfill/b/g2', generation: 2 };

  test.each<[string, typeof backfill, readonly WindowRun[], string | null]>([
    ['that nobody read is read', backfill, [], id],
    ['that anybody finished is skipped', backfill, [run({ runId: 'sync/acme' })], null],
    ['with records in quarantine is finished', backfill, [run({ outcome: 'partial' })], null],
    ['that stopped on its way goes on under its id', backfill, [run(failed)], id],
    ['that runs is joined', backfill, [run({ state: 'running', outcome: null })], id],
    ['that was read to its end and failed is read anew', backfill, [run({ outcome: 'failed' })], `${id}/g2`],
    ['in doubt is read anew', backfill, [run({}), run({ outcome: 'suspect' })].slice(1), `${id}/g2`],
    [
      'goes on in its last generation',
      backfill,
      [run({ outcome: 'failed' }), run({ syncId: `${id}/g2`, ...failed })],
      `${id}/g2`,
    ],
    ['finished by another is read anew by a forced backfill', forced, [run({})], `${id}/g2`],
    ['stopped by another is read anew by a forced one', forced, [run(failed)], `${id}/g2`],
    [
      'finished by the forced one itself is skipped',
      forced,
      [run({}), run({ syncId: `${id}/g2`, runId: forced.runId })],
      null,
    ],
    [
      'stopped in the forced one goes on',
      forced,
      [run({}), run({ syncId: `${id}/g2`, runId: forced.runId, ...failed })],
      `${id}/g2`,
    ],
  ])('%s', (_, of, runs, syncId) => {
    expect(syncIdToRead(plainNames, of, window, runs)).toBe(syncId);
  });
});

const ended = (outcome: Outcome): EndedWindow => ({
  window,
  outcome,
  reason: 'x'.repeat(500),
  rows: 10,
  requests: 2,
  tookMs: 100,
});

const tallyOf = (...outcomes: Outcome[]): BackfillTally =>
  outcomes.reduce((tally, outcome) => addWindow(tally, ended(outcome)), noTally);

describe('the tally', () => {
  test('counts each window once, by its outcome', () => {
    expect(tallyOf('ok', 'failed', 'ok', 'partial', 'suspect')).toMatchObject({
      ok: 2,
      failed: 1,
      partial: 1,
      suspect: 1,
      rows: 50,
      requests: 10,
    });
    expect(leftOf({ ...tallyOf('ok', 'failed'), skipped: 3 }, 10)).toBe(5);
  });

  test('counts failures in a row', () => {
    expect(tallyOf('failed', 'failed').failuresInARow).toBe(2);
    expect(tallyOf('failed', 'failed', 'ok', 'failed').failuresInARow).toBe(1);
  });

  test('stays small however many windows fail', () => {
    const tally = tallyOf(...Array.from({ length: 1000 }, () => 'failed' as const));
    expect(tally.failed).toBe(1000);
    expect(JSON.stringify(tally).length).toBeLessThan(8000);
  });

  test.each<[readonly Outcome[], number, Outcome]>([
    [['ok'], 0, 'ok'],
    [[], 5, 'ok'],
    [['ok', 'failed'], 0, 'partial'],
    [['failed'], 0, 'failed'],
    [['failed'], 1, 'partial'],
    [['ok', 'partial'], 0, 'partial'],
    [['ok', 'suspect'], 0, 'suspect'],
  ])('of %j and %i skipped is %s', (outcomes, skipped, outcome) => {
    expect(outcomeOfWindows({ ...tallyOf(...outcomes), skipped })).toBe(outcome);
  });
});

describe('the time left', () => {
  const rate: Allowance = { name: 'rate', kind: 'rate', requests: 10, perMs: SECOND, share: 1 };
  const daily: Allowance = { name: 'daily', kind: 'quota', requests: 1000, perMs: DAY, share: 0.7 };
  const work = { windows: 100, requestsPerWindow: 20, msPerWindow: SECOND, allowances: [rate] };

  test.each<[string, Partial<typeof work>, object]>([
    ['the rate', {}, { requests: 2000, ms: 200 * SECOND, because: 'rate' }],
    ['the pace, where that is slower', { msPerWindow: MINUTE }, { ms: 100 * MINUTE, because: 'the pace so far' }],
    ['a quota by whole periods', { allowances: [rate, daily] }, { ms: DAY, because: 'daily' }],
    ['a quota that suffices not at all', { requestsPerWindow: 10, allowances: [daily] }, { ms: 100 * SECOND }],
    [
      'what is left of a quota now',
      { allowances: [{ ...daily, left: 100, resetsInMs: HOUR }] },
      { ms: HOUR + DAY, because: 'daily' },
    ],
  ])('follows %s', (_, change, estimate) => {
    expect(estimateLeft({ ...work, ...change })).toMatchObject(estimate);
  });

  test('is unknown while nothing is known', () => {
    const nothing = { ...work, requestsPerWindow: null, msPerWindow: null };
    expect(estimateLeft(nothing)).toEqual({ requests: null, ms: null, because: null });
  });
});

describe('what a window takes is known', () => {
  const none = { runs: 0, requests: 0, rangeMs: 0 };
  const alike = { runs: 4, requests: 10, rangeMs: 4 * DAY };
  const nights = { runs: 2, requests: 60, rangeMs: 60 * DAY };

  test.each([
    ['by runs over as long a time', { alike, any: nights }, DAY, 2.5],
    ['by the length of others', { alike: none, any: nights }, 7 * DAY, 7],
    ['as one request at the least', { alike: none, any: nights }, HOUR, 1],
  ])('%s', (_, past, windowMs, requests) => {
    expect(requestsPerWindow(past, windowMs)?.requests).toBe(requests);
  });

  test('not at all before the first run', () => {
    expect(requestsPerWindow({ alike: none, any: none }, DAY)).toBeNull();
  });
});
