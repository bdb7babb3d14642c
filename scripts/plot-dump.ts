import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { Pool } from 'pg';
import { startChild, type Child } from '../bench/processes.ts';
import { startPostgres } from '../services/postgres.ts';
import { migrate } from '../store/migrate/migrate.ts';
import { admissionsOf, noteAdmissions } from '../test/ingest/support/admissions.ts';
import { dumpNight, senders, type Sender } from '../test/support/dump-night.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { drawDump, type Taken } from './draw-dump.ts';

/**
 * `plot-dump [--requests 4000]`: docs/images/dump-night.svg, a night on which two partners send all that they have at once to two processes of
 * `syncline ingest`. It takes as long as the limit makes it: 80 s.
 */
const { values } = parseArgs({ options: { requests: { type: 'string', default: '4000' } } });
const requests = Number(values.requests);
const limits = { rate: 50, burst: 100 } as const;

const entries = `push: {}, disposition: append, schema: { type: object, required: [id], properties: { id: { type: string } } }`;
const definition = `name: acme
baseUrl: https://api.acme.example
streams:
${senders.map((name) => `  ${name}: { ${entries} }\n`).join('')}`;

const folder = await temporaryFolder();
await writeFile(`${folder.path}/acme.yaml`, definition);
const postgres = await startPostgres({ dataDir: `${folder.path}/postgres`, durable: true });
const pool = new Pool({ connectionString: postgres.url, options: '-c search_path=syncline' });
const children: (Child & { readonly line: string })[] = [];
try {
  await migrate(postgres.url);
  for (let i = 0; i < 2; i++)
    children.push(
      await startChild({
        args: ['--import', 'tsx', 'cli/main.ts', 'ingest', '--address', '127.0.0.1:0'],
        env: { DATABASE_URL: postgres.url, SYNCLINE_PARTNERS_DIR: folder.path, SYNCLINE_LOG_LEVEL: 'info' },
        ready: /ingest started/,
      }),
    );
  const urls = children.map(({ line }) => (JSON.parse(line) as { url: string }).url);
  const connections = { hurried: 50, patient: 10 };
  await noteAdmissions(pool);
  const began = await pool.query<{ us: number }>('select epoch_us() as us');
  const beganUs = began.rows[0]?.us ?? 0;
  const heard = await dumpNight({ urls, pool, limits, requests, connections, roundTripMs: 250, everyMs: 200 });
  const { rows } = await pool.query<{ name: string; events: string }>(
    'select name, count(*) as events from events join streams using (stream_id) group by name order by name',
  );
  const admitted = async (sender: Sender): Promise<readonly Taken[]> =>
    (await admissionsOf(pool, sender)).map(({ units, atUs }) => ({ units, atMs: (atUs - beganUs) / 1000 }));
  const taken = { hurried: await admitted('hurried'), patient: await admitted('patient') };
  await writeFile('docs/images/dump-night.svg', drawDump({ heard, taken, ...limits }));
  for (const sender of senders) {
    const mine = heard.filter((one) => one.sender === sender);
    const took = mine.flatMap(({ tookMs }) => tookMs ?? []).toSorted((a, b) => a - b);
    const at = (share: number): string => `${took[Math.floor((took.length - 1) * share)]?.toFixed(0) ?? '-'} ms`;
    const landed = rows.find(({ name }) => name === sender)?.events ?? 0;
    const refused = mine.filter(({ status }) => status !== 202).length;
    const end = ((mine.at(-1)?.atMs ?? 0) / 1000).toFixed(0);
    console.error(`${sender}: ${landed} in the log, ${refused} refused, ${end} s; p50 ${at(0.5)}, p99 ${at(0.99)}`);
  }
  console.error(`${cpus().length} cores: ${cpus()[0]?.model}`);
} finally {
  await pool.end();
  await Promise.all(children.map((child) => child.stop()));
  await postgres.stop();
  await folder.remove();
}
