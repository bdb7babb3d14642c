import { expect, test } from '@jest/globals';
import { RequestTally } from '../../activities/pull/request-tally.ts';
import type { StagedPage } from '../../core/staged.ts';

const writer = { workflowRunId: 'run', attempt: 1 };
const page = (pageKey: string): StagedPage => ({ pageKey, fetchedAt: `${pageKey} came` }) as StagedPage;

/** A grant that has made so many requests. */
function made(requests: number): RequestTally {
  const tally = new RequestTally(writer);
  for (let i = 0; i < requests; i++) tally.count();
  return tally;
}

test('what a commit has counted is not counted at the end', () => {
  const tally = made(2);
  expect(tally.forCommit([page('one')])).toBe(2);
  tally.committed(25);
  expect(tally.rest()).toBeUndefined();
  expect(tally.made).toBe(2);
});

test('what no commit was told of is handed over at the end, and only once', () => {
  const tally = made(3);
  expect(tally.rest()).toEqual({ requests: 3, unsure: [], writer });
  expect(tally.rest()).toBeUndefined();
});

test('a commit that failed, and one that took nothing, are named by their last pages', () => {
  const tally = made(2);
  tally.forCommit([page('one'), page('two')]);
  tally.committed(0);
  tally.count();
  tally.forCommit([page('three')]);
  tally.count();
  expect(tally.rest()).toEqual({
    requests: 1,
    unsure: [
      { pageKey: 'two', fetchedAt: 'two came', requests: 2 },
      { pageKey: 'three', fetchedAt: 'three came', requests: 1 },
    ],
    writer,
  });
});

test('a commit without a new request leaves those before it as unsure as they were', () => {
  const tally = made(1);
  tally.forCommit([page('one')]);
  tally.committed(0);
  tally.forCommit([page('two')]);
  tally.committed(25);
  expect(tally.rest()).toMatchObject({ requests: 0, unsure: [{ pageKey: 'one' }] });
});
