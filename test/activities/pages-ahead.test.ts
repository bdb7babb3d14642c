import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { FetchedPage } from '../../activities/pull/page-asked.ts';
import { PagesAhead, type Arrived } from '../../activities/pull/pages-ahead.ts';
import { start } from '../../core/checkpoint.ts';

/** A partner that answers when told to, each page naming the next one. */
function listing({ bytes = 1000, room = Infinity } = {}) {
  const asked: number[] = [];
  const withdrawn: number[] = [];
  let held: (() => void) | undefined;
  const ahead = new PagesAhead({
    signal: new AbortController().signal,
    mayAsk: (pageNo) => pageNo <= room,
    fetch: async ({ pageNo, signal, onSending }): Promise<FetchedPage> => {
      asked.push(pageNo);
      onSending();
      signal.addEventListener('abort', () => withdrawn.push(pageNo));
      if (pageNo === 3 && held === undefined) await new Promise<void>((resolve) => (held = resolve));
      return { answer: { bytes } as FetchedPage['answer'], foreseen: `page ${pageNo + 1}`, read: () => ({}) as never };
    },
  });
  return { ahead, asked, withdrawn, answerThird: () => held?.() };
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await turn();
};

test('pages are asked for one after the other, four ahead of the reading and no more', async () => {
  const { ahead, asked, answerThird } = listing();
  ahead.reads(1);
  const first = await ahead.from(start, 1);
  await settled();
  // One request at a time: the fourth waits for the third's answer.
  expect(asked).toEqual([1, 2, 3]);
  answerThird();
  await settled();
  expect(asked).toEqual([1, 2, 3, 4, 5]);
  const fifth = await following(first, 4);
  expect(fifth.foreseen).toBeUndefined();
});

test.each([
  ['a page of more than a megabyte', { bytes: 2 ** 21 }],
  ['no room in flight', { room: 2 }],
])('%s lets only the next one be asked for', async (_, given) => {
  const { ahead, asked } = listing(given);
  ahead.reads(1);
  await ahead.from(start, 1);
  await settled();
  expect(asked).toEqual([1, 2]);
});

test('what is dropped is withdrawn and leads to no more requests; what is asked for afterwards is not', async () => {
  const { ahead, asked, withdrawn, answerThird } = listing();
  ahead.reads(1);
  await ahead.from(start, 1);
  await settled();
  ahead.drop();
  expect(withdrawn).toContain(3);
  answerThird();
  await settled();
  expect(asked).toEqual([1, 2, 3]);
  await ahead.from(start, 2);
  await settled();
  expect(asked.slice(3)).toEqual([2, 3, 4, 5]);
});

async function following(page: Arrived, count: number): Promise<Arrived> {
  let at = page;
  for (let i = 0; i < count; i++) at = (await at.foreseen?.page) as Arrived;
  return at;
}
