import { createHmac } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { pino } from 'pino';
import { Webhook } from 'standardwebhooks';
import { Stripe } from 'stripe';
import { compilePartner } from '../../../definitions/compile.ts';
import { compileWebhooks } from '../../../definitions/compile-webhooks.ts';
import { partner } from '../../../definitions/definition.ts';
import { countRefusals } from '../../../ingest/webhooks/refusal-counts.ts';
import { webhookRoutes, type WebhookDeps } from '../../../ingest/webhooks/routes.ts';
import { plainNames } from '../../../messages/names.ts';
import { ask, openIngestBench, ordersByPush, type Answered, type IngestBench } from '../../support/use-ingest.ts';

export const streams = {
  orders: ordersByPush({ deletes: { as: 'hard' } }),
  entries: ordersByPush({ primaryKey: [], version: [], disposition: 'append' }),
};
export const whsec = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
export const definition = partner.parse({
  name: 'acme',
  baseUrl: 'https://api.acme.example',
  streams: {
    orders: streams.orders,
    entries: streams.entries,
    lines: { ...ordersByPush(), push: undefined, path: '/lines' },
  },
  webhooks: {
    payments: {
      preset: 'stripe',
      secrets: [{ value: 'whsec_new' }, { value: 'whsec_old' }],
      routes: [
        { when: { values: ['order.deleted'] }, stream: 'orders', as: 'delete', record: 'data.object' },
        { when: { values: ['order.*'] }, stream: 'orders', as: 'record', record: 'data.object' },
      ],
    },
    entries: {
      preset: 'standard',
      secrets: [{ value: whsec }],
      routes: [{ stream: 'entries', as: 'record', record: 'data' }],
      id: { header: 'webhook-id' },
    },
    changes: {
      preset: 'hubspot',
      url: 'https://hooks.example.com/hooks/acme/changes',
      secrets: [{ value: 'client' }],
      routes: [
        {
          when: { values: ['line.changed'] },
          stream: 'lines',
          as: 'hint',
          key: 'objectId',
          fetch: { path: '/lines/{id}' },
          wait: '10s',
        },
        { when: { values: ['everything.*'] }, as: 'sync' },
        { when: { values: ['order.*'] }, stream: 'orders', as: 'record', record: 'order' },
      ],
    },
    chat: { preset: 'slack', secrets: [{ value: 's' }], routes: [{ as: 'sync' }] },
    books: { preset: 'xero', secrets: [{ value: 'k' }], routes: [{ stream: 'lines', as: 'sync' }] },
    code: { preset: 'github', secrets: [{ value: 'g' }], routes: [{ when: { values: ['push'] }, as: 'sync' }] },
  },
});
export const webhooks = compileWebhooks(compilePartner(definition, plainNames));

export let bench: IngestBench;
export let url: string;
export let refusals: ReturnType<typeof countRefusals>;
export const fates: unknown[] = [];
export const log = pino({ level: 'silent' });
export const start = async (more: Partial<WebhookDeps> = {}): Promise<string> => {
  const served = await bench.start({
    more: (app, { intake }) =>
      webhookRoutes(app, {
        pool: bench.pool,
        intake,
        log,
        refusals,
        webhooks: (name) => Promise.resolve(name === 'acme' ? webhooks : undefined),
        onDelivery: (one) => fates.push(one),
        ...more,
      }),
  });
  return served.url;
};
beforeAll(async () => {
  bench = await openIngestBench({ orders: streams.orders, entries: streams.entries });
  refusals = countRefusals(bench.pool, log);
  url = await start();
});
afterAll(() => bench.close());

export type Headers = Readonly<Record<string, string>>;
export const deliver = (webhook: string, body: string | Buffer, headers: Headers, at = url): Promise<Answered> =>
  ask(`${at}/hooks/acme/${webhook}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });

export const stripe = (payload: string, secret = 'whsec_new'): Headers => ({
  'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload, secret }),
});
export const event = (id: string, type: string, object: object): string =>
  JSON.stringify({ id, type, data: { object } });
export const byStripe = (body: string, secret?: string): Promise<Answered> =>
  deliver('payments', body, stripe(body, secret));

export const standardHeaders = (id: string, body: string): Headers => {
  const atS = Math.floor(Date.now() / 1000);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(atS),
    'webhook-signature': new Webhook(whsec).sign(id, new Date(atS * 1000), body),
  };
};
export const byStandard = (id: string, body: string): Promise<Answered> =>
  deliver('entries', body, standardHeaders(id, body));

export const byHubSpot = (events: unknown): Promise<Answered> => {
  const body = JSON.stringify(events);
  const at = String(Date.now());
  const signed = createHmac('sha256', 'client').update(`POST${definition.webhooks?.['changes']?.url}${body}${at}`);
  return deliver('changes', body, {
    'x-hubspot-request-timestamp': at,
    'x-hubspot-signature-v3': signed.digest('base64'),
  });
};

export const table = async (sql: string, values: readonly unknown[] = []): Promise<unknown[][]> =>
  (await bench.pool.query<unknown[]>({ text: sql, values: [...values], rowMode: 'array' })).rows;
export const rowsOf = (stream: string): Promise<unknown[][]> =>
  table(`select id, v::integer, text from acme.${stream} where _deleted_at is null order by id, v`);
export const deliveryOf = async (id: string): Promise<unknown[] | undefined> =>
  (
    await table(
      'select state, event_type, records, quarantined, times, reason, body is not null from webhook_deliveries where delivery_id = $1',
      [id],
    )
  )[0];
