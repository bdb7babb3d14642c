import { describe, expect, test } from '@jest/globals';
import { judgeRound, judgeUndisturbed, type RoundFacts, type StreamFacts } from '../../../cli/chaos/judge.ts';
import type { Arrival } from '../../../recordings/replay.ts';
import type { Recording } from '../../../recordings/recording.ts';

const content = (rows: number, hash = `of ${rows}`): StreamFacts['after'] => ({ rows, hash });
const facts = (stream: Partial<StreamFacts> = {}, round: Partial<RoundFacts> = {}): RoundFacts => ({
  ended: true,
  kills: 0,
  arrivals: [],
  streams: [
    {
      stream: 'orders',
      outcome: 'ok',
      reason: null,
      balanced: true,
      after: content(10),
      again: content(10),
      rewritten: 0,
      ...stream,
    },
  ],
  ...round,
});
const arrival = (atMs: number, fault: Arrival['fault'], unknown = false): Arrival => ({
  atMs,
  request: 'GET /orders',
  fault,
  unknown,
  isOrder: false,
});
const recorded = new Map([['orders', { records: 10, keyed: true, complete: true } as Recording]]);
const undisturbed = new Map([['orders', content(10)]]);
const says = (findings: readonly { readonly says: string }[]): readonly string[] => findings.map((one) => one.says);

describe('a run that nobody disturbed', () => {
  test.each<[string, RoundFacts, RegExp[]]>([
    ['all that was recorded', facts(), []],
    ['less', facts({ after: content(9) }), [/^10 different records were recorded, and the table has 9 rows/]],
    ['more', facts({ after: content(11) }), [/there more than once$/]],
    [
      'an outcome that is not ok',
      facts({ outcome: 'suspect', reason: 'why' }),
      [/^ends suspect without any fault: why$/],
    ],
    ['rows written anew', facts({ rewritten: 3 }), [/^the same sync again wrote 3 rows/]],
    ['no balance', facts({ balanced: false }), [/^does not balance/]],
    ['no end', facts({}, { ended: false }), [/^did not end in time$/]],
    [
      'an unknown request',
      facts({}, { arrivals: [arrival(0, undefined, true)] }),
      [/^asks for what was never recorded: GET/],
    ],
  ])('has %s', (_what, of, expected) => {
    const found = says(judgeUndisturbed(of, recorded));
    expect(found).toEqual(expected.map((each) => expect.stringMatching(each)));
  });

  test('is not compared with a recording that has no end', () => {
    const half = new Map([['orders', { records: 99, keyed: true, complete: false } as Recording]]);
    expect(judgeUndisturbed(facts(), half)).toEqual([]);
  });
});

describe('a round of faults', () => {
  const lied = { arrivals: [arrival(0, 'again')] };
  const changed = { arrivals: [arrival(0, 'field')] };
  test.each<[string, RoundFacts, RegExp[]]>([
    ['that came to the same', facts(), []],
    [
      'that lost records and says ok',
      facts({ after: content(9) }),
      [/^ended ok, but its table has 9 rows instead of 10$/],
    ],
    ['that has other values and says ok', facts({ after: content(10, 'x') }), [/has other values$/]],
    ['that lost records after a lie, and says so', facts({ after: content(9), outcome: 'suspect' }, lied), []],
    ['that lost records after a lie, and says ok', facts({ after: content(9) }, lied), [/^ended ok, but/]],
    [
      'that never gets well',
      facts({ after: content(9), again: content(9), outcome: 'suspect' }, lied),
      [/^a second run did not heal it/],
    ],
    ['that fails by what passes', facts({ outcome: 'failed', reason: 'why' }), [/each fault passes by itself: why$/]],
    ['that a second run spoils', facts({ again: content(11) }), [/^a second run spoiled the table: it has 11 rows/]],
    ['that wrote rows anew', facts({ rewritten: 3 }), [/^the same sync again wrote 3 rows/]],
    ['that wrote changed rows anew', facts({ rewritten: 3 }, changed), []],
  ])('%s', (_what, of, expected) => {
    expect(says(judgeRound(of, undisturbed))).toEqual(expected.map((each) => expect.stringMatching(each)));
  });

  test.each<[string, number, Arrival['fault'], RegExp[]]>([
    ['as often', 2, undefined, []],
    ['once more, for one is gone', 3, 'expired', []],
    ['once more', 3, 'reset', [/^ordered 3 export jobs instead of 2: one was ordered again under another key$/]],
  ])('orders export jobs %s', (_what, orders, fault, expected) => {
    const ordered = Array.from({ length: orders }, () => ({ ...arrival(0, undefined), isOrder: true }));
    const found = says(judgeRound(facts({}, { arrivals: [arrival(0, fault), ...ordered] }), undisturbed, 2));
    expect(found).toEqual(expected.map((each) => expect.stringMatching(each)));
  });

  test.each<[string, number, RegExp[]]>([
    ['at once', 20, []],
    ['before it was asked to', 400, [/^asked again 400 ms after a 429/]],
    ['when it was asked to', 1000, []],
  ])('asks again %s', (_what, atMs, expected) => {
    const arrivals = [arrival(0, 'throttle'), arrival(atMs, undefined)];
    const found = says(judgeRound(facts({}, { arrivals }), undisturbed));
    expect(found).toEqual(expected.map((each) => expect.stringMatching(each)));
  });
});
