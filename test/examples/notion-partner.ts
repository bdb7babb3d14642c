import { pageOf, type Asked, type Played, type Player } from './open-plays.ts';

export interface NotionPage {
  readonly id: string;
  readonly last_edited_time: string;
  readonly in_trash: boolean;
  readonly properties: object;
}

interface Bound {
  readonly last_edited_time: { readonly on_or_after?: string; readonly before?: string };
}

interface Query {
  readonly filter: { readonly and: readonly Bound[] };
  readonly page_size: number;
  readonly start_cursor?: string;
}

const SIZE = 2;
const refuse = (status: number, code: string, message: string): Played => ({
  status,
  body: { object: 'error', status, code, message, request_id: 'r-1' },
});

/** A workspace with one data source, `ds1`. A query that finds more than `cap` pages is cut off as Notion does it. */
export function notionPartner(of: { pages: readonly NotionPage[]; users: readonly object[]; cap: number }): Player {
  return (asked) => {
    if (asked.headers['notion-version'] !== '2025-09-03') return refuse(400, 'missing_version', 'no version');
    if (asked.headers.authorization !== 'Bearer secret') return refuse(401, 'unauthorized', 'API token is invalid.');
    if (asked.path === '/v1/users') return listOf(of.users, asked.query.get('start_cursor'), {});
    if (asked.path !== '/v1/data_sources/ds1/query') return refuse(404, 'object_not_found', 'Could not find it.');
    return query(asked, of);
  };
}

function query({ text }: Asked, { pages, cap }: Parameters<typeof notionPartner>[0]): Played {
  const { filter, page_size, start_cursor } = JSON.parse(text) as Query;
  if (page_size !== 100) return refuse(400, 'validation_error', 'body failed validation');
  const found = pages
    .filter((page) => filter.and.every((bound) => within(page, bound)))
    .toSorted((a, b) => Date.parse(a.last_edited_time) - Date.parse(b.last_edited_time));
  const cut = found.length > cap;
  return listOf(found.slice(0, cap), start_cursor, {
    ...(cut ? { request_status: { type: 'incomplete', incomplete_reason: 'query_result_limit_reached' } } : {}),
  });
}

function within(page: NotionPage, { last_edited_time: { on_or_after, before } }: Bound): boolean {
  const at = Date.parse(page.last_edited_time);
  if (on_or_after !== undefined) return at >= Date.parse(on_or_after);
  if (before !== undefined) return at < Date.parse(before);
  throw new Error('a filter without a condition');
}

function listOf(list: readonly object[], cursor: string | null | undefined, more: object): Played {
  const { items, next } = pageOf(list, cursor, SIZE);
  return {
    body: { object: 'list', results: items, next_cursor: next ?? null, has_more: next !== undefined, ...more },
  };
}
