import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { reportOfSync } from '../../client/start-sync.ts';
import { eventually } from '../support/eventually.ts';
import { expectTruth } from '../support/expect-truth.ts';
import { openPullBench, streamReport } from '../support/pull-bench.ts';
import type { PullBench } from '../support/pull-bench.ts';
import { sideBySide } from '../support/side-by-side.ts';
import * as streams from '../support/simulator-streams.ts';
import { tableRows } from '../support/table-rows.ts';

let bench: PullBench;
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(() => bench.close());

const scenario = sideBySide();

describe('a cancelled run', () => {
  scenario('keeps what was committed, is never green, and goes on from there when it is started again', async () => {
    const partner = await bench.partner({
      simulator: { faults: [{ kind: 'hang', nth: 4, stream: 'payments' }] },
      streams: { payments: streams.payments, customers: streams.customers },
      // Longer than the test: only the cancellation can end the request that hangs.
      partner: { timeout: '10m' },
    });
    const { handle, runId } = await partner.start();
    const committed = async (): Promise<number> => {
      const { rows } = await bench.pool.query<{ fetched: string }>(
        'select fetched from stream_runs where sync_id like $1',
        [`sync/${partner.name}/payments/%`],
      );
      return Number(rows[0]?.fetched ?? 0);
    };
    expect(await eventually(async () => (await committed()) === 75)).toBe(true);
    await handle.cancel();
    expect(await reportOfSync(handle)).toHaveProperty('failure');

    expect((await handle.describe()).status.name).toBe('CANCELLED');
    expect(await tableRows(bench.pool, partner.name, 'payments')).toHaveLength(75);
    const { rows } = await bench.pool.query('select outcome from runs where run_id = $1', [runId]);
    expect(rows).toEqual([{ outcome: 'partial' }]);
    const before = partner.simulator.stats().streams['payments']?.requests;
    expect(before).toBe(4);

    const report = await partner.sync();
    expect(streamReport(report, 'payments')).toMatchObject({
      outcome: 'ok',
      pages: 8,
      counts: { fetched: 200, inserted: 200 },
    });
    // The page that hung, and those behind it.
    expect(partner.simulator.stats().streams['payments']?.requests).toBe(4 + 5);
    await expectTruth(bench.pool, partner, 'payments');
    await expectTruth(bench.pool, partner, 'customers');
  });

  scenario('while it waits for the limit of the partner ends at once as well', async () => {
    const partner = await bench.partner({
      simulator: { faults: [{ kind: 'throttle', seconds: 3000, nth: 3 }] },
      streams: { payments: streams.payments },
    });
    const { handle } = await partner.start();
    const waits = async (): Promise<boolean> => {
      const { rows } = await bench.pool.query(
        'select 1 from stream_runs where sync_id like $1 and deferred_until is not null',
        [`sync/${partner.name}/%`],
      );
      return rows.length === 1;
    };
    expect(await eventually(waits)).toBe(true);
    await handle.cancel();
    expect(await reportOfSync(handle)).toHaveProperty('failure');
    expect(await tableRows(bench.pool, partner.name, 'payments')).toHaveLength(50);
    const { rows } = await bench.pool.query('select state, reason from stream_runs where sync_id like $1', [
      `sync/${partner.name}/%`,
    ]);
    expect(rows).toEqual([{ state: 'failed', reason: expect.stringContaining('cancelled') }]);
  });
});
