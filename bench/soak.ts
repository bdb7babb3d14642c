import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { randomBytes } from 'node:crypto';
import { Pool } from 'pg';
import { reportOfBackfill, startBackfill } from '../client/start-backfill.ts';
import { startRebuild } from '../client/start-rebuild.ts';
import { connectClient } from '../client/temporal-client.ts';
import { processConfig } from '../config/env.ts';
import { checkPlan } from '../core/backfill-plan.ts';
import { parseDuration } from '../core/duration.ts';
import { listen } from '../http/listen.ts';
import { plainNames } from '../messages/names.ts';
import { startEmbedded } from '../services/embedded.ts';
import { randomOf } from '../simulator/random.ts';
import { startSimulator } from '../simulator/start.ts';
import { addCaller } from '../store/callers/change-callers.ts';
import { openPool } from '../store/session/open-pool.ts';
import { PARTNER, TARGET, writeDefinitions } from './soak/definitions.ts';
import { dayAt, playNight, type Night, type Stage } from './soak/night.ts';
import { beyondTheirTime, sweepAll } from './soak/kept.ts';
import { sampleProcess, snapshotProcess } from './soak/process-sample.ts';
import { createSender } from './soak/pushes.ts';
import { findingsOf, linesOf, type SoakWeek } from './soak/report.ts';
import { startRole, type Role } from './soak/roles.ts';
import { sampleStore } from './soak/store-sample.ts';
import { drifts, REST_MS, restOf } from './soak/week-end.ts';

/**
 * Weeks of nights in compressed time, with a partner that fails, workers that are killed, pushes and people who look; after each week tables are
 * compared with their senders, and what every process holds is measured: `npm run soak -- --for 10m` (docs/soak.md). `--weeks 2` ends after two
 * weeks, `--tamper` changes a value of a table in the second one.
 */
const { values } = parseArgs({
  options: {
    for: { type: 'string', default: '10m' },
    weeks: { type: 'string' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: 'soak-report.json' },
    snapshots: { type: 'string' },
    tamper: { type: 'boolean', default: false },
  },
});
const forMs = parseDuration(values.for);
if (forMs === undefined) throw new Error(`--for: expected a duration such as 10m, 2h, 24h, found ${values.for}`);
const mostWeeks = values.weeks === undefined ? Infinity : Number(values.weeks);
const seed = Number(values.seed);
const random = randomOf(seed, 7);
const startedAt = performance.now();
const say = (line: string): void => console.error(line);

const config = processConfig();
const dir = await mkdtemp(join(tmpdir(), 'syncline-soak-'));
await chmod(dir, 0o755);
const partners = join(dir, 'partners');
const probes = join(dir, 'probes');
/** Of the processes that are measured: what is left in it was left behind. */
const temporary = join(dir, 'tmp');
for (const each of [probes, temporary]) await mkdir(each);

let told = 0;
const sink = createServer((request, response) => {
  told += 1;
  request.resume().on('end', () => response.end('ok'));
});
const sinkUrl = `http://127.0.0.1:${await listen(sink, { address: '127.0.0.1:0', setting: 'the sink' })}`;
const simulator = await startSimulator({
  seed,
  customers: 60,
  payments: 300,
  refunds: 60,
  events: 100,
  auth: { type: 'bearer', token: 'soak-token' },
  now: `${dayAt(0)}T00:00:00Z`,
});
const services = await startEmbedded({
  dir: join(dir, 'services'),
  cacheDir: config.cacheDir,
  pathEnv: config.pathEnv,
  durable: true,
  say,
});
const martUrl = services.databaseUrl.replace(/\/[^/?]*(\?.*)?$/, `/${TARGET}$1`);
const admin = new Pool({ connectionString: services.databaseUrl, max: 1 });
await admin.query(`create database ${TARGET}`);
await admin.end();
const pool = openPool(services.databaseUrl, 3);
const mart = new Pool({ connectionString: martUrl, max: 1, application_name: 'soak' });
const client = await connectClient({ address: services.temporalAddress, namespace: 'default' });
await writeDefinitions(partners, { martUrl, sinkUrl });
const webhookSecret = `whsec_${randomBytes(32).toString('base64')}`;

const env = {
  PATH: config.pathEnv,
  HOME: dir,
  TMPDIR: temporary,
  MALLOC_ARENA_MAX: '2',
  DATABASE_URL: services.databaseUrl,
  TEMPORAL_ADDRESS: services.temporalAddress,
  SYNCLINE_HOME: join(dir, 'home'),
  SYNCLINE_PARTNERS_DIR: partners,
  SYNCLINE_WORKFLOW_BUNDLE: services.workflowBundle,
  SYNCLINE_HEARTBEAT_TIMEOUT: '2s',
  SYNCLINE_CACHED_WORKFLOWS: '30',
  SOAK_URL: simulator.url,
  SOAK_TOKEN: 'soak-token',
  SOAK_WEBHOOK_SECRET: webhookSecret,
  SOAK_PROBES: probes,
};
const startWorker = (): Promise<Role> => startRole(['worker'], { env, ready: new RegExp(`"target\\.${TARGET}"`) });
const roles: Record<'worker' | 'ingest' | 'ui', Role> = {
  worker: await startWorker(),
  ingest: await startRole(['ingest', '--address', '127.0.0.1:0'], { env, ready: /ingest started/ }),
  ui: await startRole(['ui', '--address', '127.0.0.1:0'], { env, ready: /status page started/ }),
};
let victim = await startWorker();

const weeks: SoakWeek[] = [];
try {
  const key = await addCaller(
    pool,
    { id: 'shop', tier: 'normal', scopes: [`${PARTNER}/*`], addresses: null, certificate: null, limits: {} },
    { by: 'soak', reason: 'sends orders' },
  );
  const sender = createSender({ url: roles.ingest.url, key, secret: webhookSecret });
  const stage: Stage = {
    client,
    simulator,
    sender,
    ui: roles.ui,
    random,
    killWorker: async () => {
      await victim.kill();
      await rm(join(probes, `${victim.pid}.sock`), { force: true });
      victim = await startWorker();
    },
  };
  say(`soaking for ${values.for}, seed ${seed}; first day ${dayAt(0)}`);
  while (weeks.length < mostWeeks && (weeks.length === 0 || performance.now() - startedAt < forMs)) {
    const week = await playWeek(stage, weeks.length);
    weeks.push(week);
    say(describe(week));
    await writeFile(values.out, `${JSON.stringify({ seed, weeks })}\n`);
  }
  const findings = findingsOf(weeks);
  await writeFile(values.out, `${JSON.stringify({ seed, weeks, findings })}\n`);
  for (const line of linesOf(weeks, findings)) console.log(line);
  console.log(
    `${told} messages of alerts came; ${Math.round((performance.now() - startedAt) / 1000)} s; ${values.out}`,
  );
  process.exitCode = findings.length === 0 ? 0 : 1;
} catch (error) {
  // What ends with it may fail too, and would be all that is seen.
  console.error(error);
  throw error;
} finally {
  await Promise.all([victim, ...Object.values(roles)].map((role) => role.stop()));
  await client.connection.close();
  await Promise.allSettled([pool.end(), mart.end(), simulator.close()]);
  sink.close();
  sink.closeAllConnections();
  await services.stop();
  await rm(dir, { recursive: true, force: true });
}

async function playWeek(stage: Stage, week: number): Promise<SoakWeek> {
  const beganAt = performance.now();
  const problems: string[] = [];
  const nights: Night[] = [];
  for (let n = 0; n < 7; n += 1) {
    // What the other six nights left wrong the last one puts right.
    const night = await playNight(stage, week * 7 + n, { quiet: n === 6 });
    nights.push(night);
    if (n === 6 && night.outcome !== 'ok')
      problems.push(`its quiet night ended ${night.outcome}: ${night.reasons.join('; ')}`);
    if (night.outcome === 'did not end') problems.push(`the night of ${night.day} did not end`);
    if (n === 3) problems.push(...(await readPast(week)));
  }
  if (week % 3 === 2) problems.push(...(await rebuildOne(week)));
  for (const [name, role] of Object.entries(roles)) if (!role.running()) problems.push(`${name} has ended by itself`);
  const before = await restOf(pool, client);
  // Behind everybody's back, to show that it is found.
  if (values.tamper && week === 1)
    await pool.query("update soak.customers set email = 'tampered' where id = (select min(id) from soak.customers)");
  const drift = await drifts({ store: pool, mart, simulator: stage.simulator, sender: stage.sender });
  const after = before.length > 0 ? [] : await restOf(pool, client);
  await sweepAll(pool);
  const stays = [...before, ...after, ...(await beyondTheirTime(pool))];
  await sleep(REST_MS);
  const left = await readdir(temporary, { recursive: true });
  const processes = {
    worker: await sampleProcess(roles.worker.pid, probes),
    ingest: await sampleProcess(roles.ingest.pid, probes),
    ui: await sampleProcess(roles.ui.pid, probes),
  };
  const store = { ...(await sampleStore(pool, client)), 'temporary files': left.length };
  if (values.snapshots !== undefined && week % 4 === 1)
    await snapshotProcess(roles.worker.pid, probes, join(resolve(values.snapshots), `week-${week + 1}`));
  await fetch(`${stage.simulator.url}/_sim/reset`, { method: 'POST' });
  return {
    week: week + 1,
    seconds: (performance.now() - beganAt) / 1000,
    nights,
    drifts: drift,
    stays,
    problems,
    sample: { processes, store },
  };
}

/** Three days of before, one after the other, beside the nights. */
async function readPast(week: number): Promise<readonly string[]> {
  const asked = { from: dayAt(week * 7 - 2), to: dayAt(week * 7), chunk: '1d', zone: undefined, order: 'oldest' };
  const plan = checkPlan(asked, Date.now());
  const { handle } = await startBackfill(client, plainNames, {
    partner: PARTNER,
    stream: 'payments',
    plan,
    concurrency: 2,
    generation: 1,
  });
  const report = await reportOfBackfill(handle);
  return 'failure' in report ? [`the backfill failed: ${report.failure}`] : [];
}

async function rebuildOne(week: number): Promise<readonly string[]> {
  const stream = (['payments', 'refunds', 'events'] as const)[Math.floor(week / 3) % 3] as string;
  const handle = await startRebuild(client, plainNames, {
    target: TARGET,
    partner: PARTNER,
    stream,
    action: 'rebuild',
    acceptUnfit: false,
  });
  return handle.result().then(
    () => [],
    (error: unknown) => [`the rebuild of ${stream} failed: ${String(error)}`],
  );
}

function describe({ week, seconds, nights, drifts: drift, stays, problems, sample }: SoakWeek): string {
  const { worker, ingest, ui } = sample.processes;
  const memory = [worker, ingest, ui].map(
    (each) => `${Math.round(each?.rssMb ?? 0)}/${(each?.heapMb ?? 0).toFixed(1)}`,
  );
  const wrong = drift.length + stays.length + problems.length;
  const outcomes = nights.map(({ outcome, kills }) => `${outcome}${kills > 0 ? '†' : ''}`).join(' ');
  return `week ${week} ${seconds.toFixed(0)} s: ${outcomes}; RSS/heap MB ${memory.join(' ')}; ${sample.store['connections in all']} connections${wrong === 0 ? '' : `; ${wrong} WRONG: ${[...stays, ...problems, ...drift.map(({ table }) => table)].join('; ')}`}`;
}
