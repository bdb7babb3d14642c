import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runsShow } from '../../cli/commands/runs-show.ts';
import { reportOfSync } from '../../client/start-sync.ts';
import { eventually } from '../support/eventually.ts';
import { partnersPause, partnersResume } from '../../cli/commands/pauses.ts';
import { openPullBench, type BenchPartner, type PullBench } from '../support/pull-bench.ts';
import { pullOne, type PullCase, type PulledOne } from '../support/pull-one.ts';
import { runAll } from '../support/run-all.ts';
import { said } from '../support/said.ts';
import * as streams from '../support/simulator-streams.ts';

let bench: PullBench;
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(() => bench.close());

/** What `runs show` says of the stream. */
async function shown(runId: string): Promise<{ requests: number; outcome: string; pages: number }> {
  const { json } = await said(bench.config, {}, (context) => runsShow({ ...context, id: runId }));
  const { streams: found } = json as { streams: { requests: number; outcome: string; pages: number }[] };
  return found[0]!;
}

const sent = (partner: BenchPartner): number => partner.simulator.stats().requests;

interface Case extends PullCase {
  readonly name: string;
  readonly outcome: string;
  readonly pages: number;
}

const once = { retry: { attempts: 1, base: '10ms', cap: '50ms' } } as const;
const cases: readonly Case[] = [
  { name: 'all is well', faults: [], outcome: 'ok', pages: 8 },
  { name: 'grants are short', faults: [], partner: { grant: { requests: 3 } }, outcome: 'ok', pages: 8 },
  { name: 'it says 429', faults: [{ kind: 'throttle', nth: [1, 4, 7], seconds: 0.1 }], outcome: 'ok', pages: 8 },
  { name: 'it says 500', faults: [{ kind: 'status', status: 500, nth: [1, 2, 5, 9] }], outcome: 'ok', pages: 8 },
  {
    name: 'it does not answer in time',
    faults: [{ kind: 'hang', nth: [1, 4] }],
    partner: { timeout: '300ms' },
    outcome: 'ok',
    pages: 8,
  },
  { name: 'it breaks off', faults: [{ kind: 'reset', at: 'middle', nth: [2, 3, 6] }], outcome: 'ok', pages: 8 },
  { name: 'it answers nonsense', faults: [{ kind: 'html', nth: [1, 5] }], outcome: 'ok', pages: 8 },
  { name: 'it refuses for good', faults: [{ kind: 'status', status: 400, nth: 4 }], outcome: 'failed', pages: 3 },
  { name: 'it fails for ever', faults: [{ kind: 'html', after: 3 }], outcome: 'failed', pages: 3 },
  {
    name: 'it throttles for ever',
    faults: [{ kind: 'throttle', retryAfter: 'none', after: 2 }],
    partner: once,
    outcome: 'failed',
    pages: 2,
  },
  {
    name: 'it is down for ever',
    faults: [{ kind: 'status', status: 502 }],
    partner: { retry: { attempts: 6, base: '50ms', cap: '1s', total: '2s' } },
    outcome: 'failed',
    pages: 0,
  },
  {
    name: 'its limit counts requests',
    faults: [{ kind: 'status', status: 503, nth: [2, 4] }],
    partner: { limits: { rate: 200, burst: 20 } },
    outcome: 'ok',
    pages: 8,
  },
];

describe('runs show says as many requests as the partner saw, when', () => {
  let pulled: (name: string) => Promise<PulledOne>;
  beforeAll(() => {
    pulled = runAll(cases, (each) => pullOne(bench, each));
  });
  test.each(cases)('$name', async ({ name, outcome, pages }) => {
    const { report, requests, partner } = await pulled(name);
    expect(await shown(`sync/${partner.name}/2026-11-25`)).toMatchObject({ outcome, pages, requests });
    expect(report.requests).toBe(requests);
    expect(requests).toBeGreaterThanOrEqual(pages);
  });

  test('a person pauses it and breaks off the request under way', async () => {
    const partner = await bench.partner({
      simulator: { faults: [{ kind: 'hang', nth: 4 }] },
      streams: { payments: streams.payments },
      partner: { timeout: '10m' },
    });
    const { name } = partner;
    const { handle, runId } = await partner.start();
    expect(await eventually(() => sent(partner) === 4)).toBe(true);
    await said(bench.config, { reason: 'a release', now: true }, (c) => partnersPause({ ...c, partner: name }));
    expect(await eventually(async () => (await shown(runId)).requests === 4)).toBe(true);
    await said(bench.config, { reason: 'over' }, (c) => partnersResume({ ...c, partner: name }));
    expect(await reportOfSync(handle)).toMatchObject({ outcome: 'ok' });
    expect(sent(partner)).toBe(9);
    expect(await shown(runId)).toMatchObject({ pages: 8, requests: 9 });
  });

  test('its stream is cancelled while it waits for an answer', async () => {
    const partner = await bench.partner({
      simulator: { faults: [{ kind: 'hang', nth: 4 }] },
      streams: { payments: streams.payments },
      partner: { timeout: '10m' },
    });
    const { handle, runId } = await partner.start();
    expect(await eventually(() => sent(partner) === 4)).toBe(true);
    await handle.cancel();
    await reportOfSync(handle);
    expect(await eventually(async () => (await shown(runId)).requests === 4)).toBe(true);
    expect(sent(partner)).toBe(4);
  });
});
