import { expect, test } from '@jest/globals';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { breakComparison, closeComparison } from '../../store/comparisons/close-comparison.ts';
import { openComparison, type OpenedComparison } from '../../store/comparisons/open-comparison.ts';
import { listComparisons } from '../../store/comparisons/read-comparisons.ts';
import { aStream, order, runAll } from '../landing/run-of.ts';
import { usePool } from '../support/use-pool.ts';

const used = usePool();

test('what a process that was frozen says of an earlier comparison leaves the later ones of its table', async () => {
  const { pool } = used;
  const stream = aStream();
  await runAll(postgresWarehouse(pool), stream, [[order('a', 1)]]);
  const { rows } = await pool.query<{ id: number }>('select stream_id as id from streams where partner = $1', [
    stream.partner.name,
  ]);
  const streamId = rows[0]?.id as number;
  const place = { target: 'lake', partner: stream.partner.name, stream: stream.name };
  const open = (runId: string): Promise<OpenedComparison> => openComparison(pool, { ...place, streamId, runId });
  const states = async (): Promise<readonly string[]> =>
    (await listComparisons(pool, { limit: 9 })).map(({ state }) => state).toReversed();

  const first = await open('one');
  // One that was left behind has failed.
  const second = await open('two');
  expect(await states()).toEqual(['failed', 'running']);
  expect(await open('one')).toMatchObject({ comparison: first.comparison, state: 'failed' });
  await breakComparison(pool, { ...place, runId: 'one', broken: 'it was cancelled' });
  expect(await states()).toEqual(['failed', 'running']);
  const nothing = { counts: { missing: 0, extra: 0, different: 0 }, inFlight: 0, leftOut: 0, targetEvent: null };
  const closed = { ...nothing, streamId, verdict: 'clean', reason: null, differences: [] } as const;
  expect(await closeComparison(pool, { ...closed, comparison: second.comparison })).toBe('clean');

  await open('three');
  await breakComparison(pool, { ...place, broken: 'by a worker of an older version' });
  await open('four');
  await breakComparison(pool, { ...place, runId: 'four', broken: 'it was cancelled' });
  expect(await states()).toEqual(['failed', 'done', 'failed', 'failed']);
});
