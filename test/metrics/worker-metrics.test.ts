import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { applyChange } from '../../client/schedules.ts';
import { plainNames } from '../../messages/names.ts';
import { dashboardFiles } from '../../scripts/dashboards/all.ts';
import type { RunReport } from '../../messages/sync-partner.ts';
import { freePort } from '../../services/free-port.ts';
import { startSimulator, type Simulator } from '../../simulator/start.ts';
import { declaredSchedule } from '../support/declared-schedule.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName, type TestTemporal } from '../support/temporal.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { calm, ownNamespace, runToEnd, startWorker, type Ground } from '../durability/durable-bench.ts';
import { GUESSES, pushSome, type Pushed } from './pushed.ts';
import { choicesOf, panelQueries } from './panel-queries.ts';
import { hasPrometheus, startPrometheus, type Prometheus } from './prometheus.ts';
import { seriesIn } from './queried-series.ts';
import { samplesOf, scrape, total, type Sample } from './scrape.ts';

const ROWS = 950;
/** Of what must never show: a token, an id of a record, a text in one. */
const CANARY = 'canary-7c1f';

let folder: TemporaryFolder;
let temporal: TestTemporal;
let simulator: Simulator;
let database: TestDatabase;
let worker: WorkerProcess;
let report: RunReport;
let address: string;
let exported: string;
let server: string;
let samples: readonly Sample[];
let pushed: Pushed;
let pushedSamples: readonly Sample[];
let prometheus: Prometheus | undefined;
const partner = uniqueName('counted');
const payments = { partner, stream: 'payments' };

beforeAll(async () => {
  [folder, temporal, database] = [await temporaryFolder(), await testTemporal(), await freshDatabase()];
  simulator = await startSimulator({
    payments: ROWS,
    customers: 100,
    faults: [
      { kind: 'status', status: 403, stream: 'refunds' },
      { kind: 'throttle', stream: 'payments', nth: 3, seconds: 1 },
      { kind: 'status', stream: 'payments', status: 500, nth: 6 },
      { kind: 'malformed', field: 'amount_minor', count: 4 },
    ],
  });
  const ground: Ground = {
    databaseUrl: database.url,
    partnersDir: folder.path,
    simulator,
    ...(await ownNamespace(temporal.connection)),
  };
  await definePartner();
  const { scheduleId } = plainNames;
  await applyChange(ground.client, plainNames, {
    kind: 'create',
    id: scheduleId({ partner, name: 'nightly' }),
    to: declaredSchedule(partner),
  });
  address = `127.0.0.1:${await freePort()}`;
  if (hasPrometheus)
    prometheus = await startPrometheus({
      syncline: async () => (await fetch(`http://${address}/metrics`)).text(),
      // Its process will have ended: the last that it said.
      'syncline-ingest': () => told(pushed?.exported),
      temporal: () => told(server),
    });
  worker = startWorker(ground, partner, {
    ...calm,
    SYNCLINE_METRICS_ADDRESS: address,
    SYNCLINE_BUILD_ID: '',
    TOKEN: CANARY,
  });
  await worker.ready;
  report = await runToEnd(ground, partner);
  // The governor looks at the limits in its own time, the process at itself every five seconds.
  const looked = async (): Promise<boolean> => {
    const seen = await scrape(address);
    const observed = total(seen, 'syncline_limits_observed_timestamp_seconds', { partner });
    const connected = total(seen, 'syncline_database_connections') > 0;
    const looked = total(seen, 'syncline_targets_observed_timestamp_seconds') > 0;
    return observed > 0 && connected && looked && total(seen, 'syncline_schedule_next_timestamp_seconds') > 0;
  };
  await eventually(looked);
  exported = await (await fetch(`http://${address}/metrics`)).text();
  samples = samplesOf(exported);
  pushed = await pushSome(database.url, CANARY);
  pushedSamples = samplesOf(pushed.exported);
  server = await (await fetch(`http://${process.env['TEST_TEMPORAL_METRICS']}/metrics`)).text();
});
afterAll(async () => {
  await Promise.allSettled([prometheus?.stop(), worker.stop(), simulator.close(), temporal.close()]);
  await database.drop();
  await folder.remove();
});

const stream = (path: string, more: Record<string, object> = {}) => ({
  path,
  query: { limit: 100 },
  records: 'data',
  freshness: '1d',
  primaryKey: ['id'],
  version: ['updated_at'],
  pagination: { type: 'token', token: 'next_cursor', as: 'cursor', hasMore: 'has_more' },
  schema: {
    type: 'object',
    required: ['id', 'updated_at', ...Object.keys(more)],
    properties: { id: { type: 'string' }, updated_at: { type: 'string', format: 'date-time' }, ...more },
  },
});

async function definePartner(): Promise<void> {
  const payments = stream('/v1/payments', { amount_minor: { type: 'integer' } });
  const definition = {
    name: partner,
    baseUrl: simulator.url,
    auth: { type: 'bearer', token: '${TOKEN}' },
    limits: { rate: 500, per: '1s', burst: 50 },
    retry: { base: '50ms', cap: '500ms' },
    targets: ['lake'],
    reconcile: { weekly: { cron: '0 5 * * sun', streams: ['payments'] } },
    streams: { payments, customers: stream('/v1/customers'), refunds: stream('/v1/refunds') },
    webhooks: { changes: { preset: 'github', secrets: [{ value: CANARY }], routes: [{ as: 'sync' }] } },
  };
  await writeFile(
    join(folder.path, 'targets.yaml'),
    `targets: { lake: { type: duckdb, path: lake.duckdb, compare: { cron: '0 4 * * *' } } }`,
  );
  // JSON is YAML as well.
  await writeFile(join(folder.path, `${partner}.yaml`), JSON.stringify(definition));
}

test('the run that is counted went as it should', () => {
  expect(report).toMatchObject({ outcome: 'partial', counts: { fetched: ROWS + 100, quarantined: 4 } });
});

describe('a worker tells Prometheus', () => {
  test('each request that the partner saw, by what it answered', () => {
    const seen = simulator.requests().length;
    expect(total(samples, 'syncline_requests_total', { partner })).toBe(seen);
    expect(total(samples, 'syncline_requests_total', payments)).toBe(12);
    expect(total(samples, 'syncline_requests_total', { ...payments, status: '200' })).toBe(10);
    expect(total(samples, 'syncline_requests_total', { ...payments, status: '429' })).toBe(1);
    expect(total(samples, 'syncline_requests_total', { ...payments, status: '500' })).toBe(1);
    expect(total(samples, 'syncline_throttled_total', payments)).toBe(1);
    expect(total(samples, 'syncline_throttled_within_limits_total', payments)).toBe(1);
    expect(total(samples, 'syncline_retries_total', { ...payments, reason: 'server' })).toBe(1);
    expect(total(samples, 'syncline_retries_total', payments)).toBe(1);
    expect(total(samples, 'syncline_request_duration_seconds_count', { partner })).toBe(seen);
    expect(total(samples, 'syncline_permit_wait_seconds_count', { partner, lane: 'normal' })).toBe(seen);
  });

  test('each page and each record, by what became of it, as the ledger has them', async () => {
    const { rows } = await database.pool.query<{ pages: number; inserted: number }>(
      `select count(*)::int as pages, sum(p.inserted)::int as inserted from syncline.pages p
        join syncline.streams s using (stream_id) where s.partner = $1 and s.name = 'payments'`,
      [partner],
    );
    expect(total(samples, 'syncline_pages_total', payments)).toBe(rows[0]?.pages);
    expect(total(samples, 'syncline_rows_total', { ...payments, fate: 'inserted' })).toBe(rows[0]?.inserted);
    expect(total(samples, 'syncline_rows_total', { ...payments, fate: 'quarantined' })).toBe(4);
    expect(total(samples, 'syncline_rows_total', payments)).toBe(ROWS);
  });

  test('how large transactions are, what is left of limits, and what it serves', () => {
    expect(total(samples, 'syncline_batch_records_sum', { partner })).toBe(ROWS + 100);
    expect(total(samples, 'syncline_limit_left', { partner, limit: 'rate' })).toBeGreaterThan(0);
    expect(total(samples, 'syncline_limit_exhausted_timestamp_seconds', { partner })).toBe(0);
    expect(total(samples, 'syncline_worker_serves', { role: 'partner', name: partner })).toBe(1);
    expect(total(samples, 'syncline_worker_serves', { role: 'workflows' })).toBe(1);
    expect(
      total(samples, 'syncline_schedule_next_timestamp_seconds', { partner, schedule: 'nightly' }),
    ).toBeGreaterThan(Date.now() / 1000);
    expect(total(samples, 'syncline_reconcile_due_seconds', payments)).toBe(8 * 86_400);
    expect(total(samples, 'syncline_reconcile_timestamp_seconds', payments)).toBe(0);
    expect(total(samples, 'syncline_target_compare_due_seconds', { target: 'lake' })).toBe(2 * 86_400);
    expect(total(samples, 'syncline_target_compared_timestamp_seconds', { target: 'lake' })).toBe(0);
    expect(total(samples, 'syncline_target_differing_rows', { target: 'lake', kind: 'missing' })).toBe(0);
  });

  test('waits and outcomes', () => {
    expect(total(samples, 'syncline_deferrals_total', { ...payments, reason: 'limit' })).toBe(1);
    expect(total(samples, 'syncline_deferrals_total', { ...payments, reason: 'failure' })).toBe(1);
    expect(total(samples, 'syncline_streams_ended_total', { ...payments, outcome: 'partial' })).toBe(1);
    expect(total(samples, 'syncline_streams_ended_total', { partner, stream: 'customers', outcome: 'ok' })).toBe(1);
    expect(total(samples, 'syncline_streams_ended_total', { partner, stream: 'refunds', outcome: 'failed' })).toBe(1);
    expect(total(samples, 'syncline_streams_ended_total', { partner })).toBe(3);
    expect(total(samples, 'syncline_last_ok_timestamp_seconds', { partner, stream: 'customers' })).toBeGreaterThan(1e9);
    expect(total(samples, 'syncline_partner_blocked', { partner })).toBe(0);
  });

  test('buckets that fit what is measured, in seconds', () => {
    const bounds = samples
      .filter(({ name }) => name === 'syncline_request_duration_seconds_bucket')
      .map(({ labels }) => labels['le']);
    expect(bounds).toEqual(expect.arrayContaining(['0.1', '30', '+Inf']));
  });

  test('what the process takes, its version, and Temporal’s own series', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(total(samples, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
    expect(total(samples, 'syncline_database_connections')).toBeGreaterThan(0);
    expect(total(samples, 'syncline_build_info', { version })).toBe(1);
    expect(total(samples, 'temporal_workflow_completed_total')).toBeGreaterThan(0);
  });

  test('nothing of a record, of a secret or of an address', async () => {
    const { rows } = await database.pool.query<{ id: string }>(`select id from "${partner}".payments`);
    expect(rows.length).toBe(ROWS - 4);
    for (const { id } of rows) expect(exported).not.toContain(id);
    expect(exported).not.toContain(CANARY);
    expect(exported).not.toContain(simulator.url);
  });
});

describe('ingest tells Prometheus', () => {
  const orders = { partner: 'door', stream: 'orders' };

  test('each request and each record by what became of it', () => {
    expect(pushed.statuses.slice(0, 7)).toEqual([202, 202, 202, 202, 202, 429, 401]);
    expect(total(pushedSamples, 'syncline_ingest_requests_total', { ...orders, status: '202' })).toBe(5);
    expect(total(pushedSamples, 'syncline_ingest_requests_total', { status: '429' })).toBeGreaterThan(0);
    expect(total(pushedSamples, 'syncline_ingest_duration_seconds_count', orders)).toBe(5);
    expect(total(pushedSamples, 'syncline_ingest_records_total', { ...orders, fate: 'accepted' })).toBe(5);
    expect(total(pushedSamples, 'syncline_ingest_records_total', { ...orders, fate: 'quarantined' })).toBe(5);
    const refused = { partner: 'door', webhook: 'changes', fate: 'refused' };
    expect(total(pushedSamples, 'syncline_webhook_deliveries_total', refused)).toBe(1);
  });

  test('each caller that comes up against a limit, and each guess at a key', () => {
    expect(total(pushedSamples, 'syncline_caller_near_quota_total', { caller: 'visitor' })).toBe(1);
    expect(total(pushedSamples, 'syncline_caller_limited_total', { caller: 'visitor', cause: 'quota' })).toBe(1);
    const refused = total(pushedSamples, 'syncline_callers_refused_total');
    expect(refused).toBe(GUESSES);
    expect(total(pushedSamples, 'syncline_callers_blocked_total', { cause: 'unknown keys' })).toBe(1);
  });

  test('what the process takes, and not that it is a worker', () => {
    expect(total(pushedSamples, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
    expect(names(pushed.exported)).toContain('syncline_database_connections');
    expect(pushed.exported).not.toContain('syncline_build_info');
  });

  test('nothing of a record, of a secret or of an address', () => {
    for (const secret of pushed.secrets) expect(pushed.exported).not.toContain(secret);
  });
});

const dashboards = async (): Promise<readonly string[]> =>
  Promise.all(Object.keys(dashboardFiles()).map((name) => readFile(`deploy/grafana/dashboards/${name}`, 'utf8')));

describe('what is asked of Prometheus is there', () => {
  /** Shown from its first failure on, which is what the alert is for. */
  const onlyWhenBroken = 'temporal_workflow_task_execution_failed_total';

  test('by each panel of the dashboards: in a worker’s answer, or in the server’s', async () => {
    const queries = (await dashboards()).flatMap(panelQueries).map(({ expr }) => expr);
    expect(queries.length).toBeGreaterThan(50);
    for (const query of queries) {
      const known = query.includes('job="temporal"') ? names(server) : ours();
      const asked = seriesIn(query);
      expect(asked).not.toHaveLength(0);
      expect({ query, missing: asked.filter((name) => !known.has(name)) }).toEqual({ query, missing: [] });
    }
  });

  test('by each alert', async () => {
    const { groups } = parse(await readFile('deploy/prometheus/alerts.yaml', 'utf8')) as {
      groups: { rules: { alert: string; expr: string }[] }[];
    };
    const asked = groups.flatMap(({ rules }) => rules.flatMap(({ expr }) => seriesIn(expr)));
    const known = ours();
    expect(asked.length).toBeGreaterThan(8);
    expect(new Set(asked.filter((name) => !known.has(name)))).toEqual(new Set([onlyWhenBroken]));
  });

  test('by the labels that the dashboards and the alerts name', async () => {
    const texts = [...(await dashboards()), await readFile('deploy/prometheus/alerts.yaml', 'utf8')];
    const labels = new Set(
      [...samples, ...pushedSamples, ...samplesOf(server)].flatMap((sample) => Object.keys(sample.labels)),
    );
    const asked = texts.flatMap((text) =>
      [...text.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/)),
    );
    // Prometheus itself adds the place it asked.
    expect(asked.filter((label) => label !== 'instance' && !labels.has(label))).toEqual([]);
  });

  test('and docs/metrics.md tells of each series of ours, and of no other', async () => {
    const table = (await readFile('docs/metrics.md', 'utf8')).matchAll(/^\| `([a-z]\w+)` /gm);
    const told = [...`${exported}\n${pushed.exported}`.matchAll(/^# TYPE (\w+)/gm)].flatMap(([, name = '']) =>
      name.startsWith('temporal_') ? [] : [name],
    );
    expect([...table].map(([, name = '']) => name).toSorted()).toEqual([...new Set(told)].toSorted());
  });
});

// Debian has it in the package `prometheus`; elsewhere these two say that they were skipped.
(hasPrometheus ? describe : describe.skip)('a real Prometheus, where there is one', () => {
  beforeAll(() => prometheus?.ready());

  test('answers each panel of the dashboards, and with something', async () => {
    let empty: readonly string[] = ['not asked yet'];
    // Where the machine is busy a scrape may fail, and its series are gone until the next.
    await eventually(async () => (empty = await emptyPanels()).length === 0, 15_000);
    expect(empty).toEqual([]);
  });

  test('knows what there is to choose from at the top of each', async () => {
    const choices = (await dashboards()).flatMap(choicesOf);
    expect(choices.length).toBeGreaterThan(3);
    for (const { series, label } of choices)
      expect(await query(`count by (${label}) (last_over_time(${series}{${label}!=""}[1m]))`)).not.toEqual([]);
  });
});

const query = async (expr: string): Promise<readonly unknown[]> => (await prometheus?.query(expr)) ?? [];
/** Nothing was told before there is a text. */
const told = async (text: string | undefined): Promise<string> => {
  if (text === undefined) throw new Error('not there yet');
  return text;
};

const emptyPanels = async (): Promise<readonly string[]> => {
  const asked = (await dashboards()).flatMap((text) => {
    const chosen = text.includes('"uid": "syncline-partner"') ? partner : '.*';
    return panelQueries(text).map(({ panel, expr }) => ({ panel, expr: filledIn(expr, chosen) }));
  });
  const answers = await Promise.all(asked.map(({ expr }) => query(expr)));
  return asked.flatMap(({ panel, expr }, at) => (answers[at]?.length === 0 ? [`${panel}: ${expr}`] : []));
};

/** As Grafana fills in what was chosen at the top, and how much time a point stands for. */
const filledIn = (expr: string, partner: string): string =>
  expr.replaceAll('$partner', partner).replaceAll('$target', '.*').replaceAll('$__rate_interval', '1m');

const ours = (): Set<string> => new Set([...names(exported), ...names(pushed.exported)]);
const names = (text: string): Set<string> => new Set(samplesOf(text).map(({ name }) => name));
