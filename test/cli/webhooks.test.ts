import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { webhooksList } from '../../cli/commands/webhooks.ts';
import { webhooksReplay } from '../../cli/commands/webhooks-replay.ts';
import { webhooksTest } from '../../cli/commands/webhooks-test.ts';
import { readConfig, type Config } from '../../config/config.ts';
import { DAY, HOUR, MINUTE } from '../../core/duration.ts';
import { noMetrics, type ObservedWebhook } from '../../core/metrics.ts';
import { usualSilenceMs } from '../../core/usual-silence.ts';
import type { Ingest } from '../../ingest/start-ingest.ts';
import { pastSilences } from '../../store/webhooks/list-webhooks.ts';
import { noteWork } from '../../store/webhooks/work.ts';
import { sweepDeliveries } from '../../store/webhooks/deliveries.ts';
import { startIngestRole } from '../../workers/ingest-role.ts';
import { createLogger } from '../../workers/logger.ts';
import { observeWebhooks } from '../../workers/observe-webhooks.ts';
import { loadPartner } from '../../definitions/load.ts';
import { compilePartner } from '../../definitions/compile.ts';
import { plainNames } from '../../messages/names.ts';
import { said } from '../support/said.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { usePool } from '../support/use-pool.ts';

const used = usePool();
let folder: TemporaryFolder;
let config: Config & { readonly uiUrl: undefined };
let ingest: Ingest;
const schema = { type: 'object', required: ['id'], properties: { id: { type: 'string' }, v: { type: 'integer' } } };
const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const record = { when: { values: ['order.*'] }, stream: 'orders', as: 'record', record: 'data' };
const fetch = { path: '/orders/{id}' };
const hooks: Readonly<Record<string, object>> = {
  standard: { preset: 'standard', secrets: [{ value: '${HOOK_SECRET}' }], routes: [record] },
  stripe: {
    preset: 'stripe',
    secrets: [{ value: 'old', until: '2020-01-01T00:00:00Z' }, { value: 'whsec_x' }],
    routes: [record],
  },
  github: { preset: 'github', secrets: [{ value: 'g' }], routes: [record] },
  shopify: { preset: 'shopify', secrets: [{ value: 's' }], routes: [record] },
  slack: { preset: 'slack', secrets: [{ value: 's' }], routes: [record] },
  svix: { preset: 'svix', secrets: [{ value: secret }], routes: [record] },
  hubspot: {
    preset: 'hubspot',
    url: 'https://hooks.example.com/hooks/acme/hubspot',
    secrets: [{ value: 'h' }],
    routes: [record],
  },
  zendesk: { preset: 'zendesk', secrets: [{ value: 'z' }], routes: [record] },
  xero: {
    preset: 'xero',
    secrets: [{ value: 'x' }],
    routes: [{ when: { values: ['ORDER'] }, stream: 'orders', as: 'hint', key: 'id', fetch }],
  },
  own: {
    signature: { header: 'X-Sig', content: '{timestamp}.{body}', timestamp: { header: 'X-Time' } },
    secrets: [{ value: 'o' }],
    type: { header: 'X-Event' },
    routes: [record],
    expect: '1h',
  },
  all: { preset: 'github', secrets: [{ value: 'a' }], routes: [{ stream: 'orders', as: 'record' }] },
};
const write = (webhooks: object = hooks): Promise<void> =>
  writeFile(
    join(folder.path, 'acme.yaml'),
    JSON.stringify({
      name: 'acme',
      baseUrl: 'https://api.acme.example',
      streams: { orders: { path: '/orders', primaryKey: ['id'], version: ['v'], schema } },
      webhooks,
    }),
  );

beforeAll(async () => {
  folder = await temporaryFolder();
  await write();
  config = {
    ...readConfig({
      DATABASE_URL: used.database.url,
      SYNCLINE_PARTNERS_DIR: folder.path,
      HOOK_SECRET: secret,
    }),
    uiUrl: undefined,
  };
  ingest = await startIngestRole({ config, log: createLogger('silent'), address: '127.0.0.1:0' });
});
afterAll(async () => {
  await ingest?.close();
  await folder?.remove();
});

const tested = (webhook: string, options: { readonly type?: string; readonly body?: string } = {}) =>
  said(config, { url: ingest.url, ...options }, (context) => webhooksTest({ ...context, partner: 'acme', webhook }));
const listed = () => said(config, {}, (context) => webhooksList({ ...context, partner: undefined }));
const replayed = (webhook: string) =>
  said(config, {}, (context) => webhooksReplay({ ...context, partner: 'acme', webhook }));

describe('syncline webhooks test', () => {
  test.each(Object.keys(hooks).filter((name) => name !== 'all'))(
    'signs as %s would, is accepted, and the forged one is refused; nothing is left but that it came',
    async (webhook) => {
      const { code, json, text } = await tested(webhook);
      expect(json).toEqual({ url: `${ingest.url}/hooks/acme/${webhook}`, accepted: 200, refused: 401 });
      expect(code).toBe(0);
      expect(text).not.toContain(secret);
      const { rows } = await used.pool.query('select state, records from webhook_deliveries where webhook = $1', [
        webhook,
      ]);
      expect(rows).toEqual([{ state: 'ignored', records: 0 }]);
    },
  );

  test('does not make up what a route would take', async () => {
    await expect(tested('all')).rejects.toThrow(/a route of all takes every event/);
    await expect(tested('nothing')).rejects.toThrow(/partner acme has no webhook "nothing"; it has standard, /);
    const body = join(folder.path, 'body.json');
    await writeFile(body, '{"id":"mine","v":1}\n');
    expect((await tested('all', { body })).json).toMatchObject({ accepted: 200 });
    const { rows } = await used.pool.query('select id, v::integer from acme.orders');
    expect(rows).toEqual([{ id: 'mine', v: 1 }]);
  });

  test('says so when nobody is there, or has other secrets', async () => {
    await expect(
      said(config, { url: 'http://127.0.0.1:1' }, (context) =>
        webhooksTest({ ...context, partner: 'acme', webhook: 'own' }),
      ),
    ).rejects.toThrow(/nobody answers at http:\/\/127\.0\.0\.1:1/);
    const other = { ...config, env: { ...config.env, HOOK_SECRET: `whsec_${Buffer.alloc(32, 9).toString('base64')}` } };
    const { code, text } = await said(other, { url: ingest.url }, (context) =>
      webhooksTest({ ...context, partner: 'acme', webhook: 'standard' }),
    );
    expect(code).not.toBe(0);
    expect(text).toContain('The server has other secrets');
  });
});

describe('what waits for a person', () => {
  test('is listed, and taken again once the definition fits', async () => {
    const body = join(folder.path, 'moved.json');
    await writeFile(body, JSON.stringify({ id: 'evt_moved', type: 'order.new', object: { id: 'moved', v: 1 } }));
    expect((await tested('stripe', { body })).json).toMatchObject({ accepted: 200 });
    const place = { partner: 'acme', webhook: 'xero' };
    await noteWork(used.pool, { ...place, work: [{ kind: 'hint', stream: 'orders', key: 'k', waitMs: 0 }] });
    await used.pool.query(`update webhook_work set state = 'failed', reason = 'not there' where key = 'k'`);
    const before = await listed();
    expect(before.code).not.toBe(0);
    expect(before.text).toMatch(/acme\/stripe: 1 deliveries could not be taken and are kept/);
    expect(before.text).toMatch(/acme\/xero: 1 records that it named could not be fetched/);
    expect(before.json).toContainEqual(
      expect.objectContaining({
        webhook: 'stripe',
        path: '/hooks/acme/stripe',
        signed: 'stripe',
        failed: 1,
        repeated: 0,
      }),
    );
    expect(before.text).not.toContain('moved');

    const still = await replayed('stripe');
    expect(still.text).toMatch(/1 that still cannot be taken\.\n {2}data: expected a record of orders, found nothing/);
    await write({ ...hooks, stripe: { ...hooks['stripe'], routes: [{ ...record, record: 'object' }] } });
    const done = await replayed('stripe');
    expect([done.code, done.json]).toEqual([0, { taken: 1, ignored: 0, failed: 0, reasons: [], hints: 0 }]);
    const { rows } = await used.pool.query(`select id from acme.orders where id = 'moved'`);
    expect(rows).toHaveLength(1);
    expect((await replayed('stripe')).text).toBe('No delivery had failed.');
    expect((await replayed('xero')).json).toMatchObject({ hints: 1 });
    const after = await listed();
    expect([after.code, after.text.includes('could not be')]).toEqual([0, false]);
  });
});

const came = async (webhook: string, agoMs: readonly number[]): Promise<void> => {
  for (const ago of agoMs)
    await used.pool.query(
      `insert into webhook_deliveries (partner, webhook, delivery_id, body_hash, state, received_at)
        values ('acme', $1, $2, '\\x00', 'taken', now() - $3 * interval '1 millisecond')`,
      [webhook, randomUUID(), ago],
    );
};

describe('a webhook that falls silent', () => {
  test.each([
    ['too few', { longestMs: [HOUR], overMs: 20 * DAY, count: 19 }, undefined],
    ['for too short a time', { longestMs: [HOUR], overMs: 7 * DAY, count: 500 }, undefined],
    ['a week: twice the longest', { longestMs: [60 * HOUR, HOUR], overMs: 9 * DAY, count: 500 }, 120 * HOUR],
    [
      'weeks: one silence may have been an outage',
      { longestMs: [90 * HOUR, 60 * HOUR], overMs: 20 * DAY, count: 500 },
      120 * HOUR,
    ],
    [
      'never less than a quarter of an hour',
      { longestMs: [MINUTE, MINUTE], overMs: 20 * DAY, count: 500 },
      15 * MINUTE,
    ],
  ])('what is usual is learnt from past silences: %s', (_name, past, usual) => {
    expect(usualSilenceMs(past)).toBe(usual);
  });

  test('is told by `list` and the metric, by `expect` or by what was usual', async () => {
    await used.pool.query(`delete from webhook_deliveries`);
    // Each hour for ten days, and then a day of silence; several at once count as one.
    const hours = Array.from({ length: 240 }, (_, hour) => DAY + hour * HOUR);
    await came('github', hours);
    await came(
      'github',
      hours.slice(0, 50).map((ago) => ago + 1000),
    );
    await came('own', [2 * HOUR]);
    await came('slack', [30 * MINUTE]);
    const past = await pastSilences(used.pool, { partner: 'acme', webhook: 'github' });
    expect(past.count).toBe(239);
    expect(Math.round((past.longestMs[0] as number) / MINUTE)).toBe(60);
    const { text, json, code } = await listed();
    expect(text).toMatch(/acme\/github: nothing has come for 1d, and silences of up to 1h are usual/);
    expect(text).toMatch(/acme\/own: nothing has come for 2h, and `expect` says 1h/);
    expect(text).not.toMatch(/acme\/slack: nothing/);
    expect(code).not.toBe(0);
    expect(json).toContainEqual(expect.objectContaining({ webhook: 'slack', expectedMs: null }));

    const seen = new Map<string, ObservedWebhook>();
    const compiled = compilePartner(await loadPartner('acme', { dir: folder.path, env: config.env }), plainNames);
    await observeWebhooks({
      dir: folder.path,
      partners: { streams: () => Promise.resolve(compiled) },
      pool: used.pool,
      metrics: { ...noMetrics, webhookObserved: ({ webhook }, at) => seen.set(webhook, at) },
      now: () => Date.now(),
    })();
    const late = (name: string): boolean => {
      const { silentSecs, expectedSecs } = seen.get(name) as ObservedWebhook;
      return expectedSecs > 0 && silentSecs > expectedSecs;
    };
    expect([...seen.keys()].filter(late).toSorted()).toEqual(['github', 'own']);
    expect(seen.get('stripe')).toEqual({ silentSecs: 0, expectedSecs: 0, failedDeliveries: 0, failedHints: 0 });
  });

  test('one whose secrets have all ended is told', async () => {
    const [ended] = [{ value: 'old', until: '2020-01-01T00:00:00Z' }];
    await write({ chat: { preset: 'slack', secrets: [ended], routes: [{ stream: 'orders', as: 'sync' }] } });
    expect((await listed()).text).toContain('acme/chat: no secret is valid now, so that every delivery is refused');
    await expect(tested('chat')).rejects.toThrow(/no secret of acme\/chat is valid now/);
    await write();
  });

  test('deliveries are forgotten after thirty days', async () => {
    await came('svix', [29 * DAY, 31 * DAY]);
    expect(await sweepDeliveries(used.pool)).toBe(1);
  });
});
