import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Pool } from 'pg';
import { freePort } from '../../services/free-port.ts';
import { startPostgres, type PostgresServer } from '../../services/postgres.ts';
import { addCaller } from '../../store/callers/change-callers.ts';
import { migrate } from '../../store/migrate/migrate.ts';
import { startIngestProcess, type IngestProcess } from '../support/ingest-process.ts';
import { long } from '../support/long.ts';
import { seeded } from '../support/outage-model.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { ask, type Answered } from '../support/use-ingest.ts';

const definition = `name: acme
baseUrl: https://api.acme.example
streams:
  entries:
    push: {}
    disposition: append
    schema: { type: object, required: [id], properties: { id: { type: string } } }
`;

let folder: TemporaryFolder;
let postgres: PostgresServer;
let pool: Pool;
let key: string;
/** Of the servers that senders try, one after the other. */
let addresses: string[];
const processes: IngestProcess[] = [];

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeFile(`${folder.path}/acme.yaml`, definition);
  postgres = await startPostgres({ dataDir: `${folder.path}/postgres`, durable: true });
  await migrate(postgres.url);
  pool = new Pool({ connectionString: postgres.url, options: '-c search_path=syncline' });
  pool.on('error', () => {});
  key = await addCaller(
    pool,
    {
      id: 'bank',
      tier: 'critical',
      scopes: ['acme/*'],
      addresses: null,
      certificate: null,
      limits: { rate: 10_000, burst: 10_000 },
    },
    { by: 'test', reason: 'test' },
  );
  addresses = [`127.0.0.1:${await freePort()}`];
});
afterAll(async () => {
  for (const each of processes) each.signal('SIGKILL');
  await Promise.all(processes.map(({ ended }) => ended));
  await pool.end();
  await postgres.stop();
  await folder.remove();
});

const start = async (failpoint = '', address = addresses[0] as string): Promise<IngestProcess> => {
  const env = {
    DATABASE_URL: postgres.url,
    SYNCLINE_PARTNERS_DIR: folder.path,
    SYNCLINE_KEY_LEASE: '2s',
    SYNCLINE_FAILPOINT: failpoint,
  };
  const started = startIngestProcess({ address, env });
  processes.push(started);
  await started.url;
  return started;
};

/** As a good client: the same key until it is answered, whatever happens. */
async function deliver(id: string): Promise<Answered> {
  const idempotency = randomUUID();
  for (let tries = 0; tries < 2000; tries++) {
    const answer = await ask(`http://${addresses[tries % addresses.length]}/v1/acme/entries`, {
      method: 'POST',
      signal: AbortSignal.timeout(3000),
      body: JSON.stringify({ id }),
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': idempotency },
    }).catch(() => undefined);
    if (answer !== undefined && ![409, 429, 500, 503].includes(answer.status)) return answer;
    await sleep(50);
  }
  throw new Error(`${id} was not answered`);
}

/** So many at a time, until `isEnough`; ids of what was answered, by their records. */
async function storm(name: string, isEnough: (sent: number) => boolean): Promise<Map<string, Answered>> {
  const answers = new Map<string, Answered>();
  let sent = 0;
  await Promise.all(
    Array.from({ length: 12 }, async () => {
      while (!isEnough(sent)) {
        const id = `${name} ${(sent += 1)}`;
        answers.set(id, await deliver(id));
      }
    }),
  );
  return answers;
}

interface Truth {
  /** Record and request of each row. */
  readonly rows: readonly (readonly [string, string])[];
  /** Of the log. */
  readonly events: number;
}

/** What is in the table and in the log. */
async function found(name: string): Promise<Truth> {
  const { rows } = await pool.query<[string, string]>({
    rowMode: 'array',
    text: `select t.id, p.page_key from acme.entries t join syncline.pages p on p.page_id = t._page and p.kind = 'push' where t.id like $1`,
    values: [`${name} %`],
  });
  const { rows: logged } = await pool.query<{ events: string }>(
    `select count(*) as events from syncline.events where payload ->> 'id' like $1`,
    [`${name} %`],
  );
  return { rows: sorted(rows), events: Number(logged[0]?.events) };
}

/** What senders were told. */
const told = (answers: ReadonlyMap<string, Answered>): Truth => ({
  rows: sorted(
    [...answers].map(([id, { status, body }]) => [id, status === 202 ? (body as { id: string }).id : String(status)]),
  ),
  events: answers.size,
});
const sorted = (rows: readonly (readonly [string, string])[]): Truth['rows'] =>
  rows.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)));

describe('what was answered is there once, and what was not can be sent again', () => {
  const points = ['push.claimed', 'push.answered', 'commit.middle', 'push.before', 'push.after'] as const;
  test('where the server is killed at each of its failpoints', async () => {
    await start(`${points[0]}:3`);
    let killed = 0;
    const storming = storm('points', (sent) => killed === points.length && sent >= 100);
    for (; killed < points.length; killed++) {
      await processes.at(-1)?.ended;
      const next = points[killed + 1];
      await start(next === undefined ? '' : `${next}:3`);
    }
    const answers = await storming;
    expect(await found('points')).toEqual(told(answers));
  });

  test('where it is asked to end: what it took in is answered first', async () => {
    const server = processes.at(-1) as IngestProcess;
    let left = 60;
    const storming = storm('drained', () => left-- <= 0);
    await sleep(100);
    server.signal('SIGTERM');
    expect(await server.ended).toBe(0);
    await start();
    const answers = await storming;
    expect(await found('drained')).toEqual(told(answers));
  });
});

(long ? describe : describe.skip)('in full', () => {
  test('where servers and PostgreSQL are killed at any moment, 100 times', async () => {
    const random = seeded(18);
    let kills = 0;
    const storming = storm('storm', () => kills >= 100);
    while (kills < 100) {
      await sleep(random() * 300);
      if (random() < 0.2) {
        await postgres.kill();
        await sleep(random() * 200);
        postgres = await startPostgres({ dataDir: `${folder.path}/postgres`, durable: true, port: postgres.port });
      } else {
        processes.at(-1)?.signal('SIGKILL');
        await processes.at(-1)?.ended;
        await start();
      }
      kills += 1;
    }
    const answers = await storming;
    expect(await found('storm')).toEqual(told(answers));
  }, 600_000);

  test('where a server is frozen in the middle of a transaction: others go on, and it writes nothing late', async () => {
    const frozen = processes.at(-1) as IngestProcess;
    addresses.push(`127.0.0.1:${await freePort()}`);
    await start('', addresses[1]);
    let thawed = false;
    const storming = storm('frozen', () => thawed);
    for (let open = 0; open === 0;) {
      await sleep(20);
      frozen.signal('SIGSTOP');
      await sleep(200);
      const { rows } = await pool.query<{ open: string }>(
        `select count(*) as open from pg_stat_activity where state = 'idle in transaction'`,
      );
      open = Number(rows[0]?.open);
      if (open === 0) frozen.signal('SIGCONT');
    }
    await sleep(14_000);
    frozen.signal('SIGCONT');
    await sleep(1000);
    thawed = true;
    const answers = await storming;
    expect(await found('frozen')).toEqual(told(answers));
  });
});
