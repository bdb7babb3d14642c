import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { reconcileStart, type ReconcileOptions } from '../../cli/commands/reconcile.ts';
import { reconcileList, reconcileShow } from '../../cli/commands/reconciliations.ts';
import { reconcileRepair } from '../../cli/commands/reconcile-repair.ts';
import { startReconcile } from '../../client/start-reconcile.ts';
import type { ReconcileInput, ReconcileReport } from '../../messages/reconcile.ts';
import { plainNames } from '../../messages/names.ts';
import { readFindings } from '../../store/reconcile/read-reconciliations.ts';
import { startSimulator } from '../../simulator/start.ts';
import {
  definePartner,
  ownNamespace,
  runToEnd,
  startWorker,
  traceOf,
  type Ground,
} from '../durability/durable-bench.ts';
import { freshDatabase } from '../support/database.ts';
import { long } from '../support/long.ts';
import { testTemporal, uniqueName } from '../support/temporal.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { openPullBench, type BenchPartner, type PullBench } from '../support/pull-bench.ts';
import { said, type Said } from '../support/said.ts';
import * as streams from '../support/simulator-streams.ts';

let bench: PullBench;
let partner: BenchPartner;
beforeAll(async () => {
  bench = await openPullBench();
  partner = await bench.partner({
    streams: {
      payments: {
        ...streams.payments,
        incremental: { field: 'updated_at', start: { as: 'updated_since' } },
      },
      customers: streams.customers,
    },
    partner: { grant: { requests: 2 } },
  });
  await partner.sync();
});
afterAll(() => bench.close());

let label = 0;
async function reconcile(input: Partial<ReconcileInput> = {}): Promise<ReconcileReport> {
  const { handle } = await startReconcile(bench.client, plainNames, {
    partner: partner.name,
    stream: 'payments',
    level: 'content',
    range: null,
    sample: null,
    label: String(++label),
    ...input,
  });
  return handle.result();
}

async function keysOf(reconciliation: string, kind: string): Promise<ReadonlySet<unknown>> {
  const each = await readFindings(bench.pool, { id: reconciliation, states: ['open'], limit: 1000 });
  return new Set(each.flatMap((found) => (found.kind === kind ? [found.key] : [])));
}

const rowsOf = async (text: string): Promise<unknown> => (await bench.pool.query(text, [partner.name])).rows;

/** All that a sync leaves behind, without what a reconciliation has of its own. */
async function traces(): Promise<unknown> {
  return [
    await rowsOf(
      `select name, last_event, last_page, last_run, watermark, validators, swept, poll_hint from streams where partner = $1 order by 1`,
    ),
    await rowsOf(
      `select r.sync_id, r.outcome, r.requests from stream_runs r join streams using (stream_id) where partner = $1 order by 1`,
    ),
    await rowsOf(`select count(*) from events join streams using (stream_id) where partner = $1`),
    await rowsOf(`select count(*) from pages join streams using (stream_id) where partner = $1`),
  ];
}

describe('reconcileStream', () => {
  test('finds a stream clean in many grants, and leaves nothing of it in the log and the ledger', async () => {
    const before = await traces();
    const report = await reconcile();
    expect(report).toMatchObject({ state: 'done', verdict: 'clean', seen: 200, open: 0, explained: 0, inFlight: 0 });
    expect(await traces()).toEqual(before);
    const { rows } = await bench.pool.query('select count(*)::integer as kept from reconcile_seen');
    expect(rows).toEqual([{ kept: 0 }]);
  });

  test('asks once where the partner says how many there are', async () => {
    const before = partner.simulator.requests().length;
    const report = await reconcile({ stream: 'customers', level: 'counts' });
    expect(report).toMatchObject({ verdict: 'clean', open: 0 });
    expect(partner.simulator.requests()).toHaveLength(before + 1);
  });

  test('reports what the partner changed behind the watermark, and what the store has lost', async () => {
    const known = new Map(partner.simulator.truth('payments').map((row) => [row.id, JSON.stringify(row)]));
    partner.simulator.mutate({ change: 3, add: 2, remove: 2, at: '2026-11-01T00:00:00Z' });
    const now = new Map(partner.simulator.truth('payments').map((row) => [row.id, JSON.stringify(row)]));
    const changed = [...now].filter(([id, row]) => known.has(id) && known.get(id) !== row).map(([id]) => id);
    const report = await reconcile();
    expect(report).toMatchObject({ verdict: 'differs', open: 7, explained: 0 });
    const of = (kind: string) => keysOf(report.reconciliation, kind);
    expect(await of('missing')).toEqual(new Set([...now.keys()].filter((id) => !known.has(id))));
    expect(await of('extra')).toEqual(new Set([...known.keys()].filter((id) => !now.has(id))));
    expect(new Set([...(await of('stale')), ...(await of('newer-in-store'))])).toEqual(new Set(changed));
  });
});

const start = (names: readonly string[], options: Partial<ReconcileOptions> = {}): Promise<Said> =>
  said<ReconcileOptions>(bench.config, { level: 'content', wait: true, ...options }, (context) =>
    reconcileStart({ ...context, partner: partner.name, streams: names }),
  );

describe('syncline reconcile', () => {
  test('compares all streams, says what differs, and ends with a code for scripts', async () => {
    const done = await start([], { label: 'all' });
    expect(done.code).toBe(3);
    expect(done.json).toMatchObject([
      { stream: 'payments', verdict: 'differs', inFlight: 0 },
      { stream: 'customers', verdict: 'clean' },
    ]);
    expect(done.text).toContain('open extra: 2 (only the store has it)');
    // The same label is the same reconciliation: nobody is asked again.
    const asked = partner.simulator.requests().length;
    expect(await start(['customers'], { label: 'all' })).toMatchObject({ code: 0, json: [{ verdict: 'clean' }] });
    expect(partner.simulator.requests()).toHaveLength(asked);
  });

  test.each<[readonly string[], Partial<ReconcileOptions>, string]>([
    [['refunds'], {}, 'there is no stream "refunds"'],
    [['customers'], { from: '2026-11-01' }, 'is not incremental: it cannot be asked for a window'],
    [['payments'], { to: '2026-11-01' }, '--to needs --from'],
    [['payments'], { from: 'yesterday' }, '--from: expected a day or a time'],
    [['payments'], { from: '2026-11-02', to: '2026-11-01' }, '--to: expected an end after --from'],
    [['payments'], { from: '2026-11-01', level: 'counts' }, '--level counts compares whole streams'],
    [['payments'], { sample: '5' }, 'no definition says how a record of'],
    [['payments'], { sample: '-1' }, '--sample: expected a whole number above 0'],
    [['payments'], { label: 'a/b' }, '--label: expected'],
  ])('refuses what cannot be done, at once: %j %j', async (names, options, why) => {
    await expect(start(names, options)).rejects.toThrow(why);
  });

  test('compares a window, and looks for nothing there that may have moved to another', async () => {
    const done = await start(['payments'], { from: '2026-11-01', to: '2026-11-01', label: 'window' });
    expect(done).toMatchObject({ code: 3, json: [{ verdict: 'differs', from: '2026-11-01T00:00:00.000Z' }] });
    expect(done.text).toContain('open missing: 2');
    expect(done.text).not.toContain('extra');
    expect(partner.simulator.requests().at(-1)?.path).toContain('updated_since=2026-11-01');
  });

  test('shows what was found, and what to do', async () => {
    const id = plainNames.reconcileId({ partner: partner.name, stream: 'payments', label: String(label) });
    const shown = await said(bench.config, { limit: '50', state: 'open' }, (context) =>
      reconcileShow({ ...context, id }),
    );
    expect(shown.code).toBe(3);
    expect(shown.text).toContain('open missing: 2 (the partner has it, the store has not)');
    expect(shown.text).toContain(`syncline reconcile show ${id} --state open`);
    const listed = await said(bench.config, { limit: '9' }, (context) =>
      reconcileList({ ...context, partner: partner.name }),
    );
    expect(listed.code).toBe(0);
    expect(listed.json).toContainEqual(expect.objectContaining({ id, verdict: 'differs' }));
  });

  test('repairs what can be read again, once, and after a look', async () => {
    const id = plainNames.reconcileId({ partner: partner.name, stream: 'payments', label: String(label) });
    const repair = (options: { yes?: boolean; kinds?: string } = {}): Promise<Said> =>
      said(bench.config, { kinds: 'missing,stale,different', ...options }, (context) =>
        reconcileRepair({ ...context, id }),
      );
    const events = () => rowsOf('select last_event from streams where partner = $1 order by name');
    const before = await events();
    const planned = await repair();
    const count = (planned.json as { readonly findings: readonly unknown[] }).findings.length;
    expect(planned.text).toContain(`${count} findings would be repaired`);
    expect(await events()).toEqual(before);
    expect(await repair({ yes: true })).toMatchObject({ code: 0, json: { repaired: count, left: 0 } });
    const after = await events();
    expect(after).not.toEqual(before);
    expect((await repair({ yes: true })).text).toContain('Nothing of these kinds is open');
    expect(await events()).toEqual(after);
    await expect(repair({ kinds: 'extra' })).rejects.toThrow('says nothing of deletes');
    await expect(repair({ kinds: 'lost' })).rejects.toThrow('--kinds: expected some of missing, extra');
    const kinds = await rowsOf(
      `select distinct kind from pages join streams using (stream_id) where partner = $1 order by 1`,
    );
    expect(kinds).toEqual([{ kind: 'page' }, { kind: 'repair' }]);
  });
});

(long ? describe : describe.skip)('in full', () => {
  test('a worker that is killed in the middle of a listing costs a few pages and changes nothing', async () => {
    const [folder, temporal, database] = [await temporaryFolder(), await testTemporal(), await freshDatabase()];
    const simulator = await startSimulator({ seed: 5, payments: 3000, latencyMs: 5 });
    const ground: Ground = {
      databaseUrl: database.url,
      partnersDir: folder.path,
      simulator,
      ...(await ownNamespace(temporal.connection)),
    };
    const name = uniqueName('killed');
    const workers: WorkerProcess[] = [];
    const worker = (env: Record<string, string> = {}): void => void workers.push(startWorker(ground, name, env));
    try {
      await definePartner(ground, name);
      worker();
      await runToEnd(ground, name);
      await workers[0]?.kill();
      const before = await traceOf(database.url, name);
      const known = simulator.truth('payments').length;
      // Its records do not say when they changed: what only the store has is all that a sync leaves.
      simulator.mutate({ remove: 7, change: 20, add: 3, at: '2026-11-20T00:00:00Z' });
      const asked = simulator.requests().length;

      worker({ SYNCLINE_FAILPOINT: 'commit.after:9' });
      const input = { partner: name, stream: 'payments', range: null, sample: null } as const;
      const keys = await startReconcile(ground.client, plainNames, { ...input, level: 'keys', label: 'k' });
      await workers[1]?.ended;
      worker({ SYNCLINE_FAILPOINT: 'commit.after:15' });
      await workers[2]?.ended;
      expect((await traceOf(database.url, name)).events).toBe(before.events);
      worker();
      expect(await keys.handle.result()).toMatchObject({ verdict: 'differs', open: 7, explained: 3, seen: known - 4 });
      // Two listings and a sync of 30 pages, and what was under way at three deaths.
      expect(simulator.requests().length - asked).toBeLessThan(3 * 30 + 3 * 8);

      const content = await startReconcile(ground.client, plainNames, { ...input, level: 'content', label: 'c' });
      expect(await content.handle.result()).toMatchObject({ verdict: 'differs', open: 7, explained: 0 });
    } finally {
      await Promise.all(workers.map((each) => each.kill()));
      await Promise.allSettled([simulator.close(), temporal.close()]);
      await database.drop();
      await folder.remove();
    }
  });
});
