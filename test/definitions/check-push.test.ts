import { describe, expect, test } from '@jest/globals';
import { checkPartner } from '../../definitions/check.ts';
import { partner, type StreamInput } from '../../definitions/definition.ts';
import { idempotencyOf, isPushOnly } from '../../definitions/push.ts';
import { ordersSchema } from '../support/define-stream.ts';

const parsed = (stream: Partial<StreamInput>, name = 'acme') =>
  partner.parse({
    name,
    baseUrl: 'https://api.acme.example',
    streams: { orders: { schema: ordersSchema, primaryKey: ['id'], push: {}, ...stream } },
  });
const problemsOf = (stream: Partial<StreamInput>, name?: string): string[] =>
  checkPartner(parsed(stream, name)).map(({ path, says }) => `${path.join('.')}: ${says.split(/[;,:]/)[0]}`);
const keysOf = (stream: Partial<StreamInput>): unknown => {
  const { orders } = parsed(stream).streams;
  return orders && idempotencyOf(orders);
};

describe('a stream that takes pushes', () => {
  test('needs no path, and may have one', () => {
    expect([problemsOf({}), problemsOf({ path: '/orders' })]).toEqual([[], []]);
    const [only, both] = [parsed({}), parsed({ path: '/orders' })].map(({ streams }) => streams['orders']);
    expect([only && isPushOnly(only), both && isPushOnly(both)]).toEqual([true, false]);
  });

  test('asks for keys where nothing else tells a record that comes twice', () => {
    expect([keysOf({}), keysOf({ primaryKey: [] }), keysOf({ push: { idempotency: 'required' } })]).toEqual([
      'derived',
      'required',
      'required',
    ]);
  });

  test.each<[string, Partial<StreamInput>, string | undefined, string]>([
    [
      'a listing that replaces all',
      { path: '/orders', disposition: 'replace' },
      undefined,
      'streams.orders.push: each run of a replace removes what its listing does not have',
    ],
    [
      'a key that nothing gives',
      { disposition: 'append', primaryKey: [], push: { idempotency: 'derived' } },
      undefined,
      'streams.orders.push.idempotency: without a primaryKey a repeated record cannot be recognised',
    ],
    ['a promise that no run keeps', { freshness: '1h' }, undefined, 'streams.orders.freshness: the stream has no path'],
    [
      'the name of a place of our own',
      {},
      'ingest',
      'streams.orders.push: a partner called ingest cannot be pushed to',
    ],
    ['no path, and no push', { push: undefined }, undefined, 'streams.orders.path: missing'],
  ])('is refused with %s', (_, stream, name, problem) => {
    expect(problemsOf(stream, name)).toEqual([problem]);
  });
});
