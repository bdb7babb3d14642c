import { describe, expect, test } from '@jest/globals';
import { readCheckpoint, start, writeCheckpoint, type Part } from '../../core/checkpoint.ts';
import type { NextPage } from '../../core/page.ts';
import { progress } from '../../core/progress.ts';
import { afterPage, begunAnew, checkpointOf, readingOf, withPart, type Reading } from '../../core/reading.ts';

const part = (parent: string, slice = 0): Part => ({ slice, parents: [parent], cursor: null });
const begun = (...parts: readonly Part[]): Reading => parts.reduce(withPart, readingOf(start));
/** As a new grant finds it. */
const again = (reading: Reading): Reading => readingOf(readCheckpoint(writeCheckpoint(checkpointOf(reading))));
const end: NextPage = { cursor: null, total: null };

/** One page of the partition at that place among the open ones. */
function page(
  reading: Reading,
  at: number,
  next: NextPage,
  { counted = false, mark = 'm', refused = '' }: { counted?: boolean; mark?: string | null; refused?: string } = {},
): Reading {
  const given = { next, mark, counted, refused: refused === '' ? undefined : refused };
  return afterPage(reading, reading.open[at] as Part, given).reading;
}

describe('a reading', () => {
  test('of a new run has begun nothing', () => {
    expect(readingOf(start)).toEqual({ open: [], begun: null, expected: null });
  });

  test('has partitions open beside each other, of which each goes on and ends by itself', () => {
    const three = begun(part('a'), part('b'), part('c'));
    const on = page(three, 1, { cursor: 'b2', total: null });
    expect(on.open.map(({ parents, cursor }) => [...parents, cursor])).toEqual([
      ['a', null],
      ['b', 'b2'],
      ['c', null],
    ]);
    const ended = page(on, 0, end);
    expect(again(ended)).toEqual(ended);
    expect(ended.open.map(({ parents }) => parents)).toEqual([['b'], ['c']]);
    expect(ended.begun).toEqual({ slice: 0, parents: ['c'] });
    // What is left alone was not begun last: the ones behind `c` are still to come.
    const alone = page(ended, 1, end);
    expect(again(alone)).toEqual(alone);
    expect(alone.begun).toEqual({ slice: 0, parents: ['c'] });
    expect(checkpointOf(page(alone, 0, end))).toMatchObject({ done: true });
  });

  test('of one partition is written as ever: older workers go on with it', () => {
    const one = page(begun(part('a')), 0, { cursor: 'a2', total: 7 }, { mark: 'x' });
    expect(writeCheckpoint(checkpointOf(one))).toBe(
      '{"slice":0,"parents":["a"],"cursor":"a2","stated":7,"last":{"mark":"x","times":1},"expected":null,"done":false}',
    );
    expect(again(one)).toEqual(one);
  });

  test('that was begun anew stands at its first page, with nothing of what was before, and says so from then on', () => {
    const kept = page(begun(part('a'), part('b')), 0, { cursor: 'a2', total: 7, keep: 'k' }, { mark: 'x' });
    const { reading, part: anew } = begunAnew(kept, kept.open[0] as Part);
    expect(reading.open).toEqual([{ slice: 0, parents: ['a'], cursor: null, restarts: 1 }, part('b')]);
    expect(reading.kept).toBeUndefined();
    expect(anew).toBe(reading.open[0]);
    const on = page(reading, 0, { cursor: 'a9', total: null });
    expect(again(on)).toEqual(on);
    expect(on.open[0]).toMatchObject({ cursor: 'a9', restarts: 1 });
    const alone = page(on, 1, end);
    // Nor does an older worker go on with it: its pages would have the keys of the first reading.
    expect(JSON.parse(writeCheckpoint(checkpointOf(alone)))).toMatchObject({ slice: null, parents: null });
  });

  test('keeps the last cursor that was named for the next run', () => {
    const one = page(begun(part('a')), 0, { cursor: 'a2', total: null, keep: 'k1' });
    const two = page(one, 0, { cursor: null, total: null });
    expect([one.kept, two.kept]).toEqual(['k1', 'k1']);
    expect(again(one)).toEqual(one);
    expect(again(two).kept).toBe('k1');
  });

  test('of several is written so that an older worker fails rather than forget one', () => {
    const text = writeCheckpoint(checkpointOf(begun(part('a'), part('b'))));
    expect(JSON.parse(text)).toMatchObject({ slice: null, parents: null, expected: null });
    expect(JSON.parse(text)).not.toHaveProperty('cursor');
  });

  test('keeps the first doubt about an end, over later partitions and from one worker to the next', () => {
    const first = page(begun(part('a')), 0, { ...end, doubt: 'there is more' });
    const second = page(withPart(first, part('b')), 0, { ...end, doubt: 'again' });
    expect(second.doubt).toBe('there is more');
    expect(checkpointOf(second)).toMatchObject({ done: true, doubt: 'there is more' });
    expect(page(begun(part('a')), 0, end)).not.toHaveProperty('doubt');
  });

  test('keeps a doubt about a page in the middle', () => {
    const doubt = 'an error beside the data';
    const second = again(page(begun(part('a')), 0, { cursor: 'a2', total: null, doubt }));
    expect(checkpointOf(page(second, 0, end))).toMatchObject({ done: true, doubt });
  });

  test('counts the refused calls, and keeps the words of the first', () => {
    const one = page(begun(part('a')), 0, end, { refused: 'gone' });
    const two = page(again(withPart(one, part('b'))), 0, end, { refused: 'renamed' });
    expect(checkpointOf(two)).toMatchObject({ done: true, refused: { count: 2, first: 'gone' } });
    expect(readCheckpoint(writeCheckpoint(checkpointOf(two))).refused).toEqual({ count: 2, first: 'gone' });
  });

  test.each([
    { name: 'counting: the largest total, since what is deleted moves the rest', counted: true, expected: 9 },
    { name: 'names of the next page: the last total', counted: false, expected: 8 },
  ])('expects, where pages are found by $name', ({ counted, expected }) => {
    const second = again(page(begun(part('a')), 0, { cursor: 'p2', total: 9 }, { counted }));
    expect(page(second, 0, { cursor: null, total: 8 }, { counted })).toMatchObject({ expected });
  });

  test('adds up what the partner states of partitions that have ended', () => {
    const two = page(page(begun(part('a'), part('b')), 0, { cursor: null, total: 3 }), 0, { cursor: null, total: 4 });
    expect(two.expected).toBe(7);
  });

  test('forgets with the partition what its pages were like, and keeps whether its parents are new', () => {
    const fresh = { ...part('a'), unread: true };
    const second = page(begun(fresh), 0, { cursor: 'a2', total: 2, beyond: true }, { mark: 'x' });
    expect(second.open[0]).toMatchObject({ unread: true, beyond: true, stated: 2, last: { mark: 'x', times: 1 } });
    const third = page(again(second), 0, { cursor: 'a3', total: null }, { mark: 'x' });
    expect(third.open[0]).toMatchObject({ unread: true, last: { mark: 'x', times: 2 } });
    expect(third.open[0]).not.toHaveProperty('beyond');
    expect(withPart(page(third, 0, end), part('b')).open).toEqual([part('b')]);
  });
});

/** Where a listing of so many pages, that begins with others once, is seen to go round. */
function seenAfter(lead: number, length: number): number {
  let reading = begun(part('a'));
  for (let no = 1; no < 100_000; no++) {
    const mark = no <= lead ? `lead ${no}` : `page ${(no - lead) % length}`;
    const seen = { pageNo: no, next: { cursor: String(no), total: null }, mark, full: true };
    if (progress(reading.open[0] as Part, seen, true).cursor === null) return no;
    reading = again(page(reading, 0, seen.next, { mark }));
  }
  throw new Error('not seen');
}

describe('pages that come round again', () => {
  test.each([
    [0, 2],
    [0, 3],
    [1, 2],
    [7, 5],
    [0, 64],
    [3, 100],
    [100, 3],
    [500, 333],
  ])('%i pages once, then %i for ever: seen after a few rounds', (lead, length) => {
    const no = seenAfter(lead, length);
    expect(no).toBeGreaterThanOrEqual(lead + 2 * length);
    expect(no).toBeLessThan(12 * (lead + length));
  });

  test('one that comes twice by chance goes round nowhere', () => {
    let reading = begun(part('a'));
    for (let no = 1; no < 200; no++) {
      const mark = no % 50 === 1 ? `twice ${Math.floor(no / 100)}` : `page ${no}`;
      const seen = { pageNo: no, next: { cursor: String(no), total: null }, mark, full: true };
      expect(progress(reading.open[0] as Part, seen, true).cursor).toBe(String(no));
      reading = page(reading, 0, seen.next, { mark });
    }
  });

  test('an empty page in between hides no repetition', () => {
    const one = page(begun(part('a')), 0, { cursor: 'a2', total: null }, { mark: 'x' });
    const empty = page(one, 0, { cursor: 'a3', total: null }, { mark: null });
    const seen = { pageNo: 3, next: { cursor: 'a4', total: null }, mark: 'x', full: true };
    expect(progress(empty.open[0] as Part, seen, true)).toMatchObject({ cursor: null, doubt: expect.any(String) });
  });
});
