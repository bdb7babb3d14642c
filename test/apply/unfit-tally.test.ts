import { describe, expect, test } from '@jest/globals';
import type { AppliedEvent, Taking } from '../../apply/changes-of.ts';
import { UnfitTally } from '../../apply/unfit-tally.ts';
import { noUnfit, withoutUnfit, type UnfitEvents } from '../../core/unfit-events.ts';

type Said = readonly [event: number, operation: 'u' | 'd' | 'unfit', key: string | null];

/** Each slice as a load decodes it. */
function tallied(
  taking: Taking,
  slices: readonly (readonly Said[])[],
  before = new UnfitTally(taking, noUnfit, new Map()),
) {
  for (const slice of slices)
    before.take({
      applied: slice.flatMap(([event, operation, key]) =>
        operation === 'unfit' ? [] : [{ event, operation, key } as AppliedEvent],
      ),
      unfit: slice.flatMap(([event, operation, key]) =>
        operation === 'unfit' ? [{ event, key, path: 'text', reason: 'must be string' }] : [],
      ),
    });
  return before.unfit;
}

const cases: readonly (readonly [string, Taking, readonly (readonly Said[])[], readonly number[]])[] = [
  ['nothing', 'newest', [[[1, 'u', 'a']]], []],
  [
    'one',
    'newest',
    [
      [
        [1, 'unfit', 'a'],
        [2, 'u', 'b'],
      ],
    ],
    [1],
  ],
  [
    'a newer record of the key in the same load',
    'newest',
    [
      [
        [1, 'unfit', 'a'],
        [2, 'u', 'a'],
      ],
    ],
    [],
  ],
  ['a newer record of the key in a later one', 'newest', [[[1, 'unfit', 'a']], [[2, 'u', 'b']], [[3, 'u', 'a']]], []],
  [
    'an older record of the key',
    'newest',
    [
      [
        [1, 'u', 'a'],
        [2, 'unfit', 'a'],
      ],
    ],
    [2],
  ],
  ['a newer one that fits no longer either', 'newest', [[[1, 'unfit', 'a']], [[2, 'unfit', 'a']]], [1, 2]],
  ['a key that is gone', 'newest', [[[1, 'unfit', 'a']], [[2, 'd', 'a']]], []],
  ['each event a row: a newer one of the key is another row', 'each', [[[1, 'unfit', 'a']], [[2, 'u', 'a']]], [1]],
  ['each event a row: its key is gone', 'each', [[[1, 'unfit', 'a']], [[2, 'd', 'a']]], []],
  ['no key', 'each', [[[1, 'unfit', null]], [[2, 'u', null]]], [1]],
  [
    'the same event in a load that is done again',
    'newest',
    [
      [
        [1, 'u', 'a'],
        [2, 'unfit', 'a'],
      ],
      [
        [1, 'u', 'a'],
        [2, 'unfit', 'a'],
      ],
    ],
    [2],
  ],
];

describe('what a table lacks', () => {
  test.each(cases)('%s', (_what, taking, slices, events) => {
    const unfit = tallied(taking, slices);
    expect(unfit).toEqual({
      count: events.length,
      first: events.map((event) => ({ event, path: 'text', reason: 'must be string' })),
      events,
    });
  });

  test('a load of a listing that came earlier, and took effect later, stands for it', () => {
    const noted = tallied('listed', [
      [
        [9, 'unfit', 'a'],
        [10, 'unfit', 'b'],
      ],
    ]);
    const tally = new UnfitTally(
      'listed',
      noted,
      new Map([
        [9, 'a'],
        [10, 'b'],
      ]),
    );
    expect(tallied('listed', [[[5, 'u', 'a']]], tally)).toMatchObject({ count: 1, events: [10] });
    tally.clear();
    expect(tally.unfit).toEqual(noUnfit);
  });

  test('no key of a record, nor what it says, is in the note', () => {
    expect(JSON.stringify(tallied('newest', [[[1, 'unfit', 'secret']]]))).not.toContain('secret');
  });

  test('more than can be told apart are counted', () => {
    const many = Array.from({ length: 700 }, (_, i): Said => [i + 1, 'unfit', `k${i + 1}`]);
    const noted: UnfitEvents = tallied('newest', [many]);
    expect(noted).toMatchObject({ count: 700, first: { length: 10 }, events: { length: 500 } });
    const left = withoutUnfit(noted, new Set(noted.events.slice(0, 495)));
    expect(left).toMatchObject({ count: 205, events: [496, 497, 498, 499, 500] });
    expect(left.first.map(({ event, path }) => [event, path])).toEqual([496, 497, 498, 499, 500].map((n) => [n, '']));
  });
});
