import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig } from '../config/config.ts';
import { plainNames } from '../messages/names.ts';
import { startPostgres } from '../services/postgres.ts';
import { statusOfStreams } from '../store/inspect/stream-status.ts';
import { migrate } from '../store/migrate/migrate.ts';
import { openPool } from '../store/session/open-pool.ts';
import { startUi } from '../ui/start-ui.ts';
import { writeDefinitions } from './inspect.ts';
import { writePast, type Past } from './past.ts';
import { timed } from './timed.ts';

/**
 * How long the pages of `syncline ui` take with 1,000 streams and 100,000 runs, and what `syncline status` asks of the database:
 * `node --import tsx bench/page.ts [--times 40]`. Each is asked for anew: what serves several readers within a second is out of date by then.
 */
const { values } = parseArgs({ options: { times: { type: 'string', default: '40' } } });
const TIMES = Number(values.times);
const PAST: Past = { partners: 100, streams: 10, nights: 990, backfills: 10, windows: 24, quarantined: 40 };

/** Longer than a reading of all streams is shared. */
const APART_MS = 1100;

const say = (line: string): void => console.log(line);

const dir = await mkdtemp(join(tmpdir(), 'syncline-bench-page-'));
const postgres = await startPostgres({ dataDir: join(dir, 'postgres'), durable: false });
await migrate(postgres.url);
const pool = openPool(postgres.url, 8);
const partnersDir = join(dir, 'partners');
say('writing 1,000 streams and 100,000 runs');
await writePast(pool, PAST);
await writeDefinitions(partnersDir, PAST);
const ui = await startUi({
  address: '127.0.0.1:0',
  pool,
  names: plainNames,
  partnersDir,
  log: { info: () => {}, warn: () => {} },
  settings: readConfig({}).ui,
  secret: 'of the bench',
  temporal: () => Promise.reject(new Error('no Temporal')),
});
try {
  await timed('what `syncline status` asks', { times: TIMES, apartMs: 20 }, () => statusOfStreams(pool));
  const shared = ['/', '/streams', '/streams?state=late'];
  const own = [
    '/partners/p7',
    '/partners/p7/s1',
    '/runs',
    '/runs/sync/p1/2025-07-18',
    '/alerts',
    '/limits',
    '/callers',
    '/webhooks',
  ];
  for (const path of [...shared, ...own]) {
    const page = async (): Promise<unknown> => {
      const answer = await fetch(`${ui.url}${path}`);
      if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
      return answer.text();
    };
    await timed(path, { times: TIMES, apartMs: shared.includes(path) ? APART_MS : 20 }, page);
  }
} finally {
  await ui.close();
  await pool.end();
  await postgres.stop();
  await rm(dir, { recursive: true, force: true });
}
