import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { googleAnalyticsPartner, type Day } from './google-analytics-partner.ts';
import { findings, openPlays, wellChecked, type Play, type Plays } from './open-plays.ts';
import { salesforcePartner, type SalesforceRecord, type SalesforceState } from './salesforce-partner.ts';
import { xeroPartner, type XeroInvoice, type XeroState } from './xero-partner.ts';

let plays: Plays;
beforeAll(async () => {
  plays = await openPlays();
});
afterAll(() => plays.close());

/** All of it is long ago, so that the clock of this machine does not matter. */
const first = { window: '2024-06-01' };
const second = { window: '2024-06-02' };

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const day = (date: string, country: string, eventName: string, activeUsers: number): Day => ({
  date,
  country,
  eventName,
  sessionDefaultChannelGroup: 'Direct',
  activeUsers: String(activeUsers),
  eventCount: String(activeUsers * 2),
});

describe('google_analytics.yaml', () => {
  const state = {
    days: [
      day('20240530', 'Germany', 'page_view', 3),
      day('20240530', 'Spain', 'page_view', 4),
      day('20240531', 'Germany', 'page_view', 5),
      day('20240531', 'Germany', 'scroll', 1),
    ],
    viewer: true,
  };

  test('reads reports by day; rows are told apart by their dimensions', async () => {
    const google = await plays.play('google_analytics', {
      player: googleAnalyticsPartner(state, publicKey),
      hosts: ['https://analyticsdata.googleapis.com'],
      env: (url) => ({
        GOOGLE_SERVICE_ACCOUNT: JSON.stringify({
          client_email: 'sync@acme.example',
          private_key: pem,
          token_uri: `${url}/token`,
        }),
        GA4_PROPERTY: '1234',
        GA4_ZONE: 'Europe/Berlin',
        GA4_SINCE: '2024-01-01',
      }),
      change: { 'limit: 100000': 'limit: 2' },
    });
    expect(await google.read('daily_traffic', first)).toMatchObject({
      outcome: 'ok',
      counts: { inserted: 3 },
      pages: 2,
    });
    expect(await google.read('daily_events', first)).toMatchObject({ outcome: 'ok', counts: { inserted: 3 } });
    expect(await google.read('dimensions', first)).toMatchObject({ outcome: 'ok', counts: { inserted: 1 } });
    expect(findings(await google.check())).toEqual(wellChecked(['daily_traffic', 'daily_events', 'dimensions']));

    // What came in late counts to the day it was on.
    state.days.push(day('20240531', 'Germany', 'page_view', 10), day('20240601', 'Spain', 'page_view', 7));
    const before = google.asked.length;
    expect(await google.read('daily_traffic', second)).toMatchObject({
      outcome: 'ok',
      counts: { fetched: 4, inserted: 1, updated: 1, unchanged: 2 },
    });
    expect(JSON.parse(google.asked[before]?.text ?? '')).toMatchObject({
      dateRanges: [{ startDate: '2024-05-27', endDate: 'today' }],
      offset: 0,
      limit: 2,
    });
    expect(
      await google.rows(
        `select date::text, country, "activeUsers"::integer as users from google_analytics.daily_traffic order by 1, 2`,
      ),
    ).toEqual([
      { date: '2024-05-30', country: 'Germany', users: 3 },
      { date: '2024-05-30', country: 'Spain', users: 4 },
      { date: '2024-05-31', country: 'Germany', users: 16 },
      { date: '2024-06-01', country: 'Spain', users: 7 },
    ]);

    state.viewer = false;
    await expect(google.read('daily_traffic', { window: '2024-06-03' })).rejects.toThrow(/403/);
  });
});

const account = (Id: string, SystemModstamp: string, more: object = {}): SalesforceRecord => ({
  Id,
  ...{ Name: `Account ${Id}`, Type: null, Industry: null, OwnerId: 'o', CreatedDate: '2024-01-01T00:00:00.000+0000' },
  IsDeleted: false,
  SystemModstamp,
  ...more,
});

const contact = (Id: string, SystemModstamp: string, LastName = `of ${Id}`) => ({ Id, LastName, SystemModstamp });

const opportunity = (Id: string, SystemModstamp: string, Amount: number): SalesforceRecord => ({
  Id,
  ...{ AccountId: '1', Name: Id, StageName: 'New', Amount, CloseDate: '2024-07-01', IsClosed: false, IsWon: false },
  IsDeleted: false,
  SystemModstamp,
});

describe('salesforce.yaml', () => {
  const state: SalesforceState = {
    accounts: [
      account('1', '2024-05-01T10:00:00.000+0000'),
      account('2', '2024-05-02T10:00:00.000+0000'),
      account('3', '2024-05-03T10:00:00.000+0000'),
    ],
    opportunities: [opportunity('a', '2024-05-03T10:00:00.000+0000', 10.5)],
    contacts: [],
    session: 'none',
    forgetful: true,
    logins: 0,
    jobs: [],
    atWork: 0,
  };

  const played = (): Play => ({
    player: salesforcePartner(state, publicKey),
    hosts: ['https://${SALESFORCE_DOMAIN}.my.salesforce.com', 'https://login.salesforce.com'],
    env: () => ({ SALESFORCE_PRIVATE_KEY: pem, SALESFORCE_CLIENT_ID: 'client', SALESFORCE_USER: 'sync@acme.example' }),
  });

  test('reads by bulk job, ordered once, in pages', async () => {
    state.contacts = [
      contact('1', '2024-05-01T10:00:00.000Z'),
      contact('2', '2024-05-02T10:00:00.000Z', 'O"Brien, Jr.'.replace('"', '""')),
      contact('3', '2024-05-03T10:00:00.000Z'),
    ];
    const salesforce = await plays.play('salesforce', played());
    expect(await salesforce.read('contacts', first)).toMatchObject({ outcome: 'ok', counts: { inserted: 3 } });
    state.contacts = [...state.contacts.slice(0, 2), contact('3', '2024-06-01T10:00:00.000Z', 'new')];
    expect(await salesforce.read('contacts', second)).toMatchObject({
      outcome: 'ok',
      counts: { fetched: 1, updated: 1 },
    });
    expect(await salesforce.rows(`select "Id", "LastName", "FirstName" from salesforce.contacts order by 1`)).toEqual([
      { Id: '1', LastName: 'of 1', FirstName: null },
      { Id: '2', LastName: 'O"Brien, Jr.', FirstName: null },
      { Id: '3', LastName: 'new', FirstName: null },
    ]);
    const query = 'SELECT Id, AccountId, FirstName, LastName, Email, IsDeleted, SystemModstamp FROM Contact';
    expect(state.jobs.map((each) => each.trim())).toEqual([
      query,
      `${query} WHERE SystemModstamp >= 2024-05-03T09:55:00Z AND SystemModstamp < 2024-06-03T00:00:00Z`,
    ]);
  });

  test('reads by SOQL, what was deleted as well', async () => {
    const salesforce = await plays.play('salesforce', played());
    // A cursor that Salesforce has forgotten: from the beginning, and nothing doubles.
    expect(await salesforce.read('accounts', first)).toMatchObject({ outcome: 'ok', counts: { inserted: 3 } });
    expect(state.forgetful).toBe(false);
    expect(await salesforce.read('opportunities', first)).toMatchObject({ outcome: 'ok', counts: { inserted: 1 } });
    expect(findings(await salesforce.check())).toEqual(wellChecked(['accounts', 'opportunities', 'contacts']));

    state.session = 'ended';
    const loginsBefore = state.logins;
    state.accounts = [
      account('1', '2024-05-01T10:00:00.000+0000'),
      account('3', '2024-05-03T10:00:00.000+0000'),
      account('2', '2024-06-01T10:00:00.000+0000', { IsDeleted: true }),
      account('4', '2024-06-01T11:00:00.000+0000'),
    ].slice(1);
    const before = salesforce.asked.length;
    expect(await salesforce.read('accounts', second)).toMatchObject({
      outcome: 'ok',
      counts: { fetched: 3, inserted: 1, updated: 1, unchanged: 1 },
    });
    expect(salesforce.asked[before]?.query.get('q')).toContain(
      'WHERE SystemModstamp >= 2024-05-03T09:55:00Z AND SystemModstamp < 2024-06-03T00:00:00Z ORDER BY',
    );
    expect(state.logins).toBe(loginsBefore + 1);
    expect(await salesforce.rows(`select "Id", "IsDeleted" from salesforce.accounts order by 1`)).toEqual(
      ['1', '2', '3', '4'].map((Id) => ({ Id, IsDeleted: Id === '2' })),
    );
  });
});

const dotNet = (at: string): string => `/Date(${Date.parse(at)}+0000)/`;

const invoice = (id: string, updated: string, Total: number): XeroInvoice =>
  Object.assign(
    { InvoiceID: id, InvoiceNumber: `INV-${id}`, Type: 'ACCREC', Status: 'AUTHORISED', Date: dotNet('2024-05-01') },
    { Total, AmountDue: Total, Contact: { ContactID: 'c1', Name: 'Acme' }, UpdatedDateUTC: dotNet(updated) },
  );

describe('xero.yaml', () => {
  const state: XeroState = {
    invoices: [
      invoice('1', '2024-05-01T10:00:00Z', 10),
      invoice('2', '2024-05-02T10:00:00Z', 20),
      invoice('3', '2024-05-03T10:00:00Z', 30.5),
    ],
    contacts: [{ ContactID: 'c1', Name: 'Acme', ContactStatus: 'ACTIVE', UpdatedDateUTC: dotNet('2024-05-01') }],
    accounts: [{ AccountID: 'a1', Code: '200', Name: 'Sales', Type: 'REVENUE', Status: 'ACTIVE' }],
    access: 'none',
    refresh: 'refresh-0',
    given: 0,
  };

  test('reads what was modified, with tokens that rotate', async () => {
    const xero = await plays.play('xero', {
      player: xeroPartner(state),
      hosts: ['https://api.xero.com', 'https://identity.xero.com'],
      env: () => ({
        XERO_CLIENT_ID: 'client',
        XERO_CLIENT_SECRET: 'secret',
        XERO_REFRESH_TOKEN: 'refresh-0',
        XERO_TENANT_ID: 'tenant-1',
      }),
      change: { 'size: 1000': 'size: 2' },
    });
    expect(await xero.read('invoices', first)).toMatchObject({ outcome: 'ok', counts: { inserted: 3 }, pages: 2 });
    expect(await xero.read('contacts', first)).toMatchObject({ outcome: 'ok', counts: { inserted: 1 } });
    expect(await xero.read('accounts', first)).toMatchObject({ outcome: 'ok', counts: { inserted: 1 } });
    expect(findings(await xero.check())).toEqual(wellChecked(['invoices', 'contacts', 'accounts']));
    expect(state.given).toBe(1);

    state.access = 'ended';
    state.invoices = [
      invoice('1', '2024-05-01T10:00:00Z', 10),
      invoice('2', '2024-06-01T10:00:00Z', 25),
      invoice('3', '2024-05-03T10:00:00Z', 30.5),
      invoice('4', '2024-06-01T11:00:00Z', 40),
    ];
    const before = xero.asked.length;
    expect(await xero.read('invoices', second)).toMatchObject({
      outcome: 'ok',
      counts: { fetched: 3, inserted: 1, updated: 1, unchanged: 1 },
    });
    expect(xero.asked[before]?.headers['if-modified-since']).toBe('2024-05-03T09:59:00');
    expect(state).toMatchObject({ given: 2, refresh: 'refresh-2' });
    expect(
      await xero.rows(
        `select "InvoiceID" as id, "Total"::text as total, "Date"::text as date from xero.invoices order by 1`,
      ),
    ).toEqual(['10', '25', '30.5', '40'].map((total, index) => ({ id: String(index + 1), total, date: '2024-05-01' })));
  });
});
