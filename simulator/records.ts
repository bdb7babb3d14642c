import { isoOf } from './micros.ts';
import type { Micros } from './micros.ts';
import { pick, randomOf } from './random.ts';

/** One JSON object as the partner serves it. */
export type Row = Record<string, unknown>;

export const streams = ['customers', 'payments', 'refunds', 'events', 'payment_methods'] as const;
export type StreamName = (typeof streams)[number];

/** All that a record depends on. */
export interface RowFacts {
  readonly seed: number;
  readonly index: number;
  /** How often the record was changed since the world began. */
  readonly revision: number;
  readonly created: Micros;
  readonly updated: Micros;
  /** How many customers and payments the world began with: references point into those. */
  readonly initial: { readonly customers: number; readonly payments: number; readonly refunds: number };
}

const prefixes = {
  customers: 'cus',
  payments: 'pay',
  refunds: 'ref',
  events: 'evt',
  payment_methods: 'pm',
} as const satisfies Record<StreamName, string>;

export const idOf = (stream: StreamName, index: number): string =>
  `${prefixes[stream]}_${String(index).padStart(6, '0')}`;

/** The index in an id of this stream, or undefined when it is no such id. */
export function indexOf(stream: StreamName, id: string): number | undefined {
  const digits = new RegExp(`^${prefixes[stream]}_(\\d{6,12})$`).exec(id)?.[1];
  return digits === undefined || idOf(stream, Number(digits)) !== id ? undefined : Number(digits);
}

/** A customer has 0 to `METHOD_SLOTS` payment methods; the method in slot n of customer c has index c * METHOD_SLOTS + n. */
export const METHOD_SLOTS = 3;
export const methodCount = (seed: number, customer: number): number =>
  Math.floor(randomOf(seed, salts.payment_methods, customer)() * (METHOD_SLOTS + 1));

/** Which customer a payment belongs to. */
export const customerOf = (seed: number, payment: number, customers: number): number =>
  Math.floor(randomOf(seed, salts.payments, payment)() * Math.max(1, customers));

/** The payment a refund pays back: always one that began before the refund did. */
export function paymentOf(seed: number, refund: number, initial: RowFacts['initial']): number {
  const share = Math.min(1, refund / Math.max(1, initial.refunds));
  return Math.floor(randomOf(seed, salts.refunds, refund)() * Math.max(1, Math.floor(share * initial.payments)));
}

const salts = { customers: 11, payments: 23, refunds: 37, events: 53, payment_methods: 71 } as const;

const firstNames = ['Ada', 'Grace', 'Alan', 'Edsger', 'Barbara', 'Ken', 'Zoë', 'José', 'Łucja', '美咲'] as const;
const lastNames = ['Lovelace', 'Hopper', 'Turing', 'Dijkstra', 'Liskov', "O'Neill", 'Müller', 'Nowak', '佐藤'] as const;
const cities = [
  ['DE', 'Berlin'],
  ['FR', 'Lyon'],
  ['GB', 'Leeds'],
  ['US', 'Austin'],
  ['JP', 'Osaka'],
  ['BR', 'Recife'],
] as const;
const paymentStates = ['authorized', 'captured', 'settled', 'failed', 'disputed'] as const;
const refundStates = ['pending', 'succeeded', 'failed'] as const;
const methods = ['card', 'sepa_debit', 'bank_transfer', 'wallet'] as const;
const goods = ['Annual plan, 12 seats', 'Monthly plan', 'Usage in "eu-1"', 'Café subscription', 'Hardware'] as const;
const eventTypes = ['payment.created', 'payment.updated', 'refund.created', 'customer.updated'] as const;

export const makeRow: Record<StreamName, (facts: RowFacts) => Row> = {
  customers: (facts) => {
    const random = randomOf(facts.seed, salts.customers, facts.index);
    const [first, last] = [pick(random, firstNames), pick(random, lastNames)];
    const [country, city] = pick(random, cities);
    const suffix = facts.revision === 0 ? '' : `+${facts.revision}`;
    return {
      id: idOf('customers', facts.index),
      email: `user${facts.index}${suffix}@example.com`,
      name: `${first} ${last}`,
      country,
      phone: random() < 0.3 ? null : `+49 30 ${String(Math.floor(random() * 1e7)).padStart(7, '0')}`,
      marketing_consent: random() < 0.5,
      address: {
        line1: `${1 + Math.floor(random() * 200)} Main Street`,
        city,
        postal_code: String(10000 + facts.index),
      },
      created_at: isoOf(facts.created),
      updated_at: isoOf(facts.updated),
    };
  },
  payments: (facts) => {
    const customer = customerOf(facts.seed, facts.index, facts.initial.customers);
    const random = randomOf(facts.seed, salts.payments, facts.index, 1);
    const state = Math.floor(random() * paymentStates.length) + facts.revision;
    const earlier = Math.floor(random() * 3);
    return {
      id: idOf('payments', facts.index),
      customer_id: idOf('customers', customer),
      amount_minor: 100 + Math.floor(random() ** 3 * 500_000),
      currency: pick(random, ['EUR', 'USD', 'GBP', 'JPY']),
      status: paymentStates[state % paymentStates.length],
      method: pick(random, methods),
      reference: `INV-${String(1_000_000 + facts.index)}`,
      description: random() < 0.1 ? null : pick(random, goods),
      created_at: isoOf(facts.created),
      updated_at: isoOf(facts.updated),
      sequence: 1 + earlier + facts.revision,
      metadata: { channel: pick(random, ['web', 'pos', 'app']), order: `ord_${Math.floor(random() * 1e8)}` },
    };
  },
  refunds: (facts) => {
    const random = randomOf(facts.seed, salts.refunds, facts.index, 1);
    const state = Math.floor(random() * refundStates.length) + facts.revision;
    return {
      id: idOf('refunds', facts.index),
      payment_id: idOf('payments', paymentOf(facts.seed, facts.index, facts.initial)),
      amount_minor: 50 + Math.floor(random() * 20_000),
      currency: pick(random, ['EUR', 'USD', 'GBP', 'JPY']),
      reason: pick(random, ['duplicate', 'fraudulent', 'requested_by_customer', null]),
      status: refundStates[state % refundStates.length],
      created_at: isoOf(facts.created),
      updated_at: isoOf(facts.updated),
    };
  },
  events: (facts) => {
    const random = randomOf(facts.seed, salts.events, facts.index);
    const type = pick(random, eventTypes);
    const object = `${type.slice(0, type.indexOf('.'))}s` as 'payments' | 'refunds' | 'customers';
    const target = Math.floor(random() * Math.max(1, facts.initial[object]));
    return {
      id: idOf('events', facts.index),
      type,
      object_id: idOf(object, target),
      request_id: `req_${Math.floor(random() * 1e9).toString(36)}`,
      created_at: isoOf(facts.created),
    };
  },
  payment_methods: (facts) => {
    const random = randomOf(facts.seed, salts.payment_methods, facts.index, 1);
    return {
      id: idOf('payment_methods', facts.index),
      customer_id: idOf('customers', Math.floor(facts.index / METHOD_SLOTS)),
      type: pick(random, methods),
      last4: String(Math.floor(random() * 10_000)).padStart(4, '0'),
      created_at: isoOf(facts.created),
      updated_at: isoOf(facts.updated),
    };
  },
};
