import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { runsCancel } from '../../cli/commands/cancel.ts';
import { partnersPause, partnersResume, runsPause, runsResume } from '../../cli/commands/pauses.ts';
import { exitCodes } from '../../cli/exit.ts';
import { reportOfSync } from '../../client/start-sync.ts';
import { InvalidInput } from '../../core/errors.ts';
import { commandLine } from '../support/command-line.ts';
import { eventually } from '../support/eventually.ts';
import { expectTruth } from '../support/expect-truth.ts';
import { openPullBench, streamReport, WINDOW } from '../support/pull-bench.ts';
import type { BenchPartner, PullBench } from '../support/pull-bench.ts';
import { said, type Said } from '../support/said.ts';
import { sideBySide } from '../support/side-by-side.ts';
import * as streams from '../support/simulator-streams.ts';

let bench: PullBench;
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(() => bench.close());

const scenario = sideBySide();

const reason = 'their release';
const pausePartner = (partner: string, now = false): Promise<Said> =>
  said(bench.config, { reason, now }, (context) => partnersPause({ ...context, partner }));
const resumePartner = (partner: string): Promise<Said> =>
  said(bench.config, { reason: 'it is over' }, (context) => partnersResume({ ...context, partner }));
const pauseRun = (id: string, options: { stream?: string; now?: boolean } = {}): Promise<Said> =>
  said(bench.config, { reason, ...options }, (context) => runsPause({ ...context, id }));
const resumeRun = (id: string): Promise<Said> => said(bench.config, {}, (context) => runsResume({ ...context, id }));
const cancelRun = (id: string, options: { stream?: string; now?: boolean } = {}): Promise<Said> =>
  said(bench.config, options, (context) => runsCancel({ ...context, id }));

const sent = (partner: BenchPartner, stream = 'payments'): number =>
  partner.simulator.requests().filter((request) => request.stream === stream).length;

async function detailsOf(workflowId: string): Promise<string> {
  const { workflow } = bench.client;
  const metadata = await workflow
    .getHandle(workflowId)
    .query<{ currentDetails: string }>('__temporal_workflow_metadata');
  return metadata.currentDetails;
}

const pagesOf = async (syncId: string): Promise<number> => {
  const { rows } = await bench.pool.query<{ page_no: number }>('select page_no from stream_runs where sync_id = $1', [
    syncId,
  ]);
  return rows[0]?.page_no ?? 0;
};

describe('a partner that is paused', () => {
  scenario('gets no request of any run, old or new, says so everywhere, and goes on where it stood', async () => {
    const partner = await bench.partner({
      simulator: { latencyMs: 100, customers: 120 },
      streams: { payments: streams.payments, customers: streams.customers },
    });
    const { name } = partner;
    const { handle, runId } = await partner.start();
    expect(await eventually(() => sent(partner) >= 2)).toBe(true);
    const paused = await pausePartner(name);
    expect(paused).toMatchObject({
      code: 0,
      json: { isNew: true, trouble: null, pause: { scope: 'partner', reason } },
    });
    expect(paused.text).toMatch(/^Now paused by \S+ since .* UTC \(partner bad\S+\): their release\n/);
    expect(paused.text).toMatch(/payments: stopped after page \d/);
    const requests = partner.simulator.requests().length;
    expect(requests).toBeLessThan(20);

    const other = await partner.start({ window: '2026-11-23' });
    const rests = async (): Promise<boolean> => {
      const { rows } = await bench.pool.query(
        `select 1 from stream_runs where run_id = any ($1) and deferred_kind = 'paused' and deferred_cause_until = deferred_until`,
        [[runId, other.runId]],
      );
      return rows.length === 4;
    };
    expect(await eventually(rests)).toBe(true);
    expect(await detailsOf(`sync/${name}/payments/${WINDOW}`)).toMatch(
      /\*\*Stands still\*\*: paused by .*their release/,
    );
    expect(await detailsOf(runId)).toMatch(/\*\*Stands still\*\*: paused by .*their release/);
    expect((await pausePartner(name)).text).toMatch(/^Already paused by/);
    expect(partner.simulator.requests()).toHaveLength(requests);

    const resumed = await resumePartner(name);
    expect(resumed).toMatchObject({ code: 0, json: { trouble: null, left: [], ended: [{ target: name }] } });
    expect((resumed.json as { woken: string[] }).woken).toHaveLength(4);
    await Promise.all([reportOfSync(handle), reportOfSync(other.handle)]);
    await expectTruth(bench.pool, partner, 'payments');
    await expectTruth(bench.pool, partner, 'customers');
    // 8 pages each time, 12 and an empty one: none was asked for twice.
    expect(sent(partner)).toBe(16);
    expect(sent(partner, 'customers')).toBe(26);
    const { rows } = await bench.pool.query('select reason, ended_reason from pauses where target = $1', [name]);
    expect(rows).toEqual([{ reason, ended_reason: 'it is over' }]);
  });

  scenario('with --now breaks off the request under way', async () => {
    const partner = await bench.partner({
      simulator: { faults: [{ kind: 'hang', nth: 4, stream: 'payments' }] },
      streams: { payments: streams.payments },
      partner: { timeout: '10m' },
    });
    const { handle } = await partner.start();
    const syncId = `sync/${partner.name}/payments/${WINDOW}`;
    expect(await eventually(async () => (await pagesOf(syncId)) === 3)).toBe(true);
    expect((await pausePartner(partner.name, true)).text).toContain('payments: stopped after page 3');
    await resumePartner(partner.name);
    expect(await reportOfSync(handle)).toMatchObject({ outcome: 'ok' });
    expect(sent(partner)).toBe(4 + 5);
    await expectTruth(bench.pool, partner, 'payments');
  });

  scenario('holds for requests that stand in line for a permit', async () => {
    const partner = await bench.partner({
      streams: { payments: streams.payments },
      partner: { limits: { rate: 1, burst: 1 } },
    });
    const { handle } = await partner.start();
    expect(await eventually(() => sent(partner) >= 1)).toBe(true);
    expect((await pausePartner(partner.name)).text).toMatch(/payments: stopped after page [12]/);
    const requests = sent(partner);
    await wait(1500);
    expect(sent(partner)).toBe(requests);
    await handle.cancel();
    await reportOfSync(handle);
    await resumePartner(partner.name);
  });
});

describe('one stream that is paused', () => {
  scenario('stops alone; the run says so, and a resume of the run takes it along', async () => {
    const partner = await bench.partner({
      simulator: { latencyMs: 100 },
      streams: { payments: streams.payments, customers: streams.customers },
    });
    const { handle, runId } = await partner.start();
    expect(await eventually(() => sent(partner) >= 1)).toBe(true);
    const paused = await pauseRun(runId, { stream: 'payments' });
    expect(paused).toMatchObject({ code: 0, json: { pause: { scope: 'stream' } } });
    const customersEnd = async (): Promise<boolean> => {
      const { rows } = await bench.pool.query(`select 1 from stream_runs where run_id = $1 and outcome = 'ok'`, [
        runId,
      ]);
      return rows.length === 1;
    };
    expect(await eventually(customersEnd)).toBe(true);
    expect(await detailsOf(runId)).toMatch(/Stands still.*sync\/bad\S+\/payments/);
    await resumeRun(runId);
    expect(await reportOfSync(handle)).toMatchObject({ outcome: 'ok' });
    expect(sent(partner)).toBe(8);
    await expect(pauseRun(runId)).rejects.toThrow(/has ended \(ok\): there is nothing to pause/);
  });

  scenario('is named by what there is', async () => {
    const { report } = await bench.syncOnce({ streams: { payments: streams.payments } });
    await expect(cancelRun(report.runId, { stream: 'paymets' })).rejects.toThrow(
      /^--stream: \S+ reads no stream "paymets"; did you mean "payments"\?$/,
    );
    await expect(cancelRun(report.runId, { stream: 'payments' })).rejects.toThrow(InvalidInput);
    await expect(pausePartner('bod')).rejects.toThrow(/there is no partner "bod"/);
  });
});

describe('a run that is cancelled', () => {
  scenario('ends with its page, which is not read again', async () => {
    const partner = await bench.partner({
      simulator: { faults: [{ kind: 'delay', ms: 1500, nth: 4, stream: 'payments' }] },
      streams: { payments: streams.payments },
    });
    const { handle, runId } = await partner.start();
    expect(await eventually(() => sent(partner) === 4)).toBe(true);
    expect(await cancelRun(runId)).toMatchObject({ code: 0, json: { cancelled: runId, ended: true } });
    // At once: it begins again, and does not join the one that ends.
    expect(await partner.sync()).toMatchObject({ outcome: 'ok' });
    expect(await reportOfSync(handle)).toHaveProperty('failure');
    expect(sent(partner)).toBe(8);
  });

  scenario('in one stream only leaves the others alone, and is not green', async () => {
    const partner = await bench.partner({
      simulator: { latencyMs: 150 },
      streams: { payments: streams.payments, customers: streams.customers },
    });
    const { handle, runId } = await partner.start();
    expect(await eventually(() => sent(partner) >= 1)).toBe(true);
    await cancelRun(runId, { stream: 'payments' });
    const report = await reportOfSync(handle);
    if ('failure' in report) throw new Error(report.failure);
    expect(report.outcome).toBe('partial');
    expect(streamReport(report, 'customers').outcome).toBe('ok');
    expect(streamReport(report, 'payments')).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/^cancelled/),
    });
    expect((await handle.describe()).status.name).toBe('FAILED');
  });
});

scenario('docs/control.md shows what works: each of its commands, one after the other', async () => {
  const partner = await bench.partner({
    // Reading the customers takes longer than all commands, on a busy machine as well.
    simulator: { latencyMs: 400, customers: 2000 },
    streams: { payments: streams.payments, customers: streams.customers },
  });
  const { handle, runId } = await partner.start();
  expect(await eventually(() => sent(partner) >= 1)).toBe(true);
  const [, block = ''] = /```\n([^]*?)```/.exec(readFileSync('docs/control.md', 'utf8')) ?? [];
  const lines = block.trim().split('\n');
  expect(lines).toHaveLength(7);
  for (const shown of lines) {
    // What follows two spaces says what it does.
    const [command = ''] = shown.split('  ');
    if (command.includes(' retry ')) await reportOfSync(handle);
    const line = command.replaceAll('sync/acme/2026-11-24', runId).replaceAll(' acme', ` ${partner.name}`);
    const { code } = await commandLine(bench.config, line);
    // The other stream stays cancelled.
    expect([line, code]).toEqual([line, line.includes(' retry ') ? exitCodes.partial : exitCodes.ok]);
  }
  await expectTruth(bench.pool, partner, 'payments');
});
