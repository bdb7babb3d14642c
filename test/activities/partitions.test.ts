import { describe, expect, test } from '@jest/globals';
import { partitions, type ReadParents } from '../../activities/pull/partitions.ts';
import { readCheckpoint, start, writeCheckpoint, type Checkpoint } from '../../core/checkpoint.ts';

/** Parents in batches, as the warehouse gives them. */
const parentsOf =
  (values: readonly string[], batch: number): ReadParents =>
  async (after) => ({
    values: values.filter((value) => after === null || value > after).slice(0, batch),
    unread: false,
  });

/** Walks to the end with two pages per partition; each step goes through the checkpoint's text, as a new grant would. */
async function walk(slices: number, parents: ReadParents | undefined): Promise<{ calls: string[]; end: Checkpoint }> {
  const calls: string[] = [];
  const through = partitions({ slices, parents, counted: false });
  let at = await through.begin(start);
  while (!at.done) {
    calls.push(`${at.slice} ${at.parents.join('+')} ${at.cursor ?? '-'}`);
    const next = at.cursor === null ? { cursor: 'p2', total: 99 } : { cursor: null, total: 10 };
    at = await through.begin(readCheckpoint(writeCheckpoint(await through.after(at, next, null))));
  }
  return { calls, end: at };
}

describe('partitions', () => {
  test('of one slice without parents are one', async () => {
    const { calls, end } = await walk(1, undefined);
    expect(calls).toEqual(['0  -', '0  p2']);
    expect(end).toMatchObject({ done: true, expected: 10 });
  });

  test('are each slice, and in each slice all batches of parents', async () => {
    const { calls, end } = await walk(2, parentsOf(['a', 'b', 'c'], 2));
    expect(calls).toEqual(['0 a+b -', '0 a+b p2', '0 c -', '0 c p2', '1 a+b -', '1 a+b p2', '1 c -', '1 c p2']);
    expect(end.expected).toBe(40);
  });

  test('are none when there are no parents', async () => {
    expect(await walk(3, parentsOf([], 2))).toEqual({ calls: [], end: { ...start, done: true } });
  });

  test('take in parents that come while the run goes on, and survive those that go', async () => {
    const values = ['a', 'c'];
    const through = partitions({ slices: 1, counted: false, parents: async (after) => parentsOf(values, 1)(after) });
    const first = await through.begin(start);
    values.splice(0, 2, 'b', 'd');
    const second = await through.after(first, { cursor: null, total: null }, null);
    expect(second).toMatchObject({ parents: ['b'], cursor: null, expected: null });
  });

  test('keep the first doubt about an end, over later partitions and from one worker to the next', async () => {
    const through = partitions({ slices: 3, parents: undefined, counted: false });
    const first = await through.after(start, { cursor: null, total: null, doubt: 'there is more' }, null);
    const taken = readCheckpoint(writeCheckpoint(first));
    const second = await through.after(taken, { cursor: null, total: null }, null);
    const third = await through.after(second, { cursor: null, total: null, doubt: 'again' }, null);
    expect(third).toMatchObject({ done: true, doubt: 'there is more' });
    expect(await through.after(start, { cursor: null, total: null }, null)).not.toHaveProperty('doubt');
  });

  test('begin where a checkpoint stands, not again', async () => {
    const at = { ...start, slice: 1, parents: ['b'], cursor: 'x' };
    expect(await partitions({ slices: 2, parents: parentsOf(['a', 'b'], 1), counted: false }).begin(at)).toEqual(at);
  });

  test.each([
    { name: 'counting: the largest total, since what is deleted moves the rest', counted: true, expected: 9 },
    { name: 'names of the next page: the last total', counted: false, expected: 8 },
  ])('expect, where pages are found by $name', async ({ counted, expected }) => {
    const through = partitions({ slices: 1, parents: undefined, counted });
    const second = await through.after(start, { cursor: 'p2', total: 9 }, 'a');
    const end = await through.after(readCheckpoint(writeCheckpoint(second)), { cursor: null, total: 8 }, 'b');
    expect(end).toMatchObject({ done: true, expected });
  });

  test('keep a doubt about a page in the middle', async () => {
    const through = partitions({ slices: 1, parents: undefined, counted: false });
    const second = await through.after(start, { cursor: 'p2', total: null, doubt: 'an error beside the data' }, 'a');
    expect(await through.after(second, { cursor: null, total: null }, 'b')).toMatchObject({
      done: true,
      doubt: 'an error beside the data',
    });
  });

  test('say of each batch of parents whether it was read before, and forget with the partition what its pages were like', async () => {
    const batches = [
      { values: ['a'], unread: false },
      { values: ['b'], unread: true },
      { values: [], unread: false },
    ];
    const through = partitions({ slices: 1, parents: async () => batches.shift()!, counted: true });
    const a = await through.begin(start);
    expect(a).not.toHaveProperty('unread');
    const a2 = await through.after(a, { cursor: '2', total: 2, beyond: true }, 'x');
    expect(a2).toMatchObject({ beyond: true, stated: 2, last: { mark: 'x', times: 1 } });
    const b = await through.after(a2, { cursor: null, total: 2 }, 'y');
    expect(b).toEqual({ slice: 0, parents: ['b'], unread: true, cursor: null, expected: 2, done: false });
    expect(await through.after(b, { cursor: '2', total: null }, 'x')).toMatchObject({ unread: true });
    expect(await through.after(b, { cursor: null, total: null }, 'x')).toMatchObject({ done: true, expected: 2 });
  });
});
