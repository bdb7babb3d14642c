import type { OwnAnswer } from '../support/own-partner.ts';
import type { Asked, Player, Row } from './example-partner.ts';
import { at, DAY, headerOf, iso, many, MINUTE, notFound, part, replaceIn } from './play.ts';

/** What each list can be filtered by: https://developers.klaviyo.com/en/reference/get_profiles and get_events. */
const filters: Readonly<Record<string, RegExp>> = {
  profiles: /^(greater-than)\(updated,(\S+)\)$/,
  events: /^(greater-than|greater-or-equal)\(datetime,(\S+)\)$/,
};

/** https://developers.klaviyo.com/en/reference/api_overview: JSON:API with links.next. */
export function klaviyoPartner(): Player {
  const lists: Record<string, Row[]> = {
    profiles: many(130, (i) => profile(i, at(i * MINUTE))),
    events: many(20, (i) => event(i, at(i * DAY))),
  };

  const list = (name: string, { url }: Asked): OwnAnswer => {
    const { searchParams } = url;
    const filter = searchParams.get('filter');
    const [, operator, bound = ''] = filters[name]?.exec(filter ?? '') ?? [];
    if (filter !== null && operator === undefined)
      return error(400, { code: 'invalid', detail: `Invalid filter provided: ${filter}` });
    const since = Date.parse(bound);
    const found = (lists[name] ?? []).filter(
      (row) => filter === null || timeOf(row) > since || (operator === 'greater-or-equal' && timeOf(row) === since),
    );
    found.sort((a, b) => timeOf(a) - timeOf(b));
    const from = Number(searchParams.get('page[cursor]') ?? 0);
    const { items, next } = part(found, from, Number(searchParams.get('page[size]') ?? 20));
    const other = new URL(url);
    other.searchParams.set('page[cursor]', String(next));
    return {
      body: { data: items, links: { self: url.href, next: next === null ? null : other.href, prev: null } },
      headers: { 'ratelimit-limit': '750', 'ratelimit-remaining': '740', 'ratelimit-reset': '30' },
    };
  };

  return {
    name: 'klaviyo',
    env: { KLAVIYO_KEY: 'pk_1' },
    origin: 'https://a.klaviyo.com',
    refusal: {
      ...error(429, { code: 'throttled', detail: 'Request was throttled. Expected available in 1 second.' }),
      headers: { 'retry-after': '1' },
    },
    answer: (asked) => {
      if (headerOf(asked, 'authorization') !== 'Klaviyo-API-Key pk_1')
        return error(401, { code: 'not_authenticated', detail: 'Missing or invalid private key.' });
      if (!/^\d{4}-\d\d-\d\d$/.test(headerOf(asked, 'revision')))
        return error(400, { code: 'invalid', detail: 'The revision header is required.' });
      const name = asked.url.pathname.replace('/api/', '');
      return lists[name] === undefined ? notFound : list(name, asked);
    },
    change: () => {
      const { profiles = [], events = [] } = lists;
      replaceIn(profiles, 'id', 'p4', profile(4, at(DAY), 'Changed'));
      // Of the moment up to which profiles have been read.
      profiles.push(profile(500, at(129 * MINUTE)));
      // An event of an earlier day that shows up now.
      events.push(event(500, at(15 * DAY)), event(501, at(21 * DAY)));
    },
    truth: (stream) => (lists[stream] ?? []).map(({ attributes, ...row }) => ({ ...row, ...(attributes as Row) })),
  };
}

const profile = (i: number, updated: number, first_name = 'Ann'): Row => ({
  type: 'profile',
  id: `p${i}`,
  attributes: { first_name, created: iso(at(0)), updated: iso(updated) },
  relationships: {},
  links: { self: `https://a.klaviyo.com/api/profiles/p${i}/` },
});

const event = (i: number, ms: number): Row => ({
  type: 'event',
  id: `e${i}`,
  attributes: { timestamp: ms / 1000, datetime: iso(ms), event_properties: {} },
  relationships: {},
});

function timeOf({ attributes }: Row): number {
  const { updated, datetime } = attributes as { updated?: string; datetime?: string };
  return Date.parse(updated ?? datetime ?? '');
}

const error = (status: number, of: Row): OwnAnswer => ({
  status,
  body: { errors: [{ id: 'x', status, title: 'an error', source: { pointer: '/data/' }, ...of }] },
});
