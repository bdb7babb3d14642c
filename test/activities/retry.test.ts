import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { closeRetry } from '../../activities/retry.ts';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { plainNames } from '../../messages/names.ts';
import type { RunReport } from '../../messages/sync-partner.ts';
import { ownPartners, type OwnPartners } from '../support/own-partner.ts';

let own: OwnPartners;
beforeAll(async () => {
  own = await ownPartners();
});
afterAll(() => own.close());

test('two streams of a run that are read once more and end at the same time give it the outcome of both', async () => {
  const stream = { path: '/', primaryKey: ['id'], schema: { type: 'object', properties: { id: { type: 'string' } } } };
  const partner = await own.partner(() => ({ body: [{ id: 'a' }] }), { one: stream, two: stream });
  await partner.read('one');
  await partner.read('two');
  const runId = `sync/${partner.name}/2026-11-24`;
  await own.pool.query(
    `insert into runs (run_id, partner, kind, window_label, generation, streams, workflow_run_id, finished_at, outcome)
      values ($1, $2, 'manual', '2026-11-24', 1, '{one,two}', 'r', now(), 'failed')`,
    [runId, partner.name],
  );
  const warehouse = postgresWarehouse(own.pool);
  const names = plainNames;
  let other: RunReport | undefined;
  const report = await closeRetry(
    {
      names,
      warehouse: {
        ...warehouse,
        closeRun: async (input) => {
          // The retry of the other one fails and ends, after this one has looked.
          if (other === undefined) {
            await own.pool.query(
              `update stream_runs set outcome = 'failed', reason = 'is gone' where sync_id = 'sync/' || $1 || '/two/2026-11-24'`,
              [partner.name],
            );
            other = await closeRetry({ warehouse, names }, { runId });
          }
          await warehouse.closeRun(input);
        },
      },
    },
    { runId },
  );
  expect(other).toMatchObject({ outcome: 'partial' });
  expect(report).toMatchObject({ outcome: 'partial', streams: [{ outcome: 'ok' }, { outcome: 'failed' }] });
  const { rows } = await own.pool.query('select outcome, reason from runs where run_id = $1', [runId]);
  expect(rows).toEqual([{ outcome: 'partial', reason: 'two failed: is gone' }]);
});
