import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import type { PartnerInput } from '../../definitions/definition.ts';
import type { SimulatorOptions } from '../../simulator/options.ts';
import type { Simulator } from '../../simulator/start.ts';
import { expectTruth } from '../support/expect-truth.ts';
import { openPullBench, streamReport } from '../support/pull-bench.ts';
import type { PullBench } from '../support/pull-bench.ts';
import { sideBySide } from '../support/side-by-side.ts';
import * as streams from '../support/simulator-streams.ts';

let bench: PullBench;
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(() => bench.close());

const scenario = sideBySide();

const credentials = {
  type: 'oauth2',
  tokenUrl: '$SIM/oauth/token',
  clientId: 'sim-client',
  clientSecret: 'sim-secret',
} as const;
const byClient = { ...credentials, grant: 'client_credentials' } satisfies PartnerInput['auth'];
const byRefresh = {
  ...credentials,
  grant: 'refresh_token',
  refreshToken: 'sim-refresh',
} satisfies PartnerInput['auth'];

const requestsOf = ({ stats }: Simulator): Record<string, number> =>
  Object.fromEntries(Object.entries(stats().streams).map(([stream, { requests }]) => [stream, requests]));

describe('a token that ends in the middle of a run', () => {
  const revoked: SimulatorOptions = { auth: { type: 'oauth2' }, faults: [{ kind: 'expired_token', nth: 3 }] };
  const shortLived: SimulatorOptions = { auth: { type: 'oauth2', expiresAfterRequests: 3 } };
  scenario.each([
    {
      name: 'is renewed with client credentials',
      auth: byClient,
      simulator: revoked,
      expected: { payments: 9, oauth: 2 },
    },
    {
      name: 'is renewed with a refresh token',
      auth: byRefresh,
      simulator: revoked,
      expected: { payments: 9, oauth: 2 },
    },
    { name: 'is renewed again and again', auth: byClient, simulator: shortLived, expected: { payments: 10, oauth: 3 } },
    {
      name: 'is renewed with each rotated refresh token',
      auth: byRefresh,
      simulator: shortLived,
      expected: { payments: 10, oauth: 3 },
    },
  ])('$name', async ({ auth, simulator, expected }) => {
    const { partner, report } = await bench.syncOnce({
      simulator,
      streams: { payments: streams.payments },
      partner: { auth },
    });
    expect(streamReport(report, 'payments')).toMatchObject({ outcome: 'ok', pages: 8 });
    expect(requestsOf(partner.simulator)).toEqual(expected);
    await expectTruth(bench.pool, partner, 'payments');
  });

  scenario('is renewed once for all streams', async () => {
    const { partner, report } = await bench.syncOnce({
      simulator: { auth: { type: 'oauth2' }, faults: [{ kind: 'expired_token', nth: 6 }] },
      streams: { payments: streams.payments, customers: streams.customers, events: streams.events },
      partner: { auth: byRefresh },
    });
    expect(report.outcome).toBe('ok');
    expect(requestsOf(partner.simulator)['oauth']).toBe(2);
  });
});

describe('a rotated refresh token', () => {
  scenario('is found by the next run, after the worker forgot all it knew', async () => {
    const { partner } = await bench.syncOnce({
      simulator: { auth: { type: 'oauth2', expiresAfterRequests: 5 } },
      streams: { payments: streams.payments },
      partner: { auth: byRefresh },
    });
    // Written anew, the definition is opened anew; its own refresh token was used up long ago.
    await partner.define({ partner: { auth: byRefresh } });
    const second = await partner.sync({ generation: 2 });
    expect(streamReport(second, 'payments')).toMatchObject({ outcome: 'ok', counts: { fetched: 200, unchanged: 200 } });
  });
});

describe('credentials that are no longer any good', () => {
  scenario.each([
    {
      name: 'a refresh token nobody knows',
      auth: { ...byRefresh, refreshToken: 'revoked' },
      oauth: 1,
      reason: /refresh token/,
    },
    {
      name: "a client's secret that was changed",
      auth: { ...byClient, clientSecret: 'old' },
      oauth: 1,
      reason: /client|401|token endpoint/,
    },
  ])('need a person: $name', async ({ auth, oauth, reason }) => {
    const { partner, report } = await bench.syncOnce({
      simulator: { auth: { type: 'oauth2' } },
      streams: { payments: streams.payments },
      partner: { auth },
    });
    expect(streamReport(report, 'payments')).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(reason),
    });
    expect(requestsOf(partner.simulator)).toEqual({ oauth });
  });

  scenario('are not renewed for ever when the new token is refused as well', async () => {
    const { partner, report } = await bench.syncOnce({
      simulator: { auth: { type: 'oauth2' }, faults: [{ kind: 'expired_token', after: 2 }] },
      streams: { payments: streams.payments },
      partner: { auth: byClient },
    });
    expect(streamReport(report, 'payments')).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('a new token did not help'),
    });
    expect(requestsOf(partner.simulator)).toEqual({ payments: 4, oauth: 2 });
  });
});
