import { expect, test } from '@jest/globals';
import type { FetchedPage } from '../../activities/pull/page-asked.ts';
import { PartReader, type TakenPage } from '../../activities/pull/part-reader.ts';
import { start } from '../../core/checkpoint.ts';

const cursors: Readonly<Record<string, string | null>> = { first: 'b', b: 'c', c: null };

test('a commit that is made while the reading looks for room is not slept through, though no other one follows', async () => {
  const taken: TakenPage[] = [];
  let committed = 0;
  const reader = new PartReader(
    {
      partitions: { next: async (after) => (after === null ? { slice: 0, parents: [], cursor: null } : undefined) },
      hasKey: true,
      counted: false,
      emptyPages: 10,
      signal: new AbortController().signal,
      mayGoOn: () => true,
      width: () => 1,
      room: () => {
        queueMicrotask(() => {
          committed = taken.length;
          reader.wake();
        });
        return 1;
      },
      committed: () => committed,
      sendsFirst: () => false,
      push: async (page) => taken.push(page) > 0,
      fetch: async ({ at }) => {
        const cursor = cursors[at.cursor ?? 'first'] ?? null;
        const page = { records: [1], next: { cursor, total: null }, mark: at.cursor, full: false };
        return { answer: { bytes: 1 }, foreseen: undefined, read: () => page } as unknown as FetchedPage;
      },
    },
    { checkpoint: start, text: '', page: 0, emptyPages: 0 },
  );
  expect(await reader.read()).toBe('done');
  expect(taken.map(({ part }) => part.cursor)).toEqual([null, 'b', 'c']);
});
