import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Pool } from 'pg';
import { reportOfSync, startSync } from '../client/start-sync.ts';
import { connectClient } from '../client/temporal-client.ts';
import { processConfig } from '../config/env.ts';
import { startEmbedded } from '../services/embedded.ts';
import { addCaller } from '../store/callers/change-callers.ts';
import { migrate } from '../store/migrate/migrate.ts';
import { load, type Loaded } from './ingest-load.ts';
import { startChild, type Child } from './processes.ts';

/**
 * Events per second that are durable before they are answered, one in a request and a hundred, beside a bare fastify that writes the same rows; then
 * how long a single push takes while a pull writes the same stream. `npm run bench:ingest -- --seconds 10 --runs 3`
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    runs: { type: 'string', default: '3' },
    rows: { type: 'string', default: '500000' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const [SECONDS, RUNS, ROWS] = [Number(values.seconds), Number(values.runs), Number(values.rows)];
const say = (line: string): void => console.error(line);
const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

const config = processConfig();
const dir = await mkdtemp(join(tmpdir(), 'syncline-ingest-'));
await chmod(dir, 0o755);
const services = await startEmbedded({
  dir: join(dir, 'services'),
  cacheDir: config.cacheDir,
  pathEnv: config.pathEnv,
  durable: true,
  say,
});
const pool = new Pool({ connectionString: services.databaseUrl, options: '-c search_path=syncline' });
const partners = join(dir, 'partners');
await mkdir(partners);
const definition = (url: string): string => `name: bench
baseUrl: ${url}
grant: { requests: 500, time: 30s }
streams:
  payments:
    path: /v1/payments
    query: { limit: 1000 }
    records: data
    primaryKey: [id]
    version: [updated_at, sequence]
    pagination: { type: token, token: next_cursor, as: cursor, hasMore: has_more }
    push: {}
    schema:
      type: object
      required: [id, customer_id, amount_minor, currency, status, updated_at, sequence]
      properties:
        id: { type: string }
        customer_id: { type: string }
        amount_minor: { type: integer }
        currency: { type: string }
        status: { type: string }
        updated_at: { type: string, format: date-time }
        sequence: { type: integer }
`;
const children: Child[] = [];
const started = async (args: readonly string[], ready: RegExp, env: Record<string, string> = {}) => {
  const child = await startChild({
    args,
    ready,
    env: { DATABASE_URL: services.databaseUrl, TEMPORAL_ADDRESS: services.temporalAddress, ...env },
  });
  children.push(child);
  return child;
};

let numbers = 0;
const payment = (): object => {
  numbers += 1;
  return {
    id: `pay_${((numbers * 2_654_435_761) % 4_294_967_296).toString(16)}_${numbers}`,
    customer_id: `cus_${numbers % 9973}`,
    amount_minor: numbers % 100_000,
    currency: 'EUR',
    status: 'paid',
    updated_at: '2026-01-28T23:59:59.123456Z',
    sequence: numbers,
  };
};
const bodies = {
  single: { records: 1, body: () => JSON.stringify(payment()) },
  hundred: { records: 100, body: () => JSON.stringify(Array.from({ length: 100 }, payment)) },
} as const;

try {
  await migrate(services.databaseUrl);
  const key = await addCaller(
    pool,
    {
      id: 'bench',
      tier: 'normal',
      scopes: ['bench/*'],
      addresses: null,
      certificate: null,
      limits: { rate: 1e6, burst: 1e6 },
    },
    { by: 'bench', reason: 'bench' },
  );
  const simulator = await started(
    [
      '--import',
      'tsx',
      'simulator/main.ts',
      '--with-parent',
      '--payments',
      String(ROWS),
      '--customers',
      '2000',
      '--prerender',
    ],
    /^simulator ready/,
  );
  await writeFile(join(partners, 'bench.yaml'), definition(simulator.line.split(' ').at(-1) ?? ''));
  const env = {
    SYNCLINE_PARTNERS_DIR: partners,
    SYNCLINE_LOG_LEVEL: 'info',
    SYNCLINE_WORKFLOW_BUNDLE: services.workflowBundle,
  };
  const ingest = await started(
    ['--max-semi-space-size=64', 'dist/cli/main.js', 'ingest', '--address', '127.0.0.1:0'],
    /ingest started/,
    env,
  );
  const url = `${(JSON.parse(ingest.line) as { url: string }).url}/v1/bench/payments`;
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
  const result: Record<string, number> = { cpus: cpus().length };

  if (values.only === undefined || values.only === 'rate') {
    const bare = await started(['--max-semi-space-size=64', '--import', 'tsx', 'bench/ingest-bare.ts'], /^bare ready/);
    const bareUrl = `${bare.line.split(' ').at(-1)}/v1/bench/payments`;
    for (const [name, { records, body }] of Object.entries(bodies)) {
      const measured: { ours: Loaded; bare: Loaded }[] = [];
      for (let run = 0; run <= RUNS; run++) {
        const cpu = await ingest.cpuSeconds();
        const ours = await load({ url, headers, connections: 64, seconds: SECONDS, body });
        const cpuUs = (((await ingest.cpuSeconds()) - cpu) / ours.requests) * 1e6;
        const bareCpu = await bare.cpuSeconds();
        const other = await load({ url: bareUrl, headers, connections: 64, seconds: SECONDS, body });
        const bareCpuUs = (((await bare.cpuSeconds()) - bareCpu) / other.requests) * 1e6;
        say(
          `${name}${run === 0 ? ' (not counted)' : ''}: ${Math.round(ours.rate * records)} events/s, p50 ${ours.p50} ms, p99 ${ours.p99} ms, CPU ${Math.round(cpuUs)} µs a request; ` +
            `bare ${Math.round(other.rate * records)} events/s, p50 ${other.p50} ms, p99 ${other.p99} ms, CPU ${Math.round(bareCpuUs)} µs: ratio ${(ours.rate / other.rate).toFixed(2)}`,
        );
        if (run > 0) measured.push({ ours, bare: other });
      }
      result[`${name}_events_per_s`] = Math.round(median(measured.map(({ ours }) => ours.rate)) * records);
      result[`${name}_bare_events_per_s`] = Math.round(median(measured.map((each) => each.bare.rate)) * records);
      result[`${name}_ratio`] = Number(median(measured.map((each) => each.ours.rate / each.bare.rate)).toFixed(2));
      result[`${name}_p50_ms`] = median(measured.map(({ ours }) => ours.p50));
      result[`${name}_p99_ms`] = median(measured.map(({ ours }) => ours.p99));
    }
    await bare.stop();
  }

  if (values.only === undefined || values.only === 'beside') {
    const worker = await started(['--single-threaded-gc', 'dist/cli/main.js', 'worker'], /"partner\.bench"/, {
      ...env,
      MALLOC_ARENA_MAX: '2',
    });
    const client = await connectClient({ address: services.temporalAddress, namespace: 'default' });
    const alone = await load({ url, headers, connections: 2, seconds: SECONDS, body: bodies.single.body });
    const sync = await startSync(client, {
      partner: 'bench',
      streams: [],
      window: '2026-01-10',
      kind: 'manual',
      generation: 1,
    });
    const ended = { value: false };
    const startedAt = performance.now();
    const report = reportOfSync(sync.handle).finally(() => (ended.value = true));
    const beside: Loaded[] = [];
    while (!ended.value)
      beside.push(await load({ url, headers, connections: 2, seconds: 2, body: bodies.single.body }));
    const seconds = (performance.now() - startedAt) / 1000;
    say(
      `pull of ${ROWS} rows: ${JSON.stringify((await report) satisfies object).slice(0, 120)}… in ${seconds.toFixed(1)} s`,
    );
    const during = beside.slice(0, -1);
    say(
      `a single push alone: p50 ${alone.p50} ms, p99 ${alone.p99} ms; while the pull writes its stream: p50 ${median(during.map(({ p50 }) => p50))} ms, p99 ${Math.max(...during.map(({ p99 }) => p99))} ms at worst`,
    );
    result['beside_p50_ms'] = median(during.map(({ p50 }) => p50));
    result['beside_p99_ms'] = median(during.map(({ p99 }) => p99));
    result['alone_p99_ms'] = alone.p99;
    await client.connection.close();
    await worker.stop();
  }
  result['peak_rss_mb'] = await ingest.peakMb();
  for (const [name, value] of Object.entries(result)) say(`${name.padEnd(28)} ${value}`);
  if (values.json) console.log(JSON.stringify(result));
} finally {
  for (const child of children.toReversed()) await child.stop().catch(() => {});
  await pool.end();
  await services.stop();
  await rm(dir, { recursive: true, force: true });
}
