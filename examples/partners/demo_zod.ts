import { z } from 'zod';
import { definePartner } from '../../definitions/definition.ts';

/** The payments company of partners/demo.yaml in TypeScript: zod schemas, page numbers, and a child of several parents. */

const time = z.iso.datetime({ offset: true });

const customer = z.looseObject({
  id: z.string(),
  email: z.email(),
  name: z.string(),
  country: z.string().length(2),
  phone: z.string().nullable(),
  marketing_consent: z.boolean(),
  address: z.looseObject({ line1: z.string(), city: z.string(), postal_code: z.string() }),
  created_at: time,
  updated_at: time,
});

const paymentMethod = z.looseObject({
  id: z.string(),
  customer_id: z.string(),
  type: z.enum(['card', 'sepa_debit', 'bank_transfer', 'wallet']),
  last4: z.string().regex(/^\d{4}$/),
  created_at: time,
  updated_at: time,
});

export default definePartner({
  name: 'demo_zod',
  baseUrl: '${DEMO_URL}',
  auth: { type: 'bearer', token: '${DEMO_TOKEN}' },
  limits: { rate: 100, burst: 10 },
  streams: {
    customers: {
      path: '/v2/customers',
      records: 'data',
      primaryKey: ['id'],
      version: ['updated_at'],
      pagination: { type: 'page', size: 500, sizeAs: 'per_page', totalPages: 'total_pages' },
      fullListing: true,
      schema: customer,
    },
    payment_methods: {
      path: '/v1/payment_methods',
      records: 'data',
      primaryKey: ['id'],
      version: ['updated_at'],
      parent: { stream: 'customers', field: 'id', as: 'customer_ids', in: 'query', batch: 50 },
      schema: paymentMethod,
    },
  },
});
