import type { OwnAnswer } from '../support/own-partner.ts';
import type { Player, Row } from './example-partner.ts';
import { at, headerOf, iso, many, MINUTE, notFound, part, replaceIn } from './play.ts';

/** A search gives no more results than this; at HubSpot it is 10,000. */
const SEARCH_CAP = 300;

interface Search {
  readonly filterGroups: readonly { readonly filters: readonly Filter[] }[];
  readonly sorts: readonly { readonly propertyName: string; readonly direction: string }[];
  readonly limit: number;
  readonly after?: string;
}
interface Filter {
  readonly propertyName: string;
  readonly operator: string;
  readonly value?: string;
}

/** https://developers.hubspot.com/docs/api-reference/2026-03/crm/search-the-crm and the list of owners. */
export function hubspotPartner(): Player {
  const lists: Record<string, Row[]> = {
    // As a nightly update leaves them: many with the same time.
    contacts: many(350, (i) => object(i + 1, at(0), { email: `p${i + 1}@acme.example` })),
    deals: many(201, (i) => object(i + 1, at(MINUTE), { dealname: 'a deal' })),
    owners: many(101, (i) => ({ ...object(i + 1, at(0), {}), email: `o${i}@acme.example`, properties: undefined })),
  };
  const changedAs: Readonly<Record<string, string>> = { contacts: 'lastmodifieddate', deals: 'hs_lastmodifieddate' };

  const search = (type: string, { filterGroups, sorts, limit, after = '0' }: Search): OwnAnswer => {
    const from = Number(after);
    if (limit > 200) return error(400, { message: 'limit must be 200 at most', category: 'VALIDATION_ERROR' });
    if (from + limit > SEARCH_CAP)
      return error(400, { message: 'The requested page is beyond the last one', category: 'VALIDATION_ERROR' });
    const propertyOf = (row: Row, name: string): number => {
      if (name === 'hs_object_id') return Number(row['id']);
      if (name !== changedAs[type]) return Number.NaN;
      return Date.parse(String(row['updatedAt']));
    };
    const filters = filterGroups.flatMap((group) => group.filters);
    if (filters.some(({ value }) => typeof value !== 'string'))
      return error(400, { message: 'a filter has no value', category: 'VALIDATION_ERROR' });
    const fits = (row: Row, { propertyName, operator, value }: Filter): boolean => {
      const found = propertyOf(row, propertyName);
      return operator === 'GT' ? found > Number(value) : operator === 'GTE' && found >= Number(value);
    };
    const found = (lists[type] ?? []).filter((row) => filters.every((filter) => fits(row, filter)));
    const [sort] = sorts;
    if (sort?.direction === 'ASCENDING')
      found.sort((a, b) => propertyOf(a, sort.propertyName) - propertyOf(b, sort.propertyName));
    return { body: { total: found.length, ...paged(found, from, limit) } };
  };

  return {
    name: 'hubspot',
    env: { HUBSPOT_TOKEN: 'pat-1' },
    origin: 'https://api.hubapi.com',
    // Answers of searches have no header that tells of limits.
    refusal: error(429, {
      message: 'You have reached your secondly limit.',
      errorType: 'RATE_LIMIT',
      policyName: 'SECONDLY',
    }),
    answer: (asked) => {
      if (headerOf(asked, 'authorization') !== 'Bearer pat-1')
        return error(401, { message: 'Authentication credentials not found', category: 'INVALID_AUTHENTICATION' });
      const { pathname, searchParams } = asked.url;
      const type = /^\/crm\/objects\/2026-03\/(\w+)\/search$/.exec(pathname)?.[1];
      if (type !== undefined && asked.method === 'POST') return search(type, JSON.parse(asked.body) as Search);
      if (pathname !== '/crm/owners/2026-03') return notFound;
      const from = Number(searchParams.get('after') ?? 0);
      const body = paged(lists['owners'] ?? [], from, Number(searchParams.get('limit') ?? 100));
      return { body, headers: { 'x-hubspot-ratelimit-max': '100', 'x-hubspot-ratelimit-remaining': '99' } };
    },
    change: () => {
      const { contacts = [], deals = [], owners = [] } = lists;
      replaceIn(contacts, 'id', '7', { updatedAt: iso(at(60 * MINUTE)), properties: { email: 'new@acme.example' } });
      contacts.push(object(351, at(61 * MINUTE), { email: 'p351@acme.example' }));
      replaceIn(deals, 'id', '1', { updatedAt: iso(at(62 * MINUTE)), properties: { dealname: 'won' } });
      owners.pop();
    },
    truth: (stream) => (lists[stream] ?? []).map(({ properties, ...row }) => ({ ...row, ...(properties as Row) })),
  };
}

const object = (id: number, updated: number, properties: Row): Row => ({
  id: String(id),
  properties,
  createdAt: iso(at(0)),
  updatedAt: iso(updated),
  archived: false,
});

/** `paging` is left out on the last page. */
function paged(list: readonly Row[], from: number, limit: number): Row {
  const { items, next } = part(list, from, limit);
  return { results: items, ...(next === null ? {} : { paging: { next: { after: String(next) } } }) };
}

const error = (status: number, body: Row): OwnAnswer => ({
  status,
  body: { status: 'error', correlationId: 'c-1', ...body },
});
