import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { compilePartner } from '../../../definitions/compile.ts';
import { compileWebhooks } from '../../../definitions/compile-webhooks.ts';
import { partner } from '../../../definitions/definition.ts';
import { plainNames } from '../../../messages/names.ts';
import { openPool } from '../../../store/session/open-pool.ts';
import { eventually } from '../../support/eventually.ts';
import { long } from '../../support/long.ts';
import type { Answered } from '../../support/use-ingest.ts';
import {
  bench,
  byStripe,
  definition,
  deliver,
  deliveryOf,
  event,
  rowsOf,
  standardHeaders,
  start,
  streams,
  stripe,
} from '../support/hook-bench.ts';

test('without the database it is to be sent again, and nothing is acknowledged', async () => {
  expect((await byStripe(event('evt_before', 'order.created', { id: 'before', v: 1 }))).status).toBe(200);
  const away = openPool('postgres://nobody@127.0.0.1:1/nothing', 1);
  try {
    const at = await start({ pool: away });
    const body = event('evt_away', 'order.created', { id: 'away', v: 1 });
    const answer = await deliver('payments', body, stripe(body), at);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await rowsOf('orders')).not.toContainEqual(['away', 1, null]);
    // Forged ones are told from true ones all the same.
    expect((await deliver('payments', body, stripe(body, 'whsec_wrong'), at)).status).toBe(401);
  } finally {
    await away.end();
  }
});

test('a server that ends between the records and the note of their delivery doubles nothing', async () => {
  // Reads, and cannot begin a transaction: the records are committed by the server's own pool.
  const half = new Proxy(bench.pool, {
    get: (pool, name) =>
      name === 'connect'
        ? () => Promise.reject(Object.assign(new Error('gone'), { code: 'ECONNREFUSED' }))
        : (Reflect.get(pool, name) as () => unknown).bind(pool),
  });
  const at = await start({ pool: half });
  const body = JSON.stringify({ type: 'x', data: { id: 'half', v: 1 } });
  const headers = standardHeaders('msg_half', body);
  const answer = await deliver('entries', body, headers, at);
  expect(answer.status).toBe(503);
  expect((await rowsOf('entries')).filter(([id]) => id === 'half')).toHaveLength(1);
  expect(await deliveryOf('msg_half')).toBeUndefined();
  expect((await deliver('entries', body, headers)).status).toBe(200);
  expect((await rowsOf('entries')).filter(([id]) => id === 'half')).toHaveLength(1);
  expect(await deliveryOf('msg_half')).toEqual(['taken', 'x', 1, 0, 1, null, false]);
});

test('a stream that keeps nothing of what does not fit keeps no body: the sender is told', async () => {
  const strict = compileWebhooks(
    compilePartner(
      partner.parse({
        name: 'acme',
        baseUrl: 'https://api.acme.example',
        streams: { orders: { ...streams.orders, quarantinePayload: 'withhold' } },
        webhooks: {
          payments: {
            preset: 'stripe',
            secrets: [{ value: 'whsec_new' }],
            routes: [{ stream: 'orders', as: 'record', record: 'data.object' }],
          },
        },
      }),
      plainNames,
    ),
  );
  const at = await start({ webhooks: () => Promise.resolve(strict) });
  const body = JSON.stringify({ id: 'evt_withheld', type: 'x', canary: 'withheld' });
  const answer = await deliver('payments', body, stripe(body), at);
  expect(answer.status).toBe(422);
  expect(answer.text).toContain('data.object: expected a record of orders, found nothing');
  expect(answer.text).not.toContain('withheld');
  expect(await deliveryOf('evt_withheld')).toBeUndefined();
});

test('while too much is being read, further deliveries are to be sent again', async () => {
  const at = await start({ bodyBytes: 1000 });
  const slow = connect(Number(new URL(at).port), '127.0.0.1');
  slow.write(`POST /hooks/acme/payments HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\n{`);
  const body = event('evt_room', 'order.created', { id: 'room', v: 1, text: 'x'.repeat(200) });
  expect(await eventually(async () => (await deliver('payments', body, stripe(body), at)).status === 503)).toBe(true);
  slow.destroy();
  expect(await eventually(async () => (await deliver('payments', body, stripe(body), at)).status === 200)).toBe(true);
});

test('whatever comes, signed or not, is answered, and never with a fault of ours', async () => {
  const statuses = new Map<number, number>();
  const note = ({ status }: Answered): void => void statuses.set(status, (statuses.get(status) ?? 0) + 1);
  const record = { id: fc.oneof(fc.string(), fc.integer()), v: fc.oneof(fc.integer(), fc.string()) };
  const value = fc.oneof(
    fc.json().map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc
      .record({
        id: fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.constant(null)),
        type: fc.oneof(fc.constantFrom('order.x', 'order.deleted'), fc.string({ unit: 'binary' })),
        data: fc.oneof(fc.record({ object: fc.oneof(fc.record(record), fc.jsonValue()) }), fc.jsonValue()),
      })
      .map((one) => Buffer.from(JSON.stringify(one))),
  );
  await fc.assert(
    fc.asyncProperty(value, fc.boolean(), async (body, signed) => {
      const headers = signed ? stripe(body as unknown as string) : { 'stripe-signature': body.toString('base64') };
      note(await deliver('payments', body, headers));
      const items = Buffer.concat([Buffer.from('['), body, Buffer.from(']')]);
      const at = String(Date.now());
      const mac = createHmac('sha256', 'client').update(`POST${definition.webhooks?.['changes']?.url}`).update(items);
      note(
        await deliver('changes', items, {
          'x-hubspot-request-timestamp': at,
          'x-hubspot-signature-v3': mac.update(at).digest('base64'),
        }),
      );
    }),
    long ? { numRuns: 20_000 } : { seed: 18, numRuns: 30 },
  );
  expect(new Set(statuses.keys())).toEqual(new Set([200, 401]));
}, 600_000);
