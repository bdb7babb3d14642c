import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canonicalJson } from '../../core/canonical.ts';
import { ownPartners, type OwnPartners } from '../support/own-partner.ts';
import { runAll } from '../support/run-all.ts';
import { tell, type Exchange, type Row, type Story } from './example-partner.ts';
import { githubPartner } from './github-partner.ts';
import { hubspotPartner } from './hubspot-partner.ts';
import { klaviyoPartner } from './klaviyo-partner.ts';
import { shopifyPartner } from './shopify-partner.ts';
import { shopifyRestPartner } from './shopify-rest-partner.ts';
import { stripePartner } from './stripe-partner.ts';
import { zendeskPartner } from './zendesk-partner.ts';

/** Definitions of `examples/partners/` as they are, each against a small partner that answers as the vendor's documentation says. */

const players = [
  stripePartner(),
  hubspotPartner(),
  shopifyPartner(),
  shopifyRestPartner(),
  githubPartner(),
  zendeskPartner(),
  klaviyoPartner(),
];

let partners: OwnPartners;
let told: (name: string) => Promise<Story>;
beforeAll(async () => {
  partners = await ownPartners({ env: Object.assign({}, ...players.map(({ env }) => env)) as Record<string, string> });
  told = runAll(players, (player) => tell(partners, player));
});
afterAll(async () => {
  await Promise.allSettled(players.map(({ name }) => told(name)));
  await partners.close();
});

/** What of one list the other has not, as often as it is there. */
function without(list: readonly Row[], other: readonly Row[]): string[] {
  const rest = other.map(canonicalJson);
  return list.map(canonicalJson).filter((text) => {
    const at = rest.indexOf(text);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

describe.each(players)('$name', (player) => {
  test('is found to be right by `partners check`', async () => {
    const { check } = await told(player.name);
    const { streams } = check.json as {
      streams: readonly { stream: string; records: number; findings: readonly { code: string }[] }[];
    };
    expect(check.code).toBe(0);
    expect(streams.length).toBeGreaterThanOrEqual(2);
    for (const { stream, records, findings: all } of streams) {
      // Some vendors write times in whole seconds, and have nothing that orders what changes within one.
      const findings = all.filter(({ code }) => code !== 'version-coarse');
      expect({ stream, findings, some: records > 0 }).toEqual({ stream, findings: [], some: true });
    }
  });

  test('is refused once, which is waited out, and is asked nothing wrong', async () => {
    const { first, second } = await told(player.name);
    expect(first.exchanges.filter(({ refused }) => refused)).toHaveLength(1);
    const failed = [...first.exchanges, ...second.exchanges].filter(({ refused, status }) => !refused && status >= 400);
    expect(failed.filter(({ status }) => status !== 409 && status !== 410)).toEqual([]);
  });

  test('holds after the second run what the vendor has now', async () => {
    const { first, second, payloads } = await told(player.name);
    for (const { reports } of [first, second])
      for (const [stream, report] of Object.entries(reports))
        expect({ stream, outcome: report.outcome, reason: report.reason }).toEqual({
          stream,
          outcome: 'ok',
          reason: null,
        });
    for (const stream of Object.keys(first.reports)) {
      const [rows, truth] = [await payloads(stream), player.truth(stream)];
      expect({ stream, missing: without(truth, rows), wrong: without(rows, truth) }).toEqual({
        stream,
        missing: [],
        wrong: [],
      });
    }
  });
});

/** What each request of a stream asked for by a parameter; null: it did not. */
const asks = (exchanges: readonly Exchange[], path: string, parameter: string): (string | null)[] =>
  exchanges.filter(({ url }) => url.pathname.endsWith(path)).map(({ url }) => url.searchParams.get(parameter));

/** The values of the filters of searches for contacts, and their `after`. */
const searches = (exchanges: readonly Exchange[]): unknown[] =>
  exchanges
    .filter(({ url }) => url.pathname.endsWith('/contacts/search'))
    .map(({ body }) => {
      const { filterGroups, after } = JSON.parse(body) as { filterGroups: { filters: Row[] }[]; after?: string };
      return [...(filterGroups[0]?.filters ?? []).map(({ value }) => value), after];
    });

/** Of the queries for products. */
const variables = (exchanges: readonly Exchange[]): Row[] =>
  exchanges
    .filter(({ body }) => body.includes('products('))
    .map(({ body }) => (JSON.parse(body) as { variables: Row }).variables);

const millis = (time: string): string => String(Date.parse(time));
const seconds = (time: string): string => String(Date.parse(time) / 1000);

describe('what the second run asks for, and gets', () => {
  test('Stripe: charges created within sixty days before the newest one', async () => {
    const { first, second } = await told('stripe');
    expect(asks(first.exchanges, '/charges', 'created[gte]')).toEqual([null, null, null]);
    expect(asks(first.exchanges, '/charges', 'starting_after')).toEqual([null, 'ch_20', 'ch_20']);
    expect(asks(second.exchanges, '/charges', 'created[gte]')).toEqual([seconds('2025-03-01T00:00:00Z')]);
    expect(second.reports['charges']?.counts).toMatchObject({ fetched: 62, inserted: 1, updated: 1, unchanged: 60 });
    expect(second.reports['events']?.counts).toMatchObject({ fetched: 2, inserted: 1 });
  });

  test('HubSpot: what was modified since, by ids, so that no query reaches the cap', async () => {
    const { first, second } = await told('hubspot');
    expect(searches(first.exchanges)).toEqual(
      ['0', '200', '200', '350'].map((id) => [millis('2006-01-01T00:00:00Z'), id, undefined]),
    );
    expect(searches(second.exchanges)).toEqual(
      ['0', '200', '351'].map((id) => [millis('2025-01-01T00:00:00Z'), id, undefined]),
    );
    expect(second.reports['deals']?.counts).toMatchObject({ fetched: 201, updated: 1 });
    expect(second.reports['owners']?.counts).toMatchObject({ fetched: 100 });
  });

  test('Shopify GraphQL: a filter in a variable, which the first reading leaves out', async () => {
    const { first, second } = await told('shopify');
    const after = btoa('gid://shopify/Product/249');
    expect(variables(first.exchanges)).toEqual([{ first: 250 }, { first: 250 }, { first: 250, after }]);
    expect(variables(second.exchanges)).toEqual([{ first: 250, filter: "updated_at:>='2025-01-01T04:59:00Z'" }]);
    expect(second.reports['products']?.counts).toMatchObject({ fetched: 3, inserted: 1, updated: 1, unchanged: 1 });
    // One token for both runs and all streams.
    const logins = [...first.exchanges, ...second.exchanges].filter(({ url }) => url.pathname.includes('oauth'));
    expect(logins).toHaveLength(1);
  });

  test('Shopify REST: updated_at_min, and links without it', async () => {
    const { first, second } = await told('shopify_rest');
    const pages = asks(first.exchanges, '/orders.json', 'page_info');
    expect(pages.map((page) => page !== null)).toEqual([false, true, true]);
    expect(asks(second.exchanges, '/orders.json', 'updated_at_min')).toEqual(['2025-01-01T04:19:00.000Z']);
    expect(second.reports['orders']?.counts).toMatchObject({ fetched: 3, inserted: 1, updated: 1, unchanged: 1 });
  });

  test('GitHub: since, for each repository by itself', async () => {
    const { first, second } = await told('github');
    expect(first.reports['issues']?.counts).toMatchObject({ fetched: 120 });
    // Repositories are read side by side: any of them may be the one that is refused.
    const heard = first.exchanges.filter(({ refused }) => !refused);
    expect(asks(heard, '/core/issues', 'page')).toEqual([null, '2']);
    expect(asks(second.exchanges, '/core/issues', 'since')).toEqual(['2025-04-30T00:00:00Z']);
    expect(asks(second.exchanges, '/old/issues', 'since')).toEqual([null]);
    expect(second.reports['issues']?.counts).toMatchObject({ fetched: 4, inserted: 2, updated: 1, unchanged: 1 });
    expect(asks(second.exchanges, '/core/commits', 'since')).toEqual(['2025-03-12T00:00:00Z']);
    expect(second.reports['commits']?.counts).toMatchObject({ inserted: 2 });
    const { rows } = await partners.pool.query(
      'select repository, count(*)::int as issues from github.issues group by 1 order by 1',
    );
    expect(rows).toEqual([
      { repository: 'acme/core', issues: 121 },
      { repository: 'acme/old', issues: 1 },
    ]);
  });

  test('Zendesk: the cursor that the first run ended with', async () => {
    const { first, second } = await told('zendesk');
    expect(asks(first.exchanges, '/tickets/cursor.json', 'cursor')).toEqual([null, null, btoa('100')]);
    expect(asks(second.exchanges, '/tickets/cursor.json', 'cursor')).toEqual([btoa('130')]);
    expect(asks(second.exchanges, '/tickets/cursor.json', 'start_time')).toEqual([null]);
    expect(second.reports['tickets']?.counts).toMatchObject({ fetched: 2, inserted: 1, updated: 1 });
    expect(second.reports['users']?.counts).toMatchObject({ fetched: 1, updated: 1 });
    expect(second.reports['groups']?.counts).toMatchObject({ fetched: 120, updated: 1 });
  });

  test('Klaviyo: greater-than just before the bound for profiles, seven days back for events', async () => {
    const { first, second } = await told('klaviyo');
    expect(asks(first.exchanges, '/profiles', 'filter')).toEqual([null, null, null]);
    expect(asks(second.exchanges, '/profiles', 'filter')).toEqual(['greater-than(updated,2025-01-01T02:08:59.999Z)']);
    expect(second.reports['profiles']?.counts).toMatchObject({ fetched: 3, inserted: 1, updated: 1, unchanged: 1 });
    expect(asks(second.exchanges, '/events', 'filter')).toEqual([
      'greater-or-equal(datetime,2025-01-13T00:00:00.000Z)',
    ]);
    expect(second.reports['events']?.counts).toMatchObject({ inserted: 2 });
  });
});
