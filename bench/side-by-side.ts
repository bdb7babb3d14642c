import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { reportOfSync, startSync } from '../client/start-sync.ts';
import { connectClient } from '../client/temporal-client.ts';
import { processConfig } from '../config/env.ts';
import { MOST } from '../core/width.ts';
import { startEmbedded } from '../services/embedded.ts';
import { openClient } from '../store/session/open-session.ts';
import type { JudgeInput } from '../simulator/judge/settings.ts';
import { startJudge } from '../simulator/judge/start-judge.ts';
import { startChild, type Child } from './processes.ts';

/**
 * A child stream of many parents, one request each, against a strict judge: how near four workers come to what limit and latency
 * allow. Answers take between half and one and a half times `--latency`.
 * `npm run bench:side-by-side -- --case 50/s --latency 300 --parents 2000 [--kill] [--again] [--json]`
 */
const { values } = parseArgs({
  options: {
    case: { type: 'string', multiple: true },
    latency: { type: 'string', multiple: true, default: ['20', '300', '2000'] },
    parents: { type: 'string', default: '2000' },
    kill: { type: 'boolean', default: false },
    /** Another night, in which nothing is new: its time, and by how much the store grows. */
    again: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const WORKERS = 4;
/** Longer than it takes until the others hear of it. */
const KILL_EVERY_MS = 15_000;
const PAGE = 1000;
const say = (line: string): void => console.error(line);

interface Case {
  readonly judges: NonNullable<JudgeInput['judges']>;
  readonly limits: string;
  /** Requests at once, as Syncline bounds them where the partner does not. */
  readonly most: number;
  /** So that a run ends in some minutes. */
  readonly mostParents?: number;
}

const rated = (rate: number, burst: number): Case => ({
  judges: [{ kind: 'tokenBucket', rate, burst }],
  limits: `{ rate: ${rate}, per: 1s, burst: ${burst} }`,
  most: MOST.counted,
});
const cases: Readonly<Record<string, Case>> = {
  '5/s': { ...rated(5, 1), mostParents: 300 },
  '50/s': rated(50, 10),
  '500/s': rated(500, 100),
  'three-at-once': {
    judges: [{ kind: 'concurrency', limit: 3 }],
    limits: '{ concurrency: 3 }',
    most: 3,
    mostParents: 500,
  },
  none: { judges: [], limits: '{}', most: MOST.uncounted },
};

const config = processConfig();
const dir = await mkdtemp(join(tmpdir(), 'syncline-side-by-side-'));
await chmod(dir, 0o755);
const partners = join(dir, 'partners');
await mkdir(partners, { recursive: true });
const services = await startEmbedded({
  dir: join(dir, 'services'),
  cacheDir: config.cacheDir,
  pathEnv: config.pathEnv,
  durable: true,
  say,
});
const client = await connectClient({ address: services.temporalAddress, namespace: 'default' });
let runs = 0;

try {
  for (const [name, each] of Object.entries(cases)) {
    if (values.case !== undefined && !values.case.includes(name)) continue;
    for (const latency of values.latency.map(Number)) {
      const result = await measured(name, each, latency);
      say(JSON.stringify(result));
      if (values.json) console.log(JSON.stringify(result));
    }
  }
} finally {
  await client.connection.close();
  await services.stop();
  await rm(dir, { recursive: true, force: true });
}

async function measured(name: string, { judges, limits, most, mostParents = Infinity }: Case, latencyMs: number) {
  const parents = Math.min(Number(values.parents), mostParents);
  const partner = `parents${(runs += 1)}`;
  const pages = Math.ceil(parents / PAGE);
  const listed = { streams: { parents: { pages } }, pages: 1, size: Math.min(PAGE, parents) };
  const judge = await startJudge(listed);
  await writeFile(join(partners, `${partner}.yaml`), definition(partner, limits));
  const start = (): Promise<Child> =>
    startChild({
      args: ['dist/cli/main.js', 'worker'],
      env: {
        DATABASE_URL: services.databaseUrl,
        TEMPORAL_ADDRESS: services.temporalAddress,
        SYNCLINE_WORKFLOW_BUNDLE: services.workflowBundle,
        SYNCLINE_PARTNERS_DIR: partners,
        SYNCLINE_LOG_LEVEL: 'info',
        JUDGE_URL: judge.url,
      },
      ready: new RegExp(`"partner\\.${partner}"`),
    });
  const workers: Child[] = await Promise.all(Array.from({ length: WORKERS }, start));
  const done = new AbortController();
  try {
    await sync(partner, 'parents');
    await judge.configure({ judges, pages: 1, size: 3, latencyMs: latencyMs / 2, jitterMs: latencyMs });
    const killing = values.kill ? killSome(workers, start, done.signal) : Promise.resolve(0);
    const report = await sync(partner, 'children');
    done.abort();
    const kills = await killing;
    const { requests, refused, wallMs, idealWallMs, maxConcurrent, stall } = await judge.report();
    const night = values.again ? await anotherNight(partner) : {};
    const idealMs = Math.max(idealWallMs, (parents * latencyMs) / most);
    return {
      case: name,
      latencyMs,
      outcome: 'failure' in report ? report.failure : report.outcome,
      rows: 'failure' in report ? 0 : report.counts.inserted,
      requests,
      parents,
      refused,
      wallMs: Math.round(wallMs),
      ofIdeal: Number((wallMs / idealMs).toFixed(3)),
      maxConcurrent,
      kills,
      judgeStallMs: stall.maxMs,
      peakMb: Math.max(...(await Promise.all(workers.map((worker) => worker.peakMb())))),
      ...night,
    };
  } finally {
    done.abort();
    await Promise.all(workers.map((worker) => worker.stop()));
    await judge.close();
  }
}

async function sync(partner: string, stream: string, window = stream === 'parents' ? '2026-11-23' : '2026-11-24') {
  const run = { partner, streams: [stream], window, kind: 'manual', generation: 1 } as const;
  return reportOfSync((await startSync(client, run)).handle);
}

/** The same records come again. */
async function anotherNight(partner: string) {
  const before = await storeBytes();
  const startedAt = performance.now();
  const report = await sync(partner, 'children', '2026-11-25');
  const seconds = (performance.now() - startedAt) / 1000;
  const after = await storeBytes();
  return {
    nightOutcome: 'failure' in report ? report.failure : report.outcome,
    nightUnchanged: 'failure' in report ? 0 : report.counts.unchanged,
    nightSeconds: Number(seconds.toFixed(1)),
    nightStoreMb: Number(((after - before) / 1024 / 1024).toFixed(1)),
  };
}

async function asked<T extends object>(sql: string): Promise<T> {
  const database = await openClient(services.databaseUrl, { name: 'syncline bench' });
  try {
    return (await database.query<T>(sql)).rows[0] as T;
  } finally {
    await database.end();
  }
}

async function storeBytes(): Promise<number> {
  const { bytes } = await asked<{ bytes: string }>(
    `select sum(pg_total_relation_size(c.oid)) as bytes from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'syncline' and c.relkind in ('r', 'm')`,
  );
  return Number(bytes);
}

/** Now and then a worker dies without a word, and another one joins. Not always the oldest: it is the one that gets the next work. */
async function killSome(workers: Child[], start: () => Promise<Child>, signal: AbortSignal): Promise<number> {
  for (let kills = 0; ; kills++) {
    await sleep(KILL_EVERY_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return kills;
    const [victim] = workers.splice((kills * 2) % workers.length, 1);
    if (victim !== undefined) process.kill(victim.pid, 'SIGKILL');
    workers.push(await start());
  }
}

function definition(name: string, limits: string): string {
  const schema = 'schema: { type: object, required: [id], properties: { id: { type: string }, v: { type: integer } } }';
  return `name: ${name}
baseUrl: \${JUDGE_URL}
auth: { type: bearer, token: judged-token }
limits: ${limits}
streams:
  parents:
    path: /s/parents
    records: data
    primaryKey: [id]
    pagination: { type: token, token: next, as: page }
    ${schema}
  children:
    path: /s/{parent}
    records: data
    primaryKey: [id]
    parent: { stream: parents, field: id, as: parent }
    pagination: { type: token, token: next, as: page }
    ${schema}
`;
}
