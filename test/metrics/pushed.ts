import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../services/free-port.ts';
import { addCaller } from '../../store/callers/change-callers.ts';
import { openPool } from '../../store/session/open-pool.ts';
import { eventually } from '../support/eventually.ts';
import { startIngestProcess } from '../support/ingest-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { ordersByPush } from '../support/use-ingest.ts';
import { samplesOf, total } from './scrape.ts';

/** What was pushed to `door/orders` of an ingest process, and what it told Prometheus of it. */
export interface Pushed {
  readonly exported: string;
  /** Of each request, in their order. */
  readonly statuses: readonly number[];
  /** What may be in no metric. */
  readonly secrets: readonly string[];
}

/** A caller with five requests a day sends six of two records, one of which does not fit; somebody guesses keys; a webhook comes that nobody has signed. */
export async function pushSome(databaseUrl: string, secret: string): Promise<Pushed> {
  const folder = await temporaryFolder();
  const webhooks = {
    changes: { preset: 'github', secrets: [{ value: secret }], routes: [{ stream: 'orders', as: 'record' }] },
  };
  const definition = { name: 'door', baseUrl: 'https://door.example', streams: { orders: ordersByPush() }, webhooks };
  await writeFile(join(folder.path, 'door.yaml'), JSON.stringify(definition));
  const limits = { rate: 1000, burst: 100, daily: 5 };
  const terms = { tier: 'normal', scopes: ['door/*'], addresses: null, certificate: null, limits } as const;
  const pool = openPool(databaseUrl, 1);
  const key = await addCaller(pool, { id: 'visitor', ...terms }, { by: 'ann', reason: 'a test' });
  await pool.end();
  const address = `127.0.0.1:${await freePort()}`;
  const ingest = startIngestProcess({
    env: {
      DATABASE_URL: databaseUrl,
      SYNCLINE_PARTNERS_DIR: folder.path,
      SYNCLINE_METRICS_ADDRESS: address,
      TEMPORAL_ADDRESS: '127.0.0.1:1',
    },
  });
  try {
    const url = await ingest.url;
    const send = async (path: string, authorization: string, body: unknown): Promise<number> => {
      const headers = { authorization, 'content-type': 'application/json' };
      return (await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).status;
    };
    const statuses: number[] = [];
    for (let i = 0; i < 6; i++)
      statuses.push(
        await send('/v1/door/orders', `Bearer ${key}`, [
          { id: `${secret}-${i}`, v: 1 },
          { id: secret, v: secret },
        ]),
      );
    statuses.push(await send('/hooks/door/changes', 'none', {}));
    for (let i = 0; i < GUESSES; i++) statuses.push(await send('/v1/door/orders', `Bearer sl_${i}`, []));
    let exported = '';
    const told = async (): Promise<boolean> => {
      exported = await (await fetch(`http://${address}/metrics`)).text();
      const samples = samplesOf(exported);
      const looked = samples.some(({ name }) => name === 'syncline_ingest_load_ratio');
      return looked && total(samples, 'syncline_callers_blocked_total') > 0;
    };
    await eventually(told).catch((late: unknown) => {
      throw new Error(`something was not told:\n${exported}`, { cause: late });
    });
    return { exported, statuses, secrets: [key, secret, url] };
  } finally {
    ingest.signal('SIGTERM');
    await ingest.ended;
    await folder.remove();
  }
}

/** More than one source may do in a minute (ingest/callers/misuse.ts). */
export const GUESSES = 35;
