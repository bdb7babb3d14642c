import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { Client } from '@temporalio/client';
import { runsShow } from '../../cli/commands/runs-show.ts';
import { startSync } from '../../client/start-sync.ts';
import { eventually } from '../support/eventually.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { openPullBench, WINDOW } from '../support/pull-bench.ts';
import type { PullBench } from '../support/pull-bench.ts';
import { said } from '../support/said.ts';
import { sideBySide } from '../support/side-by-side.ts';
import * as streams from '../support/simulator-streams.ts';

let bench: PullBench;
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(() => bench.close());

const scenario = sideBySide();

/** What `runs show` says once it says all of that; else what it says in the end. */
async function shown(runId: string, ...says: readonly RegExp[]): Promise<string> {
  let text = '';
  const holds = async (): Promise<boolean> => {
    ({ text } = await said(bench.config, {}, (context) => runsShow({ ...context, id: runId })));
    return says.every((each) => each.test(text));
  };
  await eventually(holds, 20_000);
  return text;
}

scenario(
  'runs show tells what each stream waits for: the end of an outage, the stream it needs, and then nothing',
  async () => {
    const partner = await bench.partner({
      simulator: {
        faults: [{ kind: 'status', status: 500, stream: 'payments' }],
      },
      streams: {
        payments: { ...streams.payments, lane: 'critical' },
        refunds: {
          ...streams.customers,
          path: '/v1/payments/{payment}/refunds',
          parent: { stream: 'payments', field: 'id', as: 'payment' },
        },
      },
      partner: { retry: { attempts: 9, base: '10m', cap: '10m' }, circuit: { streak: 2 } },
    });
    const { handle, runId } = await partner.start();
    const down = /^payments: bad\S+ does not answer: .*answered 500.*; the next probe is at \d{4}-/m;
    const text = await shown(runId, down);
    expect(text).toMatch(down);
    expect(text).toMatch(/^refunds: needs the records of payments, which has not ended$/m);
    await handle.cancel();
    await handle.result().catch(() => {});
    expect(await shown(runId)).not.toMatch(/next probe|needs the records/);
  },
);

scenario('a run that no worker has begun is explained too', async () => {
  const namespace = await freshNamespace();
  const client = new Client({ connection: bench.client.connection, namespace });
  const run = { partner: 'early', streams: [], window: WINDOW, kind: 'manual', generation: 1 } as const;
  const { handle, runId } = await startSync(client, run);
  const config = { ...bench.config, temporalNamespace: namespace };
  const { text } = await said(config, {}, (context) => runsShow({ ...context, id: runId }));
  expect(text).toMatch(
    /not in the ledger yet: no worker asks for work on the queue syncline,.*\n {2}→ syncline worker/,
  );
  await handle.terminate();
  await expect(said(config, {}, (context) => runsShow({ ...context, id: runId }))).rejects.toThrow(/there is no run/);
});

scenario('runs show names the limit, and the command that starts the worker which is missing', async () => {
  const partner = await bench.partner({
    simulator: { faults: [{ kind: 'throttle', nth: 2, seconds: 900 }] },
    streams: { payments: streams.payments },
  });
  const limited = await partner.start();
  const refused = /^payments: .*page 2: answered 429.*; asks again at \d{4}-\S+Z$/m;
  expect(await shown(limited.runId, refused)).toMatch(refused);
  await writeFile(
    join(bench.partnersDir, 'lonely.yaml'),
    JSON.stringify({ name: 'lonely', baseUrl: partner.simulator.url, streams: { payments: streams.payments } }),
  );
  const run = { partner: 'lonely', streams: [], window: WINDOW, kind: 'manual', generation: 1 } as const;
  const lonely = await startSync(bench.client, run);
  const alone =
    /^payments: no worker asks for work on the queue partner\.lonely\n {2}→ syncline worker --role partner=lonely$/m;
  expect(await shown(lonely.runId, alone)).toMatch(alone);
  for (const { handle } of [limited, lonely]) await handle.terminate();
});
