import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Pool } from 'pg';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import type { PartnerInput } from '../../definitions/definition.ts';
import { plainNames } from '../../messages/names.ts';
import type { RunReport } from '../../messages/sync-partner.ts';
import { startJudge, type JudgeProcess } from '../../simulator/judge/start-judge.ts';
import type { JudgeInput } from '../../simulator/judge/settings.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { long } from '../support/long.ts';
import * as streams from '../support/simulator-streams.ts';
import { temporalAddress, testTemporal, type TestTemporal } from '../support/temporal.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts';
import { codeOfBefore, COMMIT, isInHistory, type CodeOfBefore } from './code-of-before.ts';
import { randomOf } from '../../simulator/random.ts';

/**
 * A deploy: workers of an older commit and of this one share the workflows, the queues, the database that this one has migrated, and
 * the limits of the partners, and are killed again and again. It ends as a run that nothing disturbed.
 */

const found = long && (await isInHistory());
if (long && !found)
  process.stderr.write(`skipped: commit ${COMMIT} is not in this clone; \`git fetch --unshallow\` brings it\n`);

const KILLS = 14;
/** Of each judged stream. */
const PAGES = 120;
const ROWS = 10;
const judged = {
  /** By turns: a session of the database holds each of them. */
  paced: {
    limits: { rate: 20, per: '1s', burst: 1 },
    judges: [{ kind: 'tokenBucket', rate: 20, burst: 1 }],
  },
  /** Slots that are leased, and a window. */
  capped: {
    limits: { concurrency: 3, windows: [{ name: 'window', limit: 60, per: '2s' }] },
    judges: [
      { kind: 'concurrency', limit: 3 },
      { kind: 'slidingWindow', limit: 60, perMs: 2000 },
    ],
  },
} as const satisfies Record<string, { limits: PartnerInput['limits']; judges: JudgeInput['judges'] }>;
type JudgedName = keyof typeof judged;
const judgedNames = Object.keys(judged) as readonly JudgedName[];

const listed = {
  records: 'data',
  primaryKey: ['id'],
  pagination: { type: 'token', token: 'next', as: 'page' },
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, v: { type: 'integer' } } },
} as const;

const shop = {
  payments: streams.payments,
  customers: streams.customers,
  refunds: { ...streams.refunds, disposition: 'replace' },
  visitors: { ...streams.customersByPage, primaryKey: [], disposition: 'replace' },
  events: { ...streams.events, disposition: 'append' },
  payments_of: {
    ...streams.paymentsOfCustomer,
    incremental: {
      field: 'updated_at',
      start: { as: 'updated_since' },
      end: { as: 'updated_until' },
      lookback: '1h',
      initial: '2020-01-01T00:00:00Z',
    },
  },
} satisfies PartnerInput['streams'];
const tables = Object.keys(shop) as readonly (keyof typeof shop)[];

interface Site {
  readonly database: TestDatabase;
  readonly client: Client;
  readonly simulator: Simulator;
  readonly judges: Readonly<Record<JudgedName, JudgeProcess>>;
  readonly start: (before: boolean) => WorkerProcess;
}

let [temporal, folder, before]: [TestTemporal, TemporaryFolder, CodeOfBefore] = [] as never;
const sites: Site[] = [];
const workers = new Set<WorkerProcess>();

async function openSite(name: string): Promise<Site> {
  const partnersDir = join(folder.path, name);
  await mkdir(partnersDir);
  const [database, namespace, simulator, paced, capped] = await Promise.all([
    freshDatabase(),
    freshNamespace(),
    startSimulator({
      seed: 7,
      payments: 800,
      customers: 60,
      refunds: 300,
      events: 400,
      latencyMs: 10,
      now: '2024-11-19T00:00:00Z',
    }),
    ...judgedNames.map((each) =>
      startJudge({ judges: [...judged[each].judges], pages: PAGES, size: ROWS, latencyMs: 5 }),
    ),
  ] as const);
  const judges = { paced, capped } as Site['judges'];
  const define = (partner: string, rest: object): Promise<void> =>
    writeFile(
      join(partnersDir, `${partner}.yaml`),
      JSON.stringify({
        name: partner,
        retry: { base: '50ms', cap: '500ms' },
        grant: { requests: 30, time: '5s' },
        ...rest,
      }),
    );
  await define('shop', {
    baseUrl: simulator.url,
    limits: { rate: 300, per: '1s', burst: 30, concurrency: 5 },
    streams: shop,
  });
  for (const each of judgedNames)
    await define(each, {
      baseUrl: judges[each].url,
      auth: { type: 'bearer', token: `${each}-token` },
      limits: judged[each].limits,
      streams: { a: { ...listed, path: '/s/a' }, b: { ...listed, path: '/s/b', disposition: 'replace' } },
    });
  const env = {
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporalAddress(),
    TEMPORAL_NAMESPACE: namespace,
    SYNCLINE_PARTNERS_DIR: partnersDir,
    SYNCLINE_HEARTBEAT_TIMEOUT: '2s',
  };
  const start = (old: boolean): WorkerProcess => {
    const worker = startWorkerProcess({
      readyQueue: plainNames.partnerQueue('shop'),
      env: { ...env, SYNCLINE_WORKFLOW_BUNDLE: old ? before.workflowBundle : (process.env['WORKFLOW_BUNDLE'] ?? '') },
      ...(old ? { program: before.program } : {}),
    });
    workers.add(worker);
    return worker;
  };
  const site = {
    database,
    client: new Client({ connection: temporal.connection, namespace }),
    simulator,
    judges,
    start,
  };
  sites.push(site);
  return site;
}

if (found)
  beforeAll(async () => {
    [temporal, folder, before] = await Promise.all([testTemporal(), temporaryFolder(), codeOfBefore()]);
  });
afterAll(async () => {
  await Promise.all([...workers].map((worker) => worker.kill()));
  for (const { database, simulator, judges } of sites)
    await Promise.allSettled([
      database.drop(),
      simulator.close(),
      ...Object.values(judges).map((each) => each.close()),
    ]);
  await Promise.allSettled([temporal?.close(), folder?.remove(), before?.remove()]);
});

async function runOf({ client }: Site, partner: string, window: string): Promise<RunReport> {
  const run = { partner, streams: [], window, kind: 'nightly', generation: 1 } as const;
  const report = await reportOfSync((await startSync(client, run)).handle);
  if ('failure' in report) throw new Error(report.failure);
  return report;
}

/** A first night, and a second one after changes; the judged partners are read in the first one. */
async function nights(site: Site): Promise<readonly RunReport[]> {
  const first = await Promise.all(['shop', ...judgedNames].map((partner) => runOf(site, partner, '2024-11-20')));
  const at = '2024-11-20T10:00:00Z';
  site.simulator.mutate({ change: 60, add: 20, at });
  site.simulator.mutate({ stream: 'customers', change: 6, add: 4, at });
  site.simulator.mutate({ stream: 'refunds', change: 20, remove: 30, add: 10, at });
  site.simulator.mutate({ stream: 'events', add: 40, at });
  return [...first, await runOf(site, 'shop', '2024-11-21')];
}

/** Every table, the log and the ledger, as they must not depend on who wrote them: row by row, as text. */
async function traceOf(
  { database }: Site,
  partners: readonly string[] = ['shop', ...judgedNames],
): Promise<Readonly<Record<string, unknown>>> {
  const pool = new Pool({ connectionString: database.url, options: '-c search_path=syncline', max: 1 });
  pool.on('error', () => {});
  try {
    const trace: Record<string, unknown> = {};
    const places = [
      ...tables.map((table) => ['shop', table]),
      ...judgedNames.flatMap((name) => [
        [name, 'a'],
        [name, 'b'],
      ]),
    ];
    for (const [partner = '', table = ''] of places) {
      if (!partners.includes(partner)) continue;
      const ofStream = `stream_id = (select stream_id from streams where partner = '${partner}' and name = '${table}')`;
      const one = async (sql: string): Promise<unknown> => (await pool.query(sql)).rows[0];
      trace[`${partner}.${table}`] = {
        rows: await one(
          `select count(*), md5(string_agg((to_jsonb(t) - '_loaded_at')::text, E'\\n' order by _event)) from "${partner}"."${table}" t`,
        ),
        events: await one(
          `select count(*), max(event) as last, md5(string_agg(concat_ws('|', event, page, ordinal, key, version, operation, hash, payload), E'\\n' order by event)) from events where ${ofStream}`,
        ),
        pages: await one(
          `select count(*), sum(fetched) as fetched, md5(string_agg(concat_ws('|', run_no, page_no, slice, parents, fetched, inserted, updated, unchanged, stale), E'\\n' order by run_no, page_no)) from pages where ${ofStream}`,
        ),
        runs: (
          await pool.query(
            `select run_no, state, outcome, reason, fetched, inserted, updated, unchanged, removed, page_no from stream_runs where ${ofStream} order by run_no`,
          )
        ).rows,
      };
    }
    return trace;
  } finally {
    await pool.end();
  }
}

const told = (reports: readonly RunReport[]): unknown =>
  reports.map(({ runId, outcome, reason, counts }) => ({ runId, outcome, reason, counts }));

(found ? describe : describe.skip)('in full: a deploy with workers of two versions', () => {
  let undisturbed: { readonly reports: unknown; readonly trace: Readonly<Record<string, unknown>> };

  test('without any disturbance, new workers alone', async () => {
    const site = await openSite('calm');
    const worker = site.start(false);
    await worker.ready;
    const reports = await nights(site);
    expect(await worker.stop()).toBe(0);
    expect(reports.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok', 'ok']);
    undisturbed = { reports: told(reports), trace: await traceOf(site) };
  });

  test('and with both, killed again and again, all is equal and no limit is broken', async () => {
    const site = await openSite('deploy');
    // The one that is killed is replaced by one of the other version, until the old ones have left.
    const standing: { readonly worker: WorkerProcess; readonly old: boolean }[] = [true, false, true].map((old) => ({
      worker: site.start(old),
      old,
    }));
    await Promise.all(standing.map(({ worker }) => worker.ready));
    const ended = { value: false };
    const running = nights(site).finally(() => (ended.value = true));
    running.catch(() => {});
    const random = randomOf(21);
    const killed = { old: 0, new: 0 };
    while (!ended.value && killed.old + killed.new < KILLS) {
      await sleep(800 + random() * 1200);
      if (ended.value) break;
      const [victim] = standing.toSorted((a, b) => b.worker.lastAnswerAt() - a.worker.lastAnswerAt());
      if (victim === undefined) break;
      await victim.worker.kill();
      killed[victim.old ? 'old' : 'new'] += 1;
      standing.splice(standing.indexOf(victim), 1, { worker: site.start(!victim.old), old: !victim.old });
    }
    // The deploy ends: the old ones leave, asked to.
    await Promise.all(standing.map(({ worker }) => worker.ready));
    const left = await Promise.all(standing.filter(({ old }) => old).map(({ worker }) => worker.stop()));
    const reports = await running;
    expect(left.filter((code) => code !== 0)).toEqual([]);

    expect(killed.old).toBeGreaterThan(2);
    expect(killed.new).toBeGreaterThan(2);
    expect({ reports: told(reports), trace: await traceOf(site) }).toEqual(undisturbed);
    for (const name of judgedNames) {
      const { refused, requests } = await site.judges[name].report();
      expect([name, refused]).toEqual([name, 0]);
      expect(requests).toBeGreaterThanOrEqual(2 * PAGES);
    }
  }, 400_000);

  /** Workers of before look for the shadow under the name that they would have given it, and give up after eight attempts (docs/deployment.md). */
  test('a replace that old workers could not go on with loses nothing: started again, it goes on where it stood', async () => {
    const site = await openSite('back');
    const pages = async (): Promise<number> => {
      const { rows } = await site.database.pool.query<{ page_no: number }>(
        `select page_no from syncline.stream_runs where sync_id = 'sync/paced/b/2024-11-20'`,
      );
      return rows[0]?.page_no ?? 0;
    };
    const young = site.start(false);
    await young.ready;
    const running = runOf(site, 'paced', '2024-11-20');
    while ((await pages()) < 10) await sleep(20);
    const old = site.start(true);
    await old.ready;
    await young.kill();
    const failed = await running;
    expect(failed.streams.map(({ stream, outcome }) => [stream, outcome])).toEqual([
      ['a', 'ok'],
      ['b', 'failed'],
    ]);
    expect(failed.reason).toContain('"paced.b__next_1" does not exist');
    expect(await old.stop()).toBe(0);
    const read = failed.counts.fetched / ROWS;
    expect(await pages()).toBe(read - PAGES);

    const before = (await site.judges.paced.report()).requests;
    const next = site.start(false);
    await next.ready;
    const again = await runOf(site, 'paced', '2024-11-20');
    expect(await next.stop()).toBe(0);
    expect(again).toMatchObject({ outcome: 'ok', counts: { fetched: 2 * PAGES * ROWS, inserted: 2 * PAGES * ROWS } });
    const report = await site.judges.paced.report();
    expect([report.requests - before, report.refused]).toEqual([2 * PAGES - read, 0]);
    const trace = await traceOf(site, ['paced']);
    expect(trace['paced.b']).toMatchObject({ rows: (undisturbed.trace['paced.b'] as { rows: unknown }).rows });
  }, 240_000);
});
