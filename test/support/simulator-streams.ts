import type { StreamInput } from '../../definitions/definition.ts';

/** Definitions of the simulator's listings, small pages, to be spread and changed. */

const time = { type: 'string', format: 'date-time' };
const text = { type: 'string' };

const payment = {
  type: 'object',
  required: ['id', 'amount_minor', 'currency', 'updated_at', 'sequence'],
  properties: {
    id: text,
    amount_minor: { type: 'integer' },
    currency: text,
    description: { type: ['string', 'null'] },
    created_at: time,
    updated_at: time,
    sequence: { type: 'integer' },
    metadata: { type: 'object' },
  },
};

const other = {
  type: 'object',
  required: ['id', 'created_at'],
  properties: { id: text, created_at: time },
};

export const payments = {
  path: '/v1/payments',
  query: { limit: 25 },
  records: 'data',
  primaryKey: ['id'],
  version: ['updated_at', 'sequence'],
  pagination: { type: 'token', token: 'next_cursor', as: 'cursor', hasMore: 'has_more' },
  schema: payment,
} satisfies StreamInput;

export const paymentsByUrl = {
  ...payments,
  path: '/v2/payments',
  pagination: { type: 'nextUrl', path: 'next_url' },
} satisfies StreamInput;

export const customers = {
  path: '/v1/customers',
  records: 'data',
  primaryKey: ['id'],
  version: [],
  pagination: { type: 'offset', limit: 10, limitAs: 'limit', total: 'total' },
  fullListing: true,
  schema: other,
} satisfies StreamInput;

export const customersByPage = {
  ...customers,
  path: '/v2/customers',
  pagination: { type: 'page', size: 10, sizeAs: 'per_page', totalPages: 'total_pages' },
} satisfies StreamInput;

export const refunds = {
  path: '/v1/refunds',
  query: { per_page: 10 },
  primaryKey: ['id'],
  pagination: { type: 'link' },
  fullListing: true,
  schema: other,
} satisfies StreamInput;

export const events = {
  path: '/v1/events',
  query: { limit: 20 },
  records: 'data',
  primaryKey: ['id'],
  pagination: { type: 'keyset', field: 'id', as: 'starting_after', hasMore: 'has_more' },
  schema: other,
} satisfies StreamInput;

export const paymentsOfCustomer = {
  ...payments,
  path: '/v1/customers/{customer}/payments',
  query: { limit: 3 },
  parent: { stream: 'customers', field: 'id', as: 'customer' },
} satisfies StreamInput;

export const paymentMethods = {
  path: '/v1/payment_methods',
  records: 'data',
  primaryKey: ['id'],
  pagination: { type: 'none' },
  parent: { stream: 'customers', field: 'id', as: 'customer_ids', in: 'query', batch: 7, separator: ',' },
  schema: other,
} satisfies StreamInput;
