import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { readConfig } from '../config/config.ts';
import { plainNames } from '../messages/names.ts';
import { startPostgres } from '../services/postgres.ts';
import { decidePairs } from '../store/duplicates/decide.ts';
import { migrate } from '../store/migrate/migrate.ts';
import { openPool } from '../store/session/open-pool.ts';
import { startUi } from '../ui/start-ui.ts';
import { writePast } from './past.ts';
import { RECONCILIATION, writePlanPast } from './plan-past.ts';

/**
 * `node --import tsx bench/plan-page.ts [--pairs N] [--times N]`: how long the pages of duplicates and reconciliations take with a plan of so many pairs and as many
 * findings, over HTTP, for somebody who has signed in; and the processor time of this process and of PostgreSQL, which other work on the machine hardly changes.
 */
const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '100000' }, times: { type: 'string', default: '20' } },
});
const PAIRS = Number(values.pairs);
const TIMES = Number(values.times);

const dir = await mkdtemp(join(tmpdir(), 'syncline-bench-plan-page-'));
const postgres = await startPostgres({ dataDir: join(dir, 'postgres'), durable: false });
await migrate(postgres.url);
const pool = openPool(postgres.url, 8);
await writePast(pool, { partners: 1, streams: 1, nights: 3, backfills: 0, windows: 0, quarantined: 0 });
const plan = await writePlanPast(pool, { pairs: PAIRS, findings: PAIRS, called: 'Doe' });
const ui = await startUi({
  address: '127.0.0.1:0',
  pool,
  names: plainNames,
  partnersDir: dir,
  log: { info: () => {}, warn: () => {} },
  settings: readConfig({ SYNCLINE_UI_USER_HEADER: 'x-user', SYNCLINE_UI_PROXIES: '127.0.0.1' }).ui,
  secret: 'of the bench',
  temporal: () => Promise.reject(new Error('no Temporal')),
});

/** Of /proc, so on Linux only: what this process, PostgreSQL and all that it has begun have used, in ms. */
async function processorMs(): Promise<number> {
  const { user, system } = process.cpuUsage();
  const { rows } = await pool.query<{ dir: string }>(`select current_setting('data_directory') as dir`);
  const [postmaster = ''] = (await readFile(join(rows[0]?.dir ?? '', 'postmaster.pid'), 'utf8')).split('\n');
  let ticks = 0;
  for (const id of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (id === postmaster) ticks += fields.slice(11, 15).reduce((sum, of) => sum + Number(of), 0);
    else if (fields[1] === postmaster) ticks += Number(fields[11]) + Number(fields[12]);
  }
  return (user + system) / 1000 + ticks * 10;
}

async function measure(path: string, apartMs: number): Promise<void> {
  const took: number[] = [];
  let from = 0;
  for (let n = 0; n < TIMES + 3; n++) {
    if (n === 3) from = await processorMs();
    const startedAt = performance.now();
    const answer = await fetch(`${ui.url}${path}`, { headers: { 'x-user': 'ann' } });
    await answer.text();
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
    // The first ones meet cold caches of the database.
    if (n >= 3) took.push(performance.now() - startedAt);
    await wait(apartMs);
  }
  const each = ((await processorMs()) - from) / TIMES;
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN).toFixed(1);
  console.log(
    `${path.padEnd(70)} median ${at(0.5).padStart(6)} ms, 95 % ${at(0.95).padStart(6)} ms, processor ${each.toFixed(0).padStart(4)} ms`,
  );
}

/** Longer than a list is shared. */
const APART_MS = 2100;

try {
  const half = `after=${Math.floor(PAIRS / 2)}`;
  const pages = async (): Promise<void> => {
    await measure('/duplicates', APART_MS);
    for (const query of [
      '',
      half,
      'decision=none',
      'rule=same-email',
      `rule=same-email&${half}`,
      'found=review&decision=none',
      `cluster=${Math.floor(PAIRS / 4)}`,
    ])
      await measure(`/duplicates/${plan}${query === '' ? '' : `?${query}`}`, 20);
  };
  console.log('undecided, without statistics of the tables');
  await pages();
  await decidePairs(pool, { plan, filter: { found: 'merge' }, decision: 'merge', by: 'bench', reason: 'a bench' });
  await pool.query('vacuum analyze');
  console.log('all from the threshold on approved, with statistics');
  await pages();
  await measure('/reconciliations', 20);
  for (const query of ['', '?page=500', '?kind=extra&state=open'])
    await measure(`/reconciliations/${RECONCILIATION}${query}`, 20);
} finally {
  await ui.close();
  await pool.end();
  await postgres.stop();
  await rm(dir, { recursive: true, force: true });
}
