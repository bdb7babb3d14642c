import { createHmac, randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { sign as signAsGitHub } from '@octokit/webhooks-methods';
import { Stripe } from 'stripe';
import { checkPartner } from '../../../definitions/check.ts';
import { compilePartner } from '../../../definitions/compile.ts';
import { compileWebhooks, type CompiledWebhook } from '../../../definitions/compile-webhooks.ts';
import { partner } from '../../../definitions/definition.ts';
import { retakeDelivery } from '../../../ingest/webhooks/take-delivery.ts';
import type { WebhookDeps } from '../../../ingest/webhooks/routes.ts';
import { plainNames } from '../../../messages/names.ts';
import { failedDeliveries } from '../../../store/webhooks/deliveries.ts';
import { ask } from '../../support/use-ingest.ts';
import {
  bench,
  byHubSpot,
  byStandard,
  byStripe,
  definition,
  deliver,
  deliveryOf,
  event,
  refusals,
  rowsOf,
  streams,
  stripe,
  table,
  url,
  webhooks,
} from '../support/hook-bench.ts';

test('the definition holds', () => {
  expect(checkPartner(definition)).toEqual([]);
});

describe('the payload is the record', () => {
  test('it is in the table when it is answered, under either secret; a delete takes it away', async () => {
    const first = await byStripe(event('evt_1', 'order.created', { id: 'a', v: 1, text: 'x' }));
    expect([first.status, first.text]).toEqual([200, '']);
    expect((await byStripe(event('evt_2', 'order.created', { id: 'b', v: 1 }), 'whsec_old')).status).toBe(200);
    expect(await rowsOf('orders')).toEqual([
      ['a', 1, 'x'],
      ['b', 1, null],
    ]);
    expect((await byStripe(event('evt_3', 'order.deleted', { id: 'b', v: 2 }))).status).toBe(200);
    expect(await rowsOf('orders')).toEqual([['a', 1, 'x']]);
    expect(await deliveryOf('evt_3')).toEqual(['taken', 'order.deleted', 1, 0, 1, null, false]);
    const [[caller]] = (await table(`select distinct caller from pages where caller is not null`)) as [[string]];
    expect(caller).toBe('webhook:payments');
  });

  test('an older version that comes late, or again, changes nothing', async () => {
    await byStripe(event('evt_10', 'order.changed', { id: 'late', v: 5, text: 'new' }));
    await byStripe(event('evt_11', 'order.changed', { id: 'late', v: 4, text: 'old' }));
    expect((await rowsOf('orders')).filter(([id]) => id === 'late')).toEqual([['late', 5, 'new']]);
  });

  test('a repeated delivery is answered alike and not taken again; another body under its id is kept and told', async () => {
    const body = event('evt_20', 'order.created', { id: 'r', v: 1, text: 'first' });
    const answers = [await byStripe(body), await byStripe(body)];
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [200, ''],
      [200, ''],
    ]);
    expect(await deliveryOf('evt_20')).toEqual(['taken', 'order.created', 1, 0, 2, null, false]);
    const other = event('evt_20', 'order.created', { id: 'r', v: 2, text: 'second' });
    expect((await byStripe(other)).status).toBe(200);
    expect((await byStripe(other)).status).toBe(200);
    expect((await rowsOf('orders')).filter(([id]) => id === 'r')).toEqual([['r', 1, 'first']]);
    const [altered] = await failedDeliveries(bench.pool, {
      partner: 'acme',
      webhook: 'payments',
      after: '0',
      limit: 10,
    });
    expect(altered?.deliveryId).toMatch(/^evt_20#[0-9a-f]{16}$/);
    expect(altered?.body.toString()).toBe(other);
    // A person has looked at it, and wants it.
    const retaken = await retakeDelivery(
      { pool: bench.pool, intake: intakeOf() },
      webhook('payments'),
      altered as never,
    );
    expect(retaken.fate).toBe('taken');
    expect((await rowsOf('orders')).filter(([id]) => id === 'r')).toEqual([['r', 2, 'second']]);
    expect(await failedDeliveries(bench.pool, { partner: 'acme', webhook: 'payments', after: '0', limit: 10 })).toEqual(
      [],
    );
  });

  test('records without a key land once, however often and at once their delivery comes', async () => {
    const body = JSON.stringify({
      type: 'x',
      data: [
        { id: 'e1', v: 1 },
        { id: 'e1', v: 1 },
      ],
    });
    const statuses = (await Promise.all(Array.from({ length: 12 }, () => byStandard('msg_many', body)))).map(
      ({ status }) => status,
    );
    expect(statuses.every((status) => status === 200 || status === 503)).toBe(true);
    expect((await byStandard('msg_many', body)).status).toBe(200);
    expect(await rowsOf('entries')).toEqual([
      ['e1', 1, null],
      ['e1', 1, null],
    ]);
  });

  test('a record that does not fit is in quarantine, and the delivery says so', async () => {
    expect((await byStripe(event('evt_30', 'order.created', { id: 'q', v: 'much' }))).status).toBe(200);
    expect(await deliveryOf('evt_30')).toEqual(['taken', 'order.created', 1, 1, 1, null, false]);
  });
});

describe('what is not signed right', () => {
  test('gets one answer for all reasons, is counted, and leaves nothing', async () => {
    const body = event('evt_bad', 'order.created', { id: 'forged', v: 1, text: 'canary-body' });
    const old = Stripe.webhooks.generateTestHeaderString({
      payload: body,
      secret: 'whsec_new',
      timestamp: Math.floor(Date.now() / 1000) - 3600,
    });
    const answers = [
      await byStripe(body, 'whsec_wrong'),
      await deliver('payments', body, { 'stripe-signature': old }),
      await deliver('payments', body, {}),
      await deliver('payments', body, { 'stripe-signature': 'x' }),
      await deliver('payments', `${body} `, stripe(body)),
      await deliver('payments', JSON.stringify(JSON.parse(body), null, 1), stripe(body)),
      await deliver('payments', body.slice(0, -1), stripe(body)),
    ];
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(
      new Set(['401 {"type":"about:blank","title":"Unauthorized","status":401}\n']),
    );
    expect(await deliveryOf('evt_bad')).toBeUndefined();
    await refusals.stop();
    expect(
      await table(`select reason, count::integer from webhook_refusals where webhook = 'payments' order by reason`),
    ).toEqual([
      ['a header cannot be read', 1],
      ['a header is missing', 1],
      ['the signature fits no secret', 4],
      ['the time is too old', 1],
    ]);
    expect(JSON.stringify(await table('select * from webhook_refusals'))).not.toContain('canary');
  });

  test('a header that comes twice is refused, though each would do alone', async () => {
    const body = event('evt_twice', 'order.created', { id: 'twice', v: 1 });
    const header = stripe(body)['stripe-signature'] as string;
    const answer = await fetch(`${url}/hooks/acme/payments`, {
      method: 'POST',
      body,
      headers: [
        ['content-type', 'application/json'],
        ['stripe-signature', header],
        ['Stripe-Signature', header],
      ],
    });
    expect(answer.status).toBe(401);
  });

  test('there is no other webhook, and no other method', async () => {
    expect((await deliver('nothing', '{}', {})).status).toBe(404);
    expect((await ask(`${url}/hooks/nobody/payments`, { method: 'POST', body: '{}' })).status).toBe(404);
    expect((await ask(`${url}/hooks/acme/payments`)).status).toBe(405);
    for (const name of ['__proto__', 'constructor', '%2e%2e', '%00'])
      expect((await deliver(name, '{}', {})).status).toBe(404);
  });
});

const work = () =>
  table(`select kind, stream, key, noted::integer, state from webhook_work order by kind, stream, key`);

describe('hints, orders and batches', () => {
  test('hints of one key are joined; each event of a batch goes its own way', async () => {
    const batch = [
      { subscriptionType: 'line.changed', objectId: 'l1' },
      { subscriptionType: 'line.changed', objectId: 'l2' },
      { subscriptionType: 'line.changed', objectId: 'l1' },
      { subscriptionType: 'unknown', objectId: 'l3' },
      { subscriptionType: 'everything.new' },
      { subscriptionType: 'order.new', order: { id: 'batch', v: 1, text: 'from a batch' } },
    ];
    expect((await byHubSpot(batch)).status).toBe(200);
    const first = await table(`select due_at from webhook_work where key = 'l1'`);
    expect((await byHubSpot([batch[0]])).status).toBe(200);
    expect(await work()).toEqual([
      ['hint', 'lines', 'l1', 2, 'open'],
      ['hint', 'lines', 'l2', 1, 'open'],
      ['sync', '', '', 1, 'open'],
    ]);
    // It waits no longer for what was joined.
    expect(await table(`select due_at from webhook_work where key = 'l1'`)).toEqual(first);
    expect((await rowsOf('orders')).filter(([id]) => id === 'batch')).toEqual([['batch', 1, 'from a batch']]);
  });

  test('what cannot be read is kept whole, the rest of the batch is done; mended, it is taken', async () => {
    const batch = [
      { subscriptionType: 'line.changed', objectId: { no: 'key' } },
      { subscriptionType: 'order.new', order: { id: 'rest', v: 1 } },
      { subscriptionType: 'order.new' },
    ];
    expect((await byHubSpot(batch)).status).toBe(200);
    expect((await rowsOf('orders')).some(([id]) => id === 'rest')).toBe(true);
    const [failed] = await failedDeliveries(bench.pool, { partner: 'acme', webhook: 'changes', after: '0', limit: 10 });
    expect(JSON.parse(String(failed?.body))).toEqual(batch);
    const [[reason]] = (await table(
      `select reason from webhook_deliveries where state = 'failed' and webhook = 'changes'`,
    )) as [[string]];
    expect(reason).toBe(
      'objectId: expected the key of a record of lines, found an object; order: expected a record of orders, found nothing',
    );
    const mended = compileWebhooks(
      compilePartner(
        partner.parse({
          name: 'acme',
          baseUrl: 'https://api.acme.example',
          streams: { orders: streams.orders },
          webhooks: {
            changes: {
              preset: 'hubspot',
              url: 'https://x.example',
              secrets: [{ value: 'client' }],
              routes: [{ as: 'sync' }],
            },
          },
        }),
        plainNames,
      ),
    ).get('changes') as CompiledWebhook;
    expect(await retakeDelivery({ pool: bench.pool, intake: intakeOf() }, mended, failed as never)).toMatchObject({
      fate: 'taken',
    });
    expect(await failedDeliveries(bench.pool, { partner: 'acme', webhook: 'changes', after: '0', limit: 10 })).toEqual(
      [],
    );
  });

  test.each([
    ['{"subscriptionType":', 'expected JSON in UTF-8, found something else'],
    ['"text"', 'the body: expected an array of events, found a string'],
    [
      `[${'['.repeat(100)}${']'.repeat(100)}]`,
      'expected at most 64 levels of objects and arrays inside each other, found more',
    ],
  ])('a signed body such as %.20s is kept', async (body, reason) => {
    const at = String(Date.now());
    const signed = createHmac('sha256', 'client').update(`POST${definition.webhooks?.['changes']?.url}${body}${at}`);
    const headers = { 'x-hubspot-request-timestamp': at, 'x-hubspot-signature-v3': signed.digest('base64') };
    expect((await deliver('changes', body, headers)).status).toBe(200);
    expect(await table(`select body, reason from webhook_deliveries where body = $1`, [Buffer.from(body)])).toEqual([
      [Buffer.from(body), reason],
    ]);
  });

  test('an event that no route wants is counted and else ignored', async () => {
    const body = '{"ref":"main"}';
    const headers = async (type: string, id: string) => ({
      'x-hub-signature-256': await signAsGitHub('g', body),
      'x-github-event': type,
      'x-github-delivery': id,
    });
    const [ping, push] = [randomUUID(), randomUUID()];
    expect((await deliver('code', body, await headers('ping', ping))).status).toBe(200);
    expect(await deliveryOf(ping)).toEqual(['ignored', 'ping', 0, 0, 1, null, false]);
    expect((await deliver('code', body, await headers('push', push))).status).toBe(200);
    expect(await deliveryOf(push)).toEqual(['taken', 'push', 0, 0, 1, null, false]);
    const odd = Buffer.from('{"id":"evt_nul","type":"a\\u0000b"}');
    expect((await deliver('payments', odd, stripe(odd.toString()))).status).toBe(200);
    expect(await deliveryOf('evt_nul')).toEqual(['ignored', 'a?b', 0, 0, 1, null, false]);
  });
});

test('Slack gets its challenge back, signed or not at all', async () => {
  const body =
    '{"token":"t","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}';
  const at = String(Math.floor(Date.now() / 1000));
  const signed = createHmac('sha256', 's').update(`v0:${at}:${body}`).digest('hex');
  const answer = await deliver('chat', body, { 'x-slack-request-timestamp': at, 'x-slack-signature': `v0=${signed}` });
  expect([answer.status, answer.body]).toEqual([
    200,
    { challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P' },
  ]);
  expect((await deliver('chat', body, { 'x-slack-request-timestamp': at, 'x-slack-signature': 'v0=00' })).status).toBe(
    401,
  );
});

test('Xero’s intent to receive: 200 without a body for the right signature, 401 for a wrong one', async () => {
  const body = '{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S0m3r4Nd0mt3xt"}';
  const right = createHmac('sha256', 'k').update(body).digest('base64');
  const good = await deliver('books', body, { 'x-xero-signature': right });
  expect([good.status, good.text, good.headers.get('set-cookie')]).toEqual([200, '', null]);
  const wrong = createHmac('sha256', 'other').update(body).digest('base64');
  expect((await deliver('books', body, { 'x-xero-signature': wrong })).status).toBe(401);
});

const webhook = (name: string): CompiledWebhook => webhooks.get(name) as CompiledWebhook;
let used: WebhookDeps['intake'] | undefined;
const intakeOf = (): WebhookDeps['intake'] => used as WebhookDeps['intake'];
beforeAll(async () => {
  await bench.start({
    more: (_app, { intake }) => {
      used = intake;
    },
  });
});
