import { partner as partnerSchema, type PartnerInput, type StreamInput } from '../../definitions/definition.ts';
import { credentialOf } from '../../limits/declare/credential.ts';
import type { SimulatorOptions } from '../../simulator/options.ts';
import * as streams from '../support/simulator-streams.ts';

/** The installation of the fixture: its partners, as make-fixture.ts ran them with the code of before and as the test goes on with them. */

export interface InstalledPartner {
  readonly simulator: SimulatorOptions;
  readonly streams: PartnerInput['streams'];
  readonly partner?: Partial<PartnerInput>;
}

/** The same rows are bad in every night of the fixture. */
export const malformed = { kind: 'malformed', path: '/v1/payments', field: 'currency', count: 3 } as const;

const byTime = (initial: string): NonNullable<StreamInput['incremental']> => ({
  field: 'updated_at',
  start: { as: 'updated_since' },
  end: { as: 'updated_until' },
  lookback: '1h',
  initial,
});

const required = streams.payments.schema.required.filter((name) => name !== 'currency');

/** Takes what the quarantine holds. */
export const lenientPayments = {
  ...streams.payments,
  errorBudget: { count: 10, share: 0.1 },
  schema: { ...streams.payments.schema, required },
} satisfies StreamInput;

export const installation = {
  /** Every disposition, with and without a key or a version, children of parents, a quarantine, limits of many kinds. */
  acme: {
    simulator: { seed: 7, customers: 12, payments: 200, refunds: 40, events: 80, now: '2024-11-19T00:00:00Z' },
    partner: {
      limits: {
        rate: 500,
        per: '1s',
        burst: 50,
        concurrency: 4,
        windows: [{ name: 'minute', limit: 20_000, per: '1m' }],
        quotas: [{ name: 'daily', limit: 100_000, per: 'day' }],
      },
    },
    streams: {
      payments: { ...streams.payments, errorBudget: { count: 10, share: 0.1 } },
      customers: streams.customers,
      refunds: { ...streams.refunds, disposition: 'replace' },
      events: { ...streams.events, disposition: 'append' },
      journal: { ...streams.events, primaryKey: [], disposition: 'append' },
      snapshot: { ...streams.customersByPage, primaryKey: [], disposition: 'replace' },
      payment_methods: streams.paymentMethods,
      payments_of: { ...streams.paymentsOfCustomer, incremental: byTime('2020-01-01T00:00:00Z') },
    },
  },
  /** Tokens that are renewed with rotating refresh tokens, cursors that are whole URLs. */
  globex: {
    simulator: {
      seed: 8,
      payments: 150,
      auth: { type: 'oauth2', expiresAfterRequests: 6 },
      now: '2024-11-19T00:00:00Z',
    },
    partner: {
      auth: {
        type: 'oauth2',
        tokenUrl: '$SIM/oauth/token',
        clientId: 'sim-client',
        clientSecret: 'sim-secret',
        grant: 'refresh_token',
        refreshToken: 'sim-refresh',
      },
      limits: { rate: 200, per: '1s', burst: 20, concurrency: 3 },
    },
    streams: { payments: streams.paymentsByUrl },
  },
  /** Listings that replace: with a key and without one. */
  initech: {
    simulator: { seed: 9, customers: 60, now: '2024-11-19T00:00:00Z' },
    streams: {
      customers: { ...streams.customers, disposition: 'replace' },
      visitors: { ...streams.customersByPage, primaryKey: [], disposition: 'replace' },
    },
  },
  /** A watermark, and a backfill of the time before it. */
  hooli: {
    simulator: { seed: 10, payments: 2000, now: '2024-06-01T00:00:00Z' },
    partner: { limits: { rate: 500, per: '1s', burst: 50 } },
    streams: {
      payments: { ...streams.payments, query: { limit: 4 }, incremental: byTime('2024-05-20T00:00:00Z') },
    },
  },
  /** A run that failed in the middle. */
  umbra: {
    simulator: { seed: 11, payments: 200, now: '2024-11-19T00:00:00Z' },
    streams: { payments: streams.payments },
  },
} as const satisfies Record<string, InstalledPartner>;

export type PartnerName = keyof typeof installation;
export const partnerNames = Object.keys(installation) as readonly PartnerName[];

/** What runs when the copy is made, by the partner's requests from then on: nobody answers these. */
export const backfill = {
  stream: 'payments',
  plan: { from: '2024-05-01', to: '2024-05-12', chunk: '2d', zone: null, order: 'oldest' },
  concurrency: 2,
  generation: 1,
} as const;

/** The window whose runs are under way in the fixture. */
export const UNDER_WAY = '2024-11-24';

/** That of a partner while its simulator has this URL. */
export function credentialAt(name: PartnerName, url: string): string {
  const { partner, streams }: InstalledPartner = installation[name];
  const text = JSON.stringify({ name, baseUrl: url, ...partner, streams }).replaceAll('$SIM', url);
  return credentialOf(partnerSchema.parse(JSON.parse(text)));
}
