import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { freePort } from '../../../services/free-port.ts';
import { startIngestProcess, type IngestProcess } from '../../support/ingest-process.ts';
import { long } from '../../support/long.ts';
import { temporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.ts';
import { usePool } from '../../support/use-pool.ts';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const schema = { type: 'object', required: ['id'], properties: { id: { type: 'string' } } };
const definition = {
  name: 'acme',
  baseUrl: 'https://api.acme.example',
  streams: {
    entries: { push: {}, disposition: 'append', schema },
    orders: { path: '/orders', primaryKey: ['id'], schema },
  },
  webhooks: {
    events: {
      preset: 'standard',
      secrets: [{ value: secret }],
      routes: [
        { when: { values: ['entry'] }, stream: 'entries', as: 'record', record: 'data' },
        { stream: 'orders', as: 'hint', key: 'data.id', fetch: { path: '/orders/{id}' }, wait: '1h' },
      ],
    },
  },
};

const used = usePool();
let folder: TemporaryFolder;
let address: string;
const processes: IngestProcess[] = [];
beforeAll(async () => {
  folder = await temporaryFolder();
  await writeFile(`${folder.path}/acme.yaml`, JSON.stringify(definition));
  address = `127.0.0.1:${await freePort()}`;
});
afterAll(async () => {
  for (const each of processes) each.signal('SIGKILL');
  await Promise.all(processes.map(({ ended }) => ended));
  await folder.remove();
});

async function start(failpoint = ''): Promise<IngestProcess> {
  const started = startIngestProcess({
    address,
    env: {
      DATABASE_URL: used.database.url,
      SYNCLINE_PARTNERS_DIR: folder.path,
      SYNCLINE_KEY_LEASE: '1s',
      SYNCLINE_FAILPOINT: failpoint,
    },
  });
  processes.push(started);
  await started.url;
  return started;
}

/** As a sender does it: the same id until it is answered with 2xx, a signature of its own for each attempt. */
async function deliver(id: string, type: string): Promise<void> {
  const body = JSON.stringify({ type, data: { id } });
  for (let tries = 0; tries < 1000; tries++) {
    const atS = Math.floor(Date.now() / 1000);
    const answer = await fetch(`http://${address}/hooks/acme/events`, {
      method: 'POST',
      body,
      signal: AbortSignal.timeout(3000),
      headers: {
        'webhook-id': `msg_${type}_${id}`,
        'webhook-timestamp': String(atS),
        'webhook-signature': new Webhook(secret).sign(`msg_${type}_${id}`, new Date(atS * 1000), body),
      },
    }).catch(() => undefined);
    await answer?.arrayBuffer().catch(() => {});
    if (answer?.ok === true) return;
    await sleep(50);
  }
  throw new Error(`${id} was never answered`);
}

const column = async (sql: string): Promise<unknown[]> =>
  (await used.pool.query<unknown[]>({ text: sql, rowMode: 'array' })).rows.flat();

test('what was answered is there once, wherever the server is killed; what was not is taken when it comes again', async () => {
  // Behind the commit of the records, and before their delivery is noted: what comes again then must not be taken twice.
  const all = ['push.after', 'push.claimed', 'push.answered', 'push.before'];
  const points = long
    ? all.flatMap((point) => Array.from({ length: 4 }, (_, i) => `${point}:${2 + i}`))
    : ['push.after:5'];
  let sent = 0;
  let killed = 0;
  const enough = new AbortController();
  const ids: string[] = [];
  const senders = Array.from({ length: 6 }, async () => {
    while (!enough.signal.aborted) {
      const id = `n${String((sent += 1)).padStart(6, '0')}`;
      await deliver(id, 'entry');
      await deliver(id, 'order');
      ids.push(id);
      await sleep(10);
    }
  });
  for (const point of points) {
    const server = await start(point);
    await server.ended;
    killed += 1;
  }
  await start();
  enough.abort();
  await Promise.all(senders);
  expect(killed).toBe(points.length);
  expect(ids.length).toBeGreaterThan(points.length);
  expect(await column('select id from acme.entries order by id')).toEqual(ids.toSorted());
  expect(await column(`select payload ->> 'id' from events order by 1`)).toEqual(ids.toSorted());
  expect(await column(`select key from webhook_work where kind = 'hint' order by key`)).toEqual(ids.toSorted());
  expect(await column(`select count(*)::integer from webhook_deliveries where state = 'taken'`)).toEqual([
    2 * ids.length,
  ]);
}, 600_000);
