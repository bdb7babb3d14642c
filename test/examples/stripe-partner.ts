import type { OwnAnswer } from '../support/own-partner.ts';
import type { Asked, Player, Row } from './example-partner.ts';
import { at, DAY, headerOf, many, notFound, part, replaceIn } from './play.ts';

/** https://docs.stripe.com/api: newest first, `starting_after` an id, `created[gte]` in seconds. */
export function stripePartner(): Player {
  const lists: Record<string, Row[]> = {
    // Newest first, one a day.
    charges: many(120, (i) => charge(119 - i, created(119 - i))),
    invoices: [{ id: 'in_1', object: 'invoice', created: created(0), customer: 'cus_1', status: 'open', total: 900 }],
    events: [{ id: 'evt_1', object: 'event', created: created(0), type: 'invoice.created', data: {}, livemode: false }],
  };
  const answer = (asked: Asked): OwnAnswer => {
    if (headerOf(asked, 'authorization') !== 'Bearer rk_test_1')
      return error(401, { type: 'invalid_request_error', message: 'Invalid API Key provided: rk_***' });
    if (headerOf(asked, 'stripe-version') === '') return error(400, { message: 'the test wants a Stripe-Version' });
    const { pathname, searchParams } = asked.url;
    const all = lists[pathname.replace('/v1/', '')];
    if (all === undefined) return notFound;
    const since = Number(searchParams.get('created[gte]') ?? 0);
    const list = all.filter((row) => Number(row['created']) >= since);
    const after = searchParams.get('starting_after');
    const from = after === null ? 0 : list.findIndex(({ id }) => id === after) + 1;
    if (after !== null && from === 0)
      return error(400, { type: 'invalid_request_error', code: 'resource_missing', param: 'starting_after' });
    const { items, next } = part(list, from, Number(searchParams.get('limit') ?? 10));
    return { body: { object: 'list', url: pathname, has_more: next !== null, data: items } };
  };
  return {
    name: 'stripe',
    env: { STRIPE_KEY: 'rk_test_1' },
    origin: 'https://api.stripe.com',
    refusal: {
      ...error(429, { type: 'invalid_request_error', code: 'rate_limit', message: 'Request rate limit exceeded.' }),
      headers: { 'stripe-rate-limited-reason': 'endpoint-rate' },
    },
    answer,
    change: () => {
      const { charges = [], invoices = [], events = [] } = lists;
      replaceIn(charges, 'id', 'ch_100', { refunded: true, amount_refunded: 500 });
      charges.unshift(charge(120, created(120)));
      replaceIn(invoices, 'id', 'in_1', { status: 'paid', amount_paid: 900 });
      events.unshift({ id: 'evt_2', object: 'event', created: created(1), type: 'charge.refunded', data: {} });
    },
    truth: (stream) => lists[stream] ?? [],
  };
}

const created = (day: number): number => at(day * DAY) / 1000;

const charge = (number: number, created: number): Row => ({
  id: `ch_${number}`,
  object: 'charge',
  created,
  amount: 500,
  amount_refunded: 0,
  currency: 'usd',
  customer: number % 2 === 0 ? 'cus_1' : null,
  status: 'succeeded',
  refunded: false,
  disputed: false,
  metadata: {},
});

const error = (status: number, error: Row): OwnAnswer => ({ status, body: { error } });
