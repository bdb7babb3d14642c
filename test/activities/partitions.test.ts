import { describe, expect, test } from '@jest/globals';
import { partitions, type ReadParents } from '../../activities/pull/partitions.ts';
import { readCheckpoint, start, writeCheckpoint, type Checkpoint } from '../../core/checkpoint.ts';

/** Parents in batches, as the warehouse gives them. */
const parentsOf =
  (values: readonly string[], batch: number): ReadParents =>
  async (after) =>
    values.filter((value) => after === null || value > after).slice(0, batch);

/** Walks to the end with two pages per partition; each step goes through the checkpoint's text, as a new grant would. */
async function walk(slices: number, parents: ReadParents | undefined): Promise<{ calls: string[]; end: Checkpoint }> {
  const calls: string[] = [];
  const through = partitions({ slices, parents });
  let at = await through.begin(start);
  while (!at.done) {
    calls.push(`${at.slice} ${at.parents.join('+')} ${at.cursor ?? '-'}`);
    const next = at.cursor === null ? { cursor: 'p2', total: 99 } : { cursor: null, total: 10 };
    at = await through.begin(readCheckpoint(writeCheckpoint(await through.after(at, next))));
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
    const through = partitions({ slices: 1, parents: async (after) => parentsOf(values, 1)(after) });
    const first = await through.begin(start);
    values.splice(0, 2, 'b', 'd');
    const second = await through.after(first, { cursor: null, total: null });
    expect(second).toMatchObject({ parents: ['b'], cursor: null, expected: null });
  });

  test('keep the first doubt about an end, over later partitions and from one worker to the next', async () => {
    const through = partitions({ slices: 3, parents: undefined });
    const first = await through.after(start, { cursor: null, total: null, doubt: 'there is more' });
    const taken = readCheckpoint(writeCheckpoint(first));
    const second = await through.after(taken, { cursor: null, total: null });
    const third = await through.after(second, { cursor: null, total: null, doubt: 'again' });
    expect(third).toMatchObject({ done: true, doubt: 'there is more' });
    expect(await through.after(start, { cursor: null, total: null })).not.toHaveProperty('doubt');
  });

  test('begin where a checkpoint stands, not again', async () => {
    const at = { ...start, slice: 1, parents: ['b'], cursor: 'x' };
    expect(await partitions({ slices: 2, parents: parentsOf(['a', 'b'], 1) }).begin(at)).toEqual(at);
  });
});
