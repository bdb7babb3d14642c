import type { OwnAnswer } from '../support/own-partner.ts';
import type { Player, Row } from './example-partner.ts';
import { at, headerOf, iso, many, MINUTE, notFound, part, replaceIn } from './play.ts';

/** https://shopify.dev/docs/api/usage/pagination-rest: a Link with page_info, beside which no filter may stand. */
export function shopifyRestPartner(): Player {
  const bucket = leakyBucket();
  const lists: Record<string, Row[]> = {
    orders: many(260, (i) => order(i)),
    customers: [{ id: 1, created_at: iso(at(0)), updated_at: iso(at(0)), state: 'enabled', orders_count: 2, tags: '' }],
  };
  const read = (name: string, url: URL): OwnAnswer => {
    const { searchParams } = url;
    const pageInfo = searchParams.get('page_info');
    const others = [...searchParams.keys()].filter((key) => key !== 'limit' && key !== 'page_info');
    if (pageInfo !== null && others.length > 0)
      return { status: 400, body: { errors: { [others[0] ?? '']: `${others[0]} cannot be passed with page_info` } } };
    if (pageInfo === null && name === 'orders' && searchParams.get('status') !== 'any') return { body: { orders: [] } };
    const [from = 0, since = Date.parse(searchParams.get('updated_at_min') ?? '1970-01-01T00:00:00Z')] =
      pageInfo === null ? [] : (JSON.parse(atob(pageInfo)) as number[]);
    const list = (lists[name] ?? []).filter((row) => Date.parse(String(row['updated_at'])) >= since);
    const limit = Number(searchParams.get('limit') ?? 50);
    const { items, next } = part(list, from, limit);
    const link = `${url.origin}${url.pathname}?limit=${limit}&page_info=${btoa(JSON.stringify([next, since]))}`;
    return {
      body: { [name]: items },
      headers: {
        'x-shopify-shop-api-call-limit': `${bucket.used()}/${SIZE}`,
        ...(next === null ? {} : { link: `<${link}>; rel="next"` }),
      },
    };
  };
  return {
    name: 'shopify_rest',
    env: { SHOPIFY_SHOP: 'acme', SHOPIFY_TOKEN: 'shpat_2' },
    origin: 'https://${SHOPIFY_SHOP}.myshopify.com',
    get refusal() {
      bucket.fill();
      return refusal;
    },
    answer: (asked) => {
      if (headerOf(asked, 'x-shopify-access-token') !== 'shpat_2')
        return { status: 401, body: { errors: '[API] Invalid API key or access token' } };
      if (!bucket.take()) return refusal;
      const name = /^\/admin\/api\/2026-10\/(\w+)\.json$/.exec(asked.url.pathname)?.[1];
      return name === undefined || lists[name] === undefined ? notFound : read(name, asked.url);
    },
    change: () => {
      const { orders = [], customers = [] } = lists;
      replaceIn(orders, 'id', 1004, { financial_status: 'refunded', updated_at: '2025-01-01T12:00:00+02:00' });
      orders.push(order(700));
      replaceIn(customers, 'id', 1, { orders_count: 3, updated_at: iso(at(700 * MINUTE)) });
    },
    truth: (stream) => lists[stream] ?? [],
  };
}

const SIZE = 40;
const LEAKED_PER_S = 2;

const refusal: OwnAnswer = {
  status: 429,
  headers: { 'retry-after': '1.0', 'x-shopify-shop-api-call-limit': `${SIZE}/${SIZE}` },
  body: { errors: 'Exceeded 2 calls per second for api client.' },
};

/** What it counts is more than what comes here: others of the same app ask the shop as well, and may fill it. */
function leakyBucket(): { readonly take: () => boolean; readonly fill: () => void; readonly used: () => number } {
  let level = 0;
  let sinceMs = performance.now();
  const leak = (): void => {
    const nowMs = performance.now();
    level = Math.max(0, level - ((nowMs - sinceMs) / 1000) * LEAKED_PER_S);
    sinceMs = nowMs;
  };
  return {
    take: () => {
      leak();
      if (level > SIZE - 1) return false;
      level += 1;
      return true;
    },
    fill: () => {
      leak();
      level = SIZE;
    },
    used: () => Math.ceil(level),
  };
}

/** Changed one a minute. */
const order = (i: number): Row => ({
  id: 1000 + i,
  name: `#${1000 + i}`,
  created_at: iso(at(0)),
  updated_at: iso(at(i * MINUTE)),
  cancelled_at: null,
  financial_status: 'paid',
  fulfillment_status: null,
  currency: 'EUR',
  total_price: '10.50',
  line_items: [],
});
