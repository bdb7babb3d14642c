import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fetchHints, type FetchHintsDeps } from '../../../activities/pull/fetch-hints.ts';
import { noFailpoint } from '../../../core/failpoint.ts';
import type { PartnerInput } from '../../../definitions/definition.ts';
import { postgresWarehouse } from '../../../landing/postgres-warehouse.ts';
import { PAUSE_SEEN_MS } from '../../../limits/watch/pauses.ts';
import type { HintsRound } from '../../../messages/follow-hints.ts';
import { plainNames } from '../../../messages/names.ts';
import { endPauses, orderPause } from '../../../store/pauses.ts';
import { postgresHints } from '../../../store/webhooks/hints.ts';
import { noteWork, reopenHints } from '../../../store/webhooks/work.ts';
import { partnerRegistry } from '../../../workers/partner-registry.ts';
import { ownPartners, type OwnAnswer, type OwnPartner, type OwnPartners } from '../../support/own-partner.ts';

let own: OwnPartners;
let partners: ReturnType<typeof partnerRegistry>;
const log = { info: () => {}, warn: () => {}, debug: () => {} };
beforeAll(async () => {
  own = await ownPartners();
  const warehouse = postgresWarehouse(own.pool);
  partners = partnerRegistry({
    names: plainNames,
    dir: own.folder,
    env: {},
    pool: own.pool,
    warehouse,
    log,
    now: () => Date.now(),
  });
});
afterAll(async () => {
  await partners.close();
  await own.close();
});

const schema = {
  type: 'object',
  required: ['id'],
  properties: { id: { type: 'integer' }, v: { type: 'integer' }, text: { type: 'string' } },
} as const;
const streams: PartnerInput['streams'] = {
  orders: { path: '/orders', primaryKey: ['id'], version: ['v'], schema },
};
const webhooks: PartnerInput['webhooks'] = {
  changes: {
    preset: 'github',
    secrets: [{ value: 's' }],
    routes: [{ stream: 'orders', as: 'hint', key: 'id', fetch: { path: '/orders/{id}' } }],
  },
};

interface Shop {
  readonly partner: OwnPartner;
  /** By its path: the answer to a call for one order, or what gives it. */
  readonly one: Map<string, OwnAnswer | (() => OwnAnswer | Promise<OwnAnswer>)>;
  hint(...keys: readonly string[]): Promise<void>;
  round(more?: Partial<FetchHintsDeps>): Promise<HintsRound>;
  /** Key, how often it was named, state, attempts and reason of each hint that is left. */
  left(): Promise<unknown[][]>;
  rows(): Promise<unknown[][]>;
}

async function aShop(more: Partial<PartnerInput> = {}): Promise<Shop> {
  const one: Shop['one'] = new Map();
  const partner = await own.partner(
    (url) => {
      const answer = one.get(url.pathname) ?? { status: 404, body: {} };
      return typeof answer === 'function' ? answer() : answer;
    },
    streams,
    { webhooks, ...more },
  );
  const read = async (text: string, values: readonly unknown[] = []): Promise<unknown[][]> =>
    (await own.pool.query<unknown[]>({ text, values: [...values], rowMode: 'array' })).rows;
  return {
    partner,
    one,
    hint: (...keys) =>
      noteWork(own.pool, {
        partner: partner.name,
        webhook: 'changes',
        work: keys.map((key) => ({ kind: 'hint', stream: 'orders', key, waitMs: 0 })),
      }),
    round: (given = {}) =>
      fetchHints(
        {
          names: plainNames,
          partners,
          warehouse: postgresWarehouse(own.pool),
          hints: postgresHints(own.pool),
          failpoint: noFailpoint,
          now: () => Date.now(),
          random: () => 0,
          draining: () => false,
          ...given,
        },
        partner.name,
        {
          signal: new AbortController().signal,
          writer: { workflowRunId: 'r', attempt: 1 },
          heartbeat: () => {},
          onWritten: () => {},
        },
      ),
    left: () =>
      read('select key, noted::integer, state, attempts, reason from webhook_work where partner = $1 order by key', [
        partner.name,
      ]),
    rows: () => read(`select id::integer, v::integer, text from "${partner.name}".orders order by id`),
  };
}

const order = (id: number, v = 1, text = 'x'): OwnAnswer => ({ body: { id, v, text } });

const dying: FetchHintsDeps['failpoint'] = (name) => {
  if (name === 'fetched.after') throw new Error('killed');
};

describe('records that webhooks have named', () => {
  test('are fetched by one call each, land in their stream, and the ledger has the calls', async () => {
    const shop = await aShop();
    await shop.hint('1', '2', '3');
    await shop.hint('1');
    shop.one.set('/orders/1', order(1)).set('/orders/2', order(2));
    expect(await shop.round()).toEqual({ state: 'done', fetched: 3, refused: 0 });
    expect(shop.partner.asked.toSorted()).toEqual(['/orders/1', '/orders/2', '/orders/3']);
    expect(await shop.rows()).toEqual([
      [1, 1, 'x'],
      [2, 1, 'x'],
    ]);
    // There is no third one, and nobody need ask again.
    expect(await shop.left()).toEqual([]);
    const { rows } = await own.pool.query(
      `select r.kind, r.state, r.outcome, r.fetched::integer, r.requests::integer, s.watermark from stream_runs r join streams s using (stream_id) where s.partner = $1`,
      [shop.partner.name],
    );
    expect(rows).toEqual([{ kind: 'fetch', state: 'done', outcome: 'ok', fetched: 2, requests: 3, watermark: null }]);
    expect(await shop.round()).toEqual({ state: 'done', fetched: 0, refused: 0 });
  });

  test('named again while they are fetched, they are fetched once more', async () => {
    const shop = await aShop();
    await shop.hint('7');
    let v = 1;
    shop.one.set('/orders/7', async () => {
      const answer = order(7, v);
      if (v === 1) await shop.hint('7');
      v += 1;
      return answer;
    });
    expect(await shop.round()).toMatchObject({ state: 'more', fetched: 1 });
    expect(await shop.round()).toMatchObject({ state: 'done', fetched: 1 });
    expect(await shop.rows()).toEqual([[7, 2, 'x']]);
  });

  test('an answer that cannot be taken holds up no other; it is asked for again, and at last left to a person', async () => {
    const shop = await aShop();
    await shop.hint('1', '2', '3');
    shop.one.set('/orders/1', { status: 400, body: {} }).set('/orders/2', order(99)).set('/orders/3', order(3));
    expect(await shop.round()).toMatchObject({ state: 'later', fetched: 1, refused: 2, deferred: false });
    expect(await shop.rows()).toEqual([[3, 1, 'x']]);
    expect(await shop.left()).toEqual([
      ['1', 1, 'open', 1, expect.stringContaining('400')],
      ['2', 1, 'open', 1, 'asked for orders 2, and 99 came'],
    ]);
    await own.pool.query(`update webhook_work set due_at = now(), attempts = 9 where partner = $1 and key = '2'`, [
      shop.partner.name,
    ]);
    await shop.round();
    expect((await shop.left())[1]).toEqual(['2', 1, 'failed', 10, 'asked for orders 2, and 99 came']);
    expect(await shop.round()).toMatchObject({ fetched: 0, refused: 0 });
    shop.one.set('/orders/2', order(2));
    expect(await reopenHints(own.pool, { partner: shop.partner.name, webhook: 'changes' })).toBe(1);
    expect(await shop.round()).toMatchObject({ fetched: 1 });
    expect(await shop.rows()).toEqual([
      [2, 1, 'x'],
      [3, 1, 'x'],
    ]);
  });

  test('a partner that wants to be left alone is; one that fails is not asked for all the others', async () => {
    const shop = await aShop();
    await shop.hint('1');
    shop.one.set('/orders/1', { status: 429, headers: { 'retry-after': '120' }, body: {} });
    const later = (await shop.round()) as Extract<HintsRound, { readonly state: 'later' }>;
    expect(later).toMatchObject({ state: 'later', deferred: true, fetched: 0, refused: 0 });
    expect(Date.parse(later.until) - Date.now()).toBeGreaterThan(60_000);
    expect(await shop.left()).toEqual([['1', 1, 'open', 0, null]]);

    const down = await aShop({ circuit: { streak: 100, minCalls: 1000 } });
    const keys = Array.from({ length: 8 }, (_, i) => String(i + 1));
    for (const key of keys) down.one.set(`/orders/${key}`, { status: 500, body: {} });
    await down.hint(...keys);
    expect(await down.round()).toMatchObject({ state: 'later', deferred: true, refused: 3 });
    expect(down.partner.asked).toHaveLength(3);
  });

  test('a worker that dies behind the commit leaves the hint; it is fetched again, lands once, and its run ends', async () => {
    const shop = await aShop();
    await shop.hint('5');
    shop.one.set('/orders/5', order(5));
    // What a killed process would not do either: the run is left as it is.
    const warehouse = postgresWarehouse(own.pool);
    const dead = { ...warehouse, finishStream: () => Promise.reject(new Error('killed')) };
    await expect(shop.round({ failpoint: dying, warehouse: dead })).rejects.toThrow('killed');
    expect(await shop.left()).toEqual([['5', 1, 'open', 0, null]]);
    expect(await shop.round()).toMatchObject({ state: 'done', fetched: 1 });
    expect(await shop.rows()).toEqual([[5, 1, 'x']]);
    const { rows } = await own.pool.query(
      `select array_agg(distinct r.state) as states, (select count(*)::integer from events e where e.stream_id = s.stream_id) as events
        from stream_runs r join streams s using (stream_id) where s.partner = $1 group by s.stream_id`,
      [shop.partner.name],
    );
    expect(rows).toEqual([{ states: ['done'], events: 1 }]);
  });

  test('a partner that a person has paused is not asked, until the pause ends', async () => {
    const shop = await aShop();
    const { name } = shop.partner;
    await shop.hint('1');
    shop.one.set('/orders/1', order(1));
    const pause = { scope: 'partner', target: name, partner: name } as const;
    await orderPause(own.pool, { ...pause, reason: 'their release', by: 'ann', atOnce: false });
    // What was read of pauses before is good for so long.
    await wait(PAUSE_SEEN_MS);
    const later = await shop.round();
    expect(later).toMatchObject({ state: 'later', deferred: true, fetched: 0 });
    expect(later).toHaveProperty('cause', expect.stringMatching(/^paused by ann .*: their release$/));
    expect(shop.partner.asked).toEqual([]);
    await endPauses(own.pool, { targets: [pause], by: 'ann', reason: 'done' });
    expect(await shop.round()).toMatchObject({ state: 'done', fetched: 1 });
  });

  test('what no route fetches any more is left to a person', async () => {
    const shop = await aShop();
    await shop.hint('1');
    await writeFile(
      join(own.folder, `${shop.partner.name}.yaml`),
      JSON.stringify({ name: shop.partner.name, baseUrl: 'https://x.example', streams }),
    );
    expect(await shop.round()).toMatchObject({ state: 'done', refused: 1 });
    expect(await shop.left()).toEqual([
      ['1', 1, 'failed', 1, 'no route of the webhook fetches records of orders any more'],
    ]);
    expect(shop.partner.asked).toEqual([]);
  });
});
