import { beforeAll, expect, test } from '@jest/globals';
import { breakComparison, closeComparison } from '../../store/comparisons/close-comparison.ts';
import { noteSums, openComparison, type OpenedComparison } from '../../store/comparisons/open-comparison.ts';
import { usePool } from '../support/use-pool.ts';

const used = usePool();
let streamId: number;
beforeAll(async () => {
  const { rows } = await used.pool.query<{ stream_id: number }>(
    `insert into streams (partner, name, target_schema, target_table, disposition, definition_version)
      values ('acme', 'payments', 'acme', 'payments', 'merge', 'v') returning stream_id`,
  );
  streamId = rows[0]?.stream_id ?? 0;
});

// Each test has a target of its own.
const place = (target: string) => ({ target, partner: 'acme', stream: 'payments' });
const open = (target: string, runId: string): Promise<OpenedComparison> =>
  openComparison(used.pool, { ...place(target), streamId, runId });
const endsClean = (comparison: number): Promise<unknown> =>
  closeComparison(used.pool, {
    ...{ comparison, streamId, verdict: 'clean', reason: null, inFlight: 0, leftOut: 0, targetEvent: 1 },
    counts: { missing: 0, extra: 0, different: 0 },
    differences: [],
  });

async function states(target: string): Promise<unknown> {
  const { rows } = await used.pool.query<{ run_id: string; state: string; reason: string | null }>(
    'select run_id, state, reason from target_comparisons where target = $1 order by comparison',
    [target],
  );
  return rows.map(({ run_id: runId, state, reason }) => [runId, state, ...(reason === null ? [] : [reason])]);
}

test('one that nobody ended has failed when the next one of its table begins', async () => {
  await open('left', 'left 1');
  await open('left', 'left 2');
  await open('beside', 'beside 1');
  expect(await states('left')).toEqual([
    ['left 1', 'failed', 'it was interrupted'],
    ['left 2', 'running'],
  ]);
});

test('an attempt that was thought dead leaves the next comparison of its table as it is', async () => {
  const { comparison } = await open('next', 'next 1');
  await open('next', 'next 2');
  expect(await open('next', 'next 1')).toMatchObject({ comparison, state: 'failed', reason: 'it was interrupted' });
  await noteSums(used.pool, { comparison, storeRows: 1, targetRows: 0, buckets: [7] });
  expect(await endsClean(comparison)).toBeNull();
  await breakComparison(used.pool, { ...place('next'), runId: 'next 1', broken: 'cancelled' });
  expect(await states('next')).toEqual([
    ['next 1', 'failed', 'it was interrupted'],
    ['next 2', 'running'],
  ]);
});

test('one that is cancelled before it was recorded has failed for the attempt that comes later', async () => {
  await breakComparison(used.pool, { ...place('late'), runId: 'late 1', broken: 'cancelled' });
  await open('late', 'late 2');
  expect(await open('late', 'late 1')).toMatchObject({ state: 'failed', reason: 'cancelled' });
  expect(await states('late')).toEqual([
    ['late 1', 'failed', 'cancelled'],
    ['late 2', 'running'],
  ]);
});

test('one that is refused is listed where it was recorded, and only there', async () => {
  const refused = { ...place('refused'), broken: 'it is not written there', isRefused: true };
  await breakComparison(used.pool, { ...refused, runId: 'refused 1' });
  expect(await states('refused')).toEqual([]);
  await open('refused', 'refused 1');
  await breakComparison(used.pool, { ...refused, runId: 'refused 1' });
  expect(await states('refused')).toEqual([['refused 1', 'failed', 'it is not written there']]);
});

test('a workflow of an older version does not say which: it ends what goes on of its table', async () => {
  const { comparison } = await open('older', 'older 1');
  expect(await endsClean(comparison)).toBe('clean');
  await open('older', 'older 2');
  await breakComparison(used.pool, { ...place('older'), broken: 'cancelled' });
  expect(await states('older')).toEqual([
    ['older 1', 'done'],
    ['older 2', 'failed', 'cancelled'],
  ]);
});
