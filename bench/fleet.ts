import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { reportOfSync, startSync } from '../client/start-sync.ts';
import { connectClient } from '../client/temporal-client.ts';
import { processConfig } from '../config/env.ts';
import { startEmbedded } from '../services/embedded.ts';
import { startJudge } from '../simulator/judge/start-judge.ts';
import { fleetCases, fleetDefinition, fleetStreams, type FleetCase } from './fleet-cases.ts';
import { startChild, type Child } from './processes.ts';
import { slotUse } from './slot-use.ts';

/**
 * Four worker processes, eight streams and a backfill against a strict judge in a process of its own: how many of their
 * requests it refuses, and how near to the ideal they come.
 * `npm run bench:fleet -- --case token-bucket-1 --rate 20 --seconds 60 [--burn 2] [--kill] [--every 5] [--json]`
 */
const { values } = parseArgs({
  options: {
    case: { type: 'string', multiple: true },
    rate: { type: 'string', multiple: true, default: ['20'] },
    seconds: { type: 'string', default: '60' },
    latency: { type: 'string', default: '2' },
    burn: { type: 'string', default: '0' },
    kill: { type: 'boolean', default: false },
    every: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
});
const WORKERS = 4;
/** How long it takes until a dead worker's streams go on, and then some. */
const QUIET_END_MS = 20_000;
const seconds = Number(values.seconds);
const cases = fleetCases.filter(({ name }) => values.case === undefined || values.case.includes(name));
const say = (line: string): void => console.error(line);

const config = processConfig();
const dir = await mkdtemp(join(tmpdir(), 'syncline-fleet-'));
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
let windows = 0;

try {
  for (const rate of values.rate.map(Number))
    for (const each of cases) {
      const result = await judged(each, rate);
      say(JSON.stringify(result));
      if (values.json) console.log(JSON.stringify(result));
    }
} finally {
  await client.connection.close();
  await services.stop();
  await rm(dir, { recursive: true, force: true });
}

async function judged(fleetCase: FleetCase, rate: number) {
  const { name, latencyMs = Number(values.latency) } = fleetCase;
  const pages = Math.ceil((rate * seconds) / fleetStreams.length);
  const judges = fleetCase.judges(rate);
  const judge = await startJudge({ judges, pages, latencyMs, scripted: [...(fleetCase.scripted ?? [])] });
  const partner = `judged${(windows += 1)}`;
  const definition = fleetDefinition(fleetCase.limits(rate)).replace('name: judged', `name: ${partner}`);
  await rm(partners, { recursive: true, force: true });
  await mkdir(partners);
  await writeFile(join(partners, `${partner}.yaml`), definition);
  const start = (): ReturnType<typeof startChild> =>
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
  const burners = Array.from({ length: Number(values.burn) }, burner);
  const done = new AbortController();
  const killing = values.kill ? killSome(workers, start, done.signal) : Promise.resolve(0);
  try {
    const run = { partner, streams: [], window: '2026-11-24', kind: 'manual', generation: 1 } as const;
    const started = await startSync(client, run);
    const report = await reportOfSync(started.handle);
    done.abort();
    const kills = await killing;
    const capped = judges.find((kind) => kind.kind === 'concurrency');
    const arrivals = capped === undefined ? [] : await judge.arrivals();
    const { requests, refused, early, wallMs, idealWallMs, maxConcurrent, stall, tokens } = await judge.report();
    return {
      case: name,
      rate,
      outcome: 'failure' in report ? report.failure : report.outcome,
      requests,
      pages: pages * fleetStreams.length,
      refused,
      early,
      wallMs: Math.round(wallMs),
      ofIdeal: Number((wallMs / idealWallMs).toFixed(3)),
      ...(capped === undefined
        ? {}
        : { whileAllWait: Number(slotUse(arrivals, { slots: capped.limit, latencyMs }).toFixed(3)) }),
      maxConcurrent,
      kills,
      overrunMs: tokens[0]?.judges.map((standing) => standing.worstOverrunMs),
      judgeStallMs: stall.maxMs,
      ...(fleetCase.scripted === undefined
        ? {}
        : {
            firstAfterMs: tokens[0]?.resets.map(({ firstAfterMs }) => firstAfterMs),
            earlySinceToldMs: tokens[0]?.earlyArrivals.map(({ sinceToldMs }) => sinceToldMs),
          }),
    };
  } finally {
    done.abort();
    await killing;
    for (const pid of burners) process.kill(pid, 'SIGKILL');
    await Promise.all(workers.map((worker) => worker.stop()));
    await judge.close();
  }
}

/** Takes a core for as long as it may. */
function burner(): number {
  return spawn(process.execPath, ['-e', 'for (const end = Date.now() + 600_000; Date.now() < end; );']).pid as number;
}

/**
 * Every so many seconds a worker dies without a word and another one joins; not at the end, where nobody else has anything
 * left to ask for and the time to find out would be measured instead of the limits.
 */
async function killSome(workers: Child[], start: () => Promise<Child>, signal: AbortSignal): Promise<number> {
  let kills = 0;
  const untilMs = performance.now() + seconds * 1000 - QUIET_END_MS;
  for (;;) {
    await sleep(Number(values.every) * 1000, undefined, { signal }).catch(() => {});
    if (signal.aborted || performance.now() > untilMs) return kills;
    const victim = workers.shift();
    if (victim !== undefined) process.kill(victim.pid, 'SIGKILL');
    kills += 1;
    workers.push(await start());
  }
}
