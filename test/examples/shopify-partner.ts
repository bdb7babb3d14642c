import type { OwnAnswer } from '../support/own-partner.ts';
import type { Asked, Player, Row } from './example-partner.ts';
import { at, headerOf, iso, many, MINUTE, notFound, part, replaceIn } from './play.ts';

interface Variables {
  readonly first: number;
  readonly after?: string;
  readonly filter?: string;
}

/** https://shopify.dev/docs/api/admin-graphql: connections with cursors, a search language inside a variable, costs in points. */
export function shopifyPartner(): Player {
  const lists: Record<string, Row[]> = {
    products: many(300, (i) => ({ ...node('Product', i), title: `Product ${i}`, status: 'ACTIVE', vendor: 'acme' })),
    customers: many(2, (i) => ({ ...node('Customer', i), displayName: 'Ann', numberOfOrders: '12', tags: [] })),
  };

  const query = (text: string, { first, after, filter }: Variables): OwnAnswer => {
    const name = Object.keys(lists).find((each) => text.includes(`${each}(first: $first`));
    if (name === undefined || first > 250)
      return { body: { errors: [{ message: 'the query is none of this shop', extensions: { code: 'BAD' } }] } };
    const since = filter === undefined ? 0 : Date.parse(/^updated_at:>='(.+)'$/.exec(filter)?.[1] ?? '');
    const found = (lists[name] ?? [])
      .filter((row) => updatedAt(row) >= since)
      .toSorted((a, b) => updatedAt(a) - updatedAt(b));
    const from = after === undefined ? 0 : found.findIndex(({ id }) => id === atob(after)) + 1;
    const { items, next } = part(found, from, first);
    const endCursor = items.length === 0 ? null : btoa(String(items.at(-1)?.['id']));
    const connection = { nodes: items, pageInfo: { hasNextPage: next !== null, endCursor } };
    return { body: { data: { [name]: connection }, extensions: cost(1990, 12) } };
  };

  return {
    name: 'shopify',
    env: { SHOPIFY_SHOP: 'acme', SHOPIFY_CLIENT_ID: 'app-1', SHOPIFY_CLIENT_SECRET: 'shpss_1' },
    origin: 'https://${SHOPIFY_SHOP}.myshopify.com',
    // Status 200, and so many points are missing that the wait is a tenth of a second.
    refusal: {
      body: { errors: [{ message: 'Throttled', extensions: { code: 'THROTTLED' } }], extensions: cost(42, null) },
    },
    answer: (asked) => {
      const { pathname } = asked.url;
      if (pathname === '/admin/oauth/access_token') return logIn(asked);
      if (headerOf(asked, 'x-shopify-access-token') !== 'shpat_1')
        return { status: 401, body: { errors: '[API] Invalid API key or access token' } };
      if (pathname !== '/admin/api/2026-10/graphql.json' || asked.method !== 'POST') return notFound;
      const { query: text, variables } = JSON.parse(asked.body) as { query: string; variables: Variables };
      return query(text, variables);
    },
    change: () => {
      const { products = [], customers = [] } = lists;
      replaceIn(products, 'id', 'gid://shopify/Product/5', { status: 'ARCHIVED', updatedAt: iso(at(500 * MINUTE)) });
      products.push({ ...node('Product', 501), title: 'new', status: 'DRAFT', vendor: 'acme' });
      replaceIn(customers, 'id', 'gid://shopify/Customer/0', { displayName: 'Bo', updatedAt: iso(at(500 * MINUTE)) });
    },
    truth: (stream) => lists[stream] ?? [],
  };
}

/** The client credentials grant, as a form. */
function logIn({ method, body }: Asked): OwnAnswer {
  const form = new URLSearchParams(body);
  const fits = form.get('grant_type') === 'client_credentials' && form.get('client_secret') === 'shpss_1';
  if (method !== 'POST' || !fits || form.get('client_id') !== 'app-1')
    return { status: 400, body: { error: 'invalid_client' } };
  return { body: { access_token: 'shpat_1', scope: 'read_products,read_customers', expires_in: 86_399 } };
}

/** Changed one a minute. */
const node = (type: string, i: number): Row => ({
  id: `gid://shopify/${type}/${i}`,
  createdAt: iso(at(0)),
  updatedAt: iso(at(i * MINUTE)),
});
const updatedAt = (row: Row): number => Date.parse(String(row['updatedAt']));

const cost = (currentlyAvailable: number, actualQueryCost: number | null): Row => ({
  cost: {
    requestedQueryCost: 52,
    actualQueryCost,
    throttleStatus: { maximumAvailable: 2000, currentlyAvailable, restoreRate: 100 },
  },
});
