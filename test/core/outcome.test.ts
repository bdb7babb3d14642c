import { describe, expect, test } from '@jest/globals';
import { assert, constantFrom, nat, property, record, option, boolean, array } from 'fast-check';
import { balances, noCounts } from '../../core/counts.ts';
import { outcomes } from '../../core/names.ts';
import { outcomeOf, outcomeOfRun, reasonOfRun, replaceReason, type Evidence } from '../../core/outcome.ts';

const good: Evidence = {
  counts: { ...noCounts, fetched: 1000, inserted: 1000 },
  errorBudget: { count: 100, share: 0.01 },
  partnerTotal: null,
  distinct: null,
  fullListing: false,
  lastFetched: null,
  skipped: 0,
  pages: 10,
  notModified: false,
};
const held = (fetched: number, quarantined: number): Partial<Evidence> => ({
  counts: { ...noCounts, fetched, quarantined, inserted: fetched - quarantined },
});
const full = (fetched: number, lastFetched: number | null): Partial<Evidence> => ({
  ...held(fetched, 0),
  fullListing: true,
  lastFetched,
});

describe('outcomeOf', () => {
  test.each<[string, Partial<Evidence>, string, string[]]>([
    ['all fits', {}, 'ok', []],
    ['nothing came, of a stream that is no full listing', { ...held(0, 0), pages: 1 }, 'ok', []],
    ['as many came as the partner said', { partnerTotal: 1000 }, 'ok', []],
    ['more came than the partner said', { partnerTotal: 990 }, 'ok', []],
    ['some are in quarantine', held(1000, 10), 'partial', ['10 records are in quarantine']],
    [
      'more than the share',
      held(1000, 11),
      'failed',
      ['11 of 1000 records quarantined exceed the error budget of 1 %'],
    ],
    ['more than the count', held(100_000, 101), 'failed', ['101 quarantined records exceed the error budget of 100']],
    [
      'a small share',
      { ...held(1000, 5), errorBudget: { count: 100, share: 0.0025 } },
      'failed',
      ['5 of 1000 records quarantined exceed the error budget of 0.25 %'],
    ],
    [
      'no budget at all',
      { ...held(10, 1), errorBudget: { count: 0, share: 1 } },
      'failed',
      ['1 quarantined records exceed the error budget of 0'],
    ],
    [
      'the balance fails',
      { counts: { ...noCounts, fetched: 3, inserted: 2 } },
      'failed',
      ['the balance does not add up: this is a fault of Syncline, please report it'],
    ],
    [
      'most of a first reading replaced one another',
      { counts: { ...noCounts, fetched: 461, inserted: 3, updated: 458 }, sharedKeys: 'no' },
      'suspect',
      [
        '458 of 461 records replaced another one of the same key (no): where parents number their records alike, write include under parent, and put what it adds into the primaryKey',
      ],
    ],
    [
      'some that parents have in common changed meanwhile',
      { counts: { ...noCounts, fetched: 10, inserted: 5, updated: 5 }, sharedKeys: 'id' },
      'ok',
      [],
    ],
    [
      'most were changed since another reading',
      { counts: { ...noCounts, fetched: 10, inserted: 1, updated: 9 } },
      'ok',
      [],
    ],
    ['a listing that may go on', { doubt: 'there is more' }, 'suspect', ['there is more']],
    ['fewer than the partner said', { partnerTotal: 1001 }, 'suspect', ['the partner says 1001 records, 1000 came']],
    ['as many different ones as the partner said', { partnerTotal: 990, distinct: 990 }, 'ok', []],
    [
      'as many as the partner said, some of them twice',
      { partnerTotal: 1000, distinct: 990 },
      'suspect',
      ['the partner says 1000 records, 990 came (10 of them more than once)'],
    ],
    [
      'every call was skipped',
      { ...held(0, 0), pages: 2, skipped: 2 },
      'suspect',
      ['all 2 calls were skipped by a rule'],
    ],
    ['some calls were skipped', { skipped: 2 }, 'ok', []],
    ['a full listing is empty', full(0, 10), 'suspect', ['no record at all, 10 the last time']],
    ['a full listing shrank by more than half', full(4, 10), 'suspect', ['4 records, 10 the last time']],
    ['a full listing shrank by half', full(5, 10), 'ok', []],
    ['a full listing is empty the first time', full(0, null), 'ok', []],
    ['nothing has changed', { ...full(0, 10), notModified: true, partnerTotal: 10 }, 'ok', []],
    [
      'suspect goes before partial',
      { ...held(1000, 1), partnerTotal: 2000 },
      'suspect',
      ['the partner says 2000 records, 1000 came'],
    ],
  ])('%s', (_what, evidence, outcome, reasons) => {
    expect(outcomeOf({ ...good, ...evidence })).toEqual({ outcome, reasons });
  });

  test('is never ok when the balance fails or anything is in quarantine, and always says why', () => {
    const counts = record({ fetched: nat(9), inserted: nat(9), updated: nat(9), stale: nat(9), quarantined: nat(2) });
    const evidence = record({
      counts: counts.map((some) => ({ ...noCounts, ...some })),
      errorBudget: record({ count: nat(2), share: constantFrom(0, 0.5, 1) }),
      partnerTotal: option(nat(9)),
      distinct: option(nat(9)),
      fullListing: boolean(),
      lastFetched: option(nat(9)),
      skipped: nat(2),
      pages: nat(2),
      notModified: boolean(),
    });
    assert(
      property(evidence, (some) => {
        const { outcome, reasons } = outcomeOf(some);
        expect(balances(some.counts) || outcome === 'failed').toBe(true);
        expect(some.counts.quarantined === 0 || outcome !== 'ok').toBe(true);
        expect(reasons.length === 0).toBe(outcome === 'ok');
      }),
    );
  });
});

describe('outcomeOfRun', () => {
  test.each([
    [[], 'ok'],
    [['ok', 'ok'], 'ok'],
    [['failed'], 'failed'],
    [['failed', 'failed'], 'failed'],
    [['failed', 'ok'], 'partial'],
    [['partial', 'suspect'], 'partial'],
    [['suspect', 'deferred', 'ok'], 'suspect'],
    [['deferred', 'ok'], 'deferred'],
  ] as const)('of %j is %s', (streams, outcome) => {
    expect(outcomeOfRun(streams)).toBe(outcome);
  });

  test('is ok only when every stream is', () => {
    assert(
      property(array(constantFrom(...outcomes), { maxLength: 4 }), (streams) => {
        expect(outcomeOfRun(streams) === 'ok').toBe(streams.every((outcome) => outcome === 'ok'));
      }),
    );
  });
});

const settledOf = (settled: number, count: number): string => {
  const counts = { ...noCounts, fetched: 10, inserted: 7, quarantined: 3 };
  return outcomeOf({ ...good, counts, settled, errorBudget: { count, share: 1 } }).outcome;
};

test('records that were settled since count for no budget and no outcome', () => {
  expect([settledOf(0, 2), settledOf(1, 2), settledOf(2, 0), settledOf(3, 0)]).toEqual([
    'failed',
    'partial',
    'failed',
    'ok',
  ]);
});

describe('the reason of a run', () => {
  const [a, b] = [
    { stream: 'a', outcome: 'partial', reason: '3 records; of them some' },
    { stream: 'b', outcome: 'failed', reason: 'it is away' },
  ] as const;
  const ok = { stream: 'a', outcome: 'ok', reason: null } as const;
  test.each([
    ['the only one', [a], ok, null],
    ['the first', [a, b], ok, 'b failed: it is away'],
    ['the last', [b, a], ok, 'b failed: it is away'],
    ['one in between', [b, a, b], ok, 'b failed: it is away; b failed: it is away'],
    ['with another reason', [b, a], { ...a, reason: 'a $& record' }, 'b failed: it is away; a partial: a $& record'],
    ['one that it does not name', [b], ok, 'b failed: it is away'],
  ])('loses that of a stream that has ended otherwise since: %s', (_where, streams, after, expected) => {
    expect(replaceReason(reasonOfRun(streams), a, after)).toBe(expected);
  });
});
