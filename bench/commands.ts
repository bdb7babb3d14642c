import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { processConfig } from '../config/env.ts';
import { startEmbedded } from '../services/embedded.ts';
import { migrate } from '../store/migrate/migrate.ts';
import { openPool } from '../store/session/open-pool.ts';
import { writeDefinitions } from './inspect.ts';
import { writePast, type Past } from './past.ts';

/**
 * Medians of whole commands, the start of Node among them, with a few streams and with 1,000, and with a Temporal that takes connections and says
 * nothing: `npm run --silent build && node --import tsx bench/commands.ts [--times 10]`.
 */
const { values } = parseArgs({ options: { times: { type: 'string', default: '10' } } });
const TIMES = Number(values.times);
const FEW: Past = { partners: 3, streams: 4, nights: 30, backfills: 0, windows: 0, quarantined: 4 };
const MANY: Past = { partners: 100, streams: 10, nights: 990, backfills: 10, windows: 24, quarantined: 40 };

const config = processConfig();
const dir = await mkdtemp(join(tmpdir(), 'syncline-bench-commands-'));
const services = await startEmbedded({
  dir: join(dir, 'services'),
  cacheDir: config.cacheDir,
  pathEnv: config.pathEnv,
  durable: false,
  say: () => {},
});
const silent = createServer(() => {}).listen(0, '127.0.0.1');
await once(silent, 'listening');
const silentAddress = `127.0.0.1:${(silent.address() as AddressInfo).port}`;

try {
  for (const [name, past] of Object.entries({ few: FEW, many: MANY })) {
    const databaseUrl = await written(name, past);
    const partners = join(dir, name);
    await writeDefinitions(partners, past);
    const env = {
      DATABASE_URL: databaseUrl,
      SYNCLINE_PARTNERS_DIR: partners,
      TEMPORAL_ADDRESS: services.temporalAddress,
    };
    console.log(`${past.partners * past.streams} streams of ${past.partners} partners`);
    await measure('node -e 0', ['-e', '0'], env);
    for (const command of [
      '--version',
      '--help',
      'status',
      'runs list',
      'quarantine list',
      'backfill list',
      'approvals list',
    ])
      await measure(`syncline ${command}`, ['dist/cli/main.js', ...command.split(' ')], env);
    await measure('syncline status, Temporal silent', ['dist/cli/main.js', 'status'], {
      ...env,
      TEMPORAL_ADDRESS: silentAddress,
    });
  }
} finally {
  silent.close();
  await services.stop();
  await rm(dir, { recursive: true, force: true });
}

async function written(name: string, past: Past): Promise<string> {
  const url = Object.assign(new URL(services.databaseUrl), { pathname: `/${name}` }).href;
  const first = openPool(services.databaseUrl, 1);
  await first.query(`create database ${name}`);
  await first.end();
  await migrate(url);
  const pool = openPool(url, 2);
  await writePast(pool, past);
  await pool.end();
  return url;
}

async function measure(name: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  const took: number[] = [];
  for (let n = 0; n < TIMES; n += 1) {
    const startedAt = performance.now();
    const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: 'ignore' });
    const [code] = (await once(child, 'exit')) as [number | null];
    took.push(performance.now() - startedAt);
    if (code !== 0) throw new Error(`${name} ended with ${code}`);
  }
  const sorted = took.toSorted((a, b) => a - b);
  const [least, middle, most] = [0, TIMES >> 1, TIMES - 1].map((at) => Math.round(sorted[at] ?? Number.NaN));
  console.log(`  ${name.padEnd(34)} median ${middle} ms (${least} to ${most})`);
}
