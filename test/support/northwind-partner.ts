import { text } from 'node:stream/consumers';
import type { Answers, OwnAnswer } from './serve-answers.ts';

/** The partner of docs/first-partner.md: a login, a filter that is one text, pages in the body of a POST, times without a zone. */
export interface Northwind {
  readonly answer: Answers;
  /** Filters that were asked for with a first page, in order. */
  readonly filters: readonly (string | undefined)[];
  /** Logins so far. */
  readonly logins: () => number;
  /** The next request that is not a login gets a 429. */
  readonly throttleOnce: () => void;
  /** The vendor forgets all sessions. */
  readonly expire: () => void;
  readonly change: (id: number, order: Partial<Order>) => void;
}

interface Order {
  readonly id: number;
  readonly status: string;
  readonly customer: { readonly id: number };
  readonly total: string;
  readonly updated_at: string | null;
}

export const ID = 'client-of-northwind';
export const SECRET = 'canary-of-northwind';
export const ORDERS = 230;
/** Of all orders. */
export const LINES = 461;

const HOUR = 3_600_000;
const statuses = ['open', 'paid', 'cancelled'];
const written = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
const neverChanged = (id: number): boolean => id % 23 === 0;

export function northwind(): Northwind {
  const orders = Array.from({ length: ORDERS }, (_, i): Order => {
    const id = i + 1;
    return {
      id,
      status: statuses[id % 3] as string,
      customer: { id: id % 17 },
      total: (id * 1.25).toFixed(2),
      updated_at: neverChanged(id) ? null : written(Date.UTC(2026, 0, 1) + id * 5 * HOUR),
    };
  });
  const sessions = new Set<string>();
  const filters: (string | undefined)[] = [];
  let logins = 0;
  let throttled = false;
  const logIn = (body: Readonly<Record<string, unknown>>): OwnAnswer => {
    if (body['client_id'] !== ID || body['client_secret'] !== SECRET)
      return { status: 401, body: { error: 'unknown client' } };
    const token = `session-${(logins += 1)}`;
    sessions.add(token);
    return { body: { session: { token, expires_in: 300 } } };
  };
  const search = ({ filter, page }: Search): OwnAnswer => {
    const from = page?.cursor === undefined ? 0 : Number(page.cursor.replace('p', ''));
    if (from === 0) filters.push(filter);
    const matches = matcher(filter);
    if (typeof matches === 'string') return { status: 400, body: { error: matches } };
    const all = orders.filter(matches);
    const items = all.slice(from, from + Math.min(page?.size ?? 50, 50));
    const more = from + items.length < all.length;
    return { body: { result: { items, page: { next: more ? `p${from + items.length}` : null, more } } } };
  };
  return {
    filters,
    logins: () => logins,
    throttleOnce: () => (throttled = true),
    expire: () => sessions.clear(),
    change: (id, order) => (orders[id - 1] = { ...(orders[id - 1] as Order), ...order }),
    answer: async ({ pathname }, request) => {
      const said = await text(request);
      const body = said === '' ? {} : (JSON.parse(said) as Readonly<Record<string, unknown>>);
      if (pathname === '/auth/login') return logIn(body);
      // As some do, it repeats what it was sent.
      if (!sessions.has(String(request.headers['x-session'])))
        return { status: 401, body: { error: 'session expired', given: request.headers.authorization } };
      if (throttled) {
        throttled = false;
        return { status: 429, headers: { 'retry-after': '0' }, body: { error: 'too fast' } };
      }
      const [, id] = /^\/v2\/orders\/(\d+)\/lines$/.exec(pathname) ?? [];
      if (id !== undefined) return { body: { lines: linesOf(Number(id)) } };
      return pathname === '/v2/search' ? search(body) : { status: 404, body: { error: 'no such path' } };
    },
  };
}

interface Search {
  readonly filter?: string;
  readonly page?: { readonly cursor?: string; readonly size?: number };
}

/** Numbered anew in each order. */
const linesOf = (id: number): readonly object[] =>
  Array.from({ length: 1 + (id % 3) }, (_, i) => ({ no: i + 1, sku: `${id}-${i}`, qty: i + 1 }));

/** What is wrong with a filter, or whether it takes an order. */
function matcher(filter: string | undefined): string | ((order: Order) => boolean) {
  const terms = (filter ?? '').split(' AND ').filter((term) => term !== '');
  const tests: ((order: Order) => boolean)[] = [];
  for (const term of terms) {
    const [, since] = /^updated_at >= "(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"$/.exec(term) ?? [];
    const [, among] = /^status IN \(([\w",]+)\)$/.exec(term) ?? [];
    if (since !== undefined) tests.push(({ updated_at: at }) => at !== null && at >= since);
    else if (among !== undefined) tests.push(({ status }) => among.split(',').includes(JSON.stringify(status)));
    else return `cannot read the filter near: ${term}`;
  }
  return (order) => tests.every((takes) => takes(order));
}
