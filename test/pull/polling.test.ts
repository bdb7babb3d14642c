import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ordersSchema } from '../support/define-stream.ts';
import { ownPartners, type OwnPartners } from '../support/own-partner.ts';

let partners: OwnPartners;

beforeAll(async () => {
  partners = await ownPartners();
});
afterAll(() => partners.close());

const orders = { path: '/orders', primaryKey: ['id'], version: ['v'], records: 'data', schema: ordersSchema };

describe('a partner that says how often it wants to be asked', () => {
  test('is asked no sooner by the next run, which says why it waits', async () => {
    let every = 3600;
    const partner = await partners.partner(
      () => ({ headers: { 'x-poll-interval': String(every) }, body: { data: [{ id: 'a', v: 1 }] } }),
      { orders },
    );
    expect(await partner.read('orders')).toMatchObject({ outcome: 'ok' });
    const tooEarly = await partner.grant('orders', { window: '2026-11-25' });
    expect(tooEarly).toMatchObject({
      state: 'deferred',
      reason: 'limit',
      requests: 0,
      cause: 'the partner wants to be asked every 1h at most (X-Poll-Interval)',
    });
    expect(partner.asked).toHaveLength(1);

    // As if an hour had passed.
    every = 0;
    await partners.pool.query(
      `update streams set poll_hint = poll_hint || jsonb_build_object('until', now()) where partner = $1`,
      [partner.name],
    );
    expect(await partner.read('orders', { window: '2026-11-25' })).toMatchObject({ outcome: 'ok' });
    expect(await partner.read('orders', { window: '2026-11-26' })).toMatchObject({ outcome: 'ok' });
    expect(partner.asked).toHaveLength(3);
  });

  test('may say so in its body, and is believed up to limits.maxWait', async () => {
    const partner = await partners.partner(
      () => ({ body: { data: [], every: 100_000 } }),
      { orders: { ...orders, polling: { path: 'every' } } },
      { limits: { maxWait: '1m' } },
    );
    expect(await partner.read('orders')).toMatchObject({ outcome: 'ok' });
    expect(await partner.grant('orders', { window: '2026-11-25' })).toMatchObject({
      cause: 'the partner wants to be asked every 1m at most (every in the body)',
    });
  });
});
