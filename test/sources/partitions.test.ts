import { describe, expect, test } from '@jest/globals';
import type { Begun } from '../../core/checkpoint.ts';
import { inBatches, partitions, readNamed, type ReadParents } from '../../sources/partitions.ts';

/** Parents in batches, as the warehouse gives them. */
const parentsOf =
  (values: readonly string[], batch: number): ReadParents =>
  async (after) => ({
    values: values.filter((value) => after === null || value > after).slice(0, batch),
    unread: false,
  });

async function allOf(slices: number, parents: ReadParents | undefined): Promise<string[]> {
  const { next } = partitions({ slices, parents });
  const found: string[] = [];
  let last: Begun | null = null;
  for (let part = await next(last); part !== undefined; part = await next(last)) {
    expect(part.cursor).toBeNull();
    found.push(`${part.slice} ${part.parents.join('+')}`.trim());
    last = { slice: part.slice, parents: part.parents };
  }
  return found;
}

describe('partitions', () => {
  test('of one slice without parents are one', async () => {
    expect(await allOf(1, undefined)).toEqual(['0']);
  });

  test('are each slice, and in each slice all batches of parents', async () => {
    expect(await allOf(3, undefined)).toEqual(['0', '1', '2']);
    expect(await allOf(2, parentsOf(['a', 'b', 'c'], 2))).toEqual(['0 a+b', '0 c', '1 a+b', '1 c']);
  });

  test('are none when there are no parents', async () => {
    expect(await allOf(3, parentsOf([], 2))).toEqual([]);
  });

  test('take in parents that come while the run goes on, and survive those that go', async () => {
    const values = ['a', 'c'];
    const { next } = partitions({ slices: 1, parents: async (after) => parentsOf(values, 1)(after) });
    const first = await next(null);
    values.splice(0, 2, 'b', 'd');
    expect(await next(first!)).toMatchObject({ parents: ['b'], cursor: null });
  });

  test('say of each batch of parents whether it was read before', async () => {
    const batches = [
      { values: ['a'], unread: false },
      { values: ['b'], unread: true },
    ];
    const { next } = partitions({ slices: 1, parents: async () => batches.shift()! });
    expect(await next(null)).toEqual({ slice: 0, parents: ['a'], cursor: null });
    expect(await next({ slice: 0, parents: ['a'] })).toEqual({ slice: 0, parents: ['b'], unread: true, cursor: null });
  });

  test('may be named by a source', async () => {
    expect(await allOf(1, readNamed(['us', 'us', 'eu', 'us']))).toEqual(['0 us', '0 eu']);
    expect(await allOf(2, readNamed(['us', 'eu']))).toEqual(['0 us', '0 eu', '1 us', '1 eu']);
  });
});

describe('parents', () => {
  test('are asked for a thousand at a time, and come in batches of one call', async () => {
    const values = Array.from({ length: 2500 }, (_, i) => String(i).padStart(4, '0'));
    const asked: string[] = [];
    const read = async (after: string | null, limit: number) => {
      asked.push(`${after} ${limit}`);
      return parentsOf(values, limit)(after);
    };
    const { next } = partitions({ slices: 1, parents: inBatches(3, read) });
    const found: string[] = [];
    for (let part = await next(null); part !== undefined; part = await next(part)) {
      expect(part.parents.length).toBe(found.length === 2499 ? 1 : 3);
      found.push(...part.parents);
    }
    expect(found).toEqual(values);
    expect(asked).toEqual(['null 999', '0998 999', '1997 999', '2499 999']);
  });

  test('are asked for again where a run goes on elsewhere', async () => {
    const asked: (string | null)[] = [];
    const parents = inBatches(1, async (after) => {
      asked.push(after);
      return { values: ['b', 'c'], unread: true };
    });
    expect(await parents('a')).toEqual({ values: ['b'], unread: true });
    expect(await parents('b')).toEqual({ values: ['c'], unread: true });
    expect(await parents('a')).toEqual({ values: ['b'], unread: true });
    expect(asked).toEqual(['a', 'a']);
  });
});
