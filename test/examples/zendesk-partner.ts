import type { OwnAnswer } from '../support/own-partner.ts';
import type { Asked, Player, Row } from './example-partner.ts';
import { at, headerOf, iso, many, MINUTE, notFound, part, replaceIn } from './play.ts';

/** Zendesk gives up to a thousand; fewer are allowed as well. */
const MOST = 100;

/** https://developer.zendesk.com/documentation/ticketing/managing-tickets/using-the-incremental-export-api */
export function zendeskPartner(): Player {
  const lists: Record<string, Row[]> = {
    // In the order of their changes.
    tickets: many(130, (i) => ticket(i + 1, at(i * MINUTE))),
    users: [user(1, at(0)), user(2, at(MINUTE))],
    groups: many(120, (i) => ({
      id: i,
      name: `g${i}`,
      deleted: false,
      created_at: iso(at(0)),
      updated_at: iso(at(0)),
    })),
  };

  /** A cursor is how many changes were read before it. */
  const exported = (name: string, { url }: Asked): OwnAnswer => {
    const cursor = url.searchParams.get('cursor');
    if (cursor === null && url.searchParams.get('start_time') === null)
      return { status: 400, body: { error: 'StartTimeMissing', description: 'start_time or cursor is required' } };
    const list = lists[name] ?? [];
    const from = cursor === null ? 0 : Number(atob(cursor));
    const size = Math.min(Number(url.searchParams.get('per_page') ?? 1000), MOST);
    const { items, next } = part(list, from, size);
    const after = btoa(String(from + items.length));
    return {
      body: {
        [name]: items,
        after_cursor: after,
        after_url: `${url.origin}${url.pathname}?cursor=${encodeURIComponent(after)}&per_page=${size}`,
        before_cursor: null,
        before_url: null,
        end_of_stream: next === null,
      },
      headers: { 'x-rate-limit': '200', 'x-rate-limit-remaining': '190', 'ratelimit-reset': '30' },
    };
  };

  const listed = ({ url }: Asked): OwnAnswer => {
    const from = Number(url.searchParams.get('page[after]') ?? 0);
    const size = Number(url.searchParams.get('page[size]') ?? 100);
    const { items, next } = part(lists['groups'] ?? [], from, size);
    const other = `${url.origin}${url.pathname}?page%5Bsize%5D=${size}&page%5Bafter%5D=${next ?? from}`;
    // The last page names a next one as well.
    return { body: { groups: items, meta: { has_more: next !== null }, links: { next: other, prev: null } } };
  };

  return {
    name: 'zendesk',
    env: { ZENDESK_SUBDOMAIN: 'acme', ZENDESK_CLIENT_ID: 'syncline', ZENDESK_CLIENT_SECRET: 'zd_secret_1' },
    origin: 'https://${ZENDESK_SUBDOMAIN}.zendesk.com',
    widened: ['{ name: exports, limit: 10, per: 1m }', '{ name: exports, limit: 100, per: 1m }'],
    refusal: {
      status: 429,
      headers: { 'retry-after': '1' },
      body: {
        error: 'APIRateLimitExceeded',
        description: 'Number of allowed incremental ticket export API requests per minute exceeded',
      },
    },
    answer: (asked) => {
      const { pathname } = asked.url;
      if (pathname === '/oauth/tokens') return logIn(asked);
      if (headerOf(asked, 'authorization') !== 'Bearer zd_token_1')
        return { status: 401, body: { error: 'invalid_token', error_description: 'The access token is invalid' } };
      const name = /^\/api\/v2\/incremental\/(tickets|users)\/cursor\.json$/.exec(pathname)?.[1];
      if (name !== undefined) return exported(name, asked);
      return pathname === '/api/v2/groups.json' ? listed(asked) : notFound;
    },
    change: () => {
      const { tickets = [], users = [], groups = [] } = lists;
      // What changes comes again at the end of the export.
      tickets.push({ ...ticket(5, at(200 * MINUTE)), status: 'deleted' }, ticket(131, at(201 * MINUTE)));
      users.push({ ...user(2, at(202 * MINUTE)), active: false });
      replaceIn(groups, 'id', 3, { name: 'renamed', updated_at: iso(at(MINUTE)) });
    },
    truth: (stream) => [...new Map((lists[stream] ?? []).map((row) => [row['id'], row])).values()],
  };
}

/** The client credentials grant, as JSON. */
function logIn({ method, body }: Asked): OwnAnswer {
  const given = method === 'POST' ? (JSON.parse(body) as Row) : {};
  if (given['grant_type'] !== 'client_credentials' || given['client_secret'] !== 'zd_secret_1')
    return { status: 401, body: { error: 'invalid_client' } };
  return { body: { access_token: 'zd_token_1', token_type: 'bearer', scope: given['scope'], expires_in: 7200 } };
}

const ticket = (id: number, ms: number): Row => ({
  id,
  generated_timestamp: ms / 1000,
  created_at: iso(at(0)),
  updated_at: iso(ms),
  subject: `Ticket ${id}`,
  status: 'open',
  priority: null,
  requester_id: 1,
  assignee_id: null,
  group_id: null,
  tags: ['a'],
});

const user = (id: number, ms: number): Row => ({
  id,
  created_at: iso(at(0)),
  updated_at: iso(ms),
  name: `User ${id}`,
  email: null,
  role: 'end-user',
  active: true,
  organization_id: null,
});
