import { GiveUp } from '../core/errors.ts';
import type { NextPage, Position } from '../core/page.ts';
import type { Auth, Pagination } from '../definitions/definition.ts';
import { assertNever } from '../core/assert-never.ts';
import { nextByFunction } from './paginate/next-by-function.ts';
import { nextByKeyset } from './paginate/next-by-keyset.ts';
import { nextByLink } from './paginate/next-by-link.ts';
import { nextByOffset } from './paginate/next-by-offset.ts';
import { nextByPage } from './paginate/next-by-page.ts';
import { nextByToken } from './paginate/next-by-token.ts';
import { nextByUrl } from './paginate/next-by-url.ts';
import { readCount, readHasMore } from './paginate/read-fields.ts';
import { signOfMore } from './sign-of-more.ts';

/** A page that came, as the paginators see it. */
export interface ReceivedPage {
  /** The parsed body; undefined when there was none. */
  readonly body: unknown;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly records: readonly unknown[];
  readonly position: Position;
  /** The URL that was asked, before authorization. */
  readonly url: string;
  /** The partner's: a key in the query of a next URL is taken out, for cursors are stored. */
  readonly auth: Auth;
}

/** Where the stream goes on. Throws GiveUp rather than end early or turn in circles. */
export function nextPage({ pagination, ...page }: ReceivedPage & { readonly pagination: Pagination }): NextPage {
  const next = nextOf(pagination, page);
  if (next.cursor !== null && next.cursor === page.position.cursor)
    throw new GiveUp('the partner names the same page again as the next one: the stream would turn in circles');
  return next;
}

function nextOf(pagination: Pagination, page: ReceivedPage): NextPage {
  switch (pagination.type) {
    case 'none':
      return { cursor: null, total: null };
    case 'token':
      return named(pagination, page, nextByToken(pagination, page));
    case 'nextUrl':
      return named(pagination, page, nextByUrl(pagination, page));
    case 'link':
      return named(pagination, page, nextByLink(pagination, page));
    case 'offset':
      return nextByOffset(pagination, page);
    case 'page':
      return nextByPage(pagination, page);
    case 'keyset':
      return { cursor: nextByKeyset(pagination, page), total: readCount(page.body, pagination.total) };
    case 'function':
      return { cursor: nextByFunction(pagination, page), total: null };
    default:
      return assertNever(pagination);
  }
}

/** Where the partner names the next page: a listing that names none ends, which a wrong name in the definition does as well. */
function named(
  pagination: Extract<Pagination, { type: 'token' | 'nextUrl' | 'link' }>,
  page: ReceivedPage,
  cursor: string | null,
): NextPage {
  const total = readCount(page.body, pagination.total);
  const hasMore = 'hasMore' in pagination ? readHasMore(page.body, pagination.hasMore) : undefined;
  // An empty page that announces another one is what some partners end with.
  const sign = cursor !== null || hasMore === false || page.records.length === 0 ? undefined : signOfMore(page);
  return sign === undefined
    ? { cursor, total }
    : { cursor, total, doubt: `${sign}, but ${placeOf(pagination)} is not there` };
}

function placeOf(pagination: Extract<Pagination, { type: 'token' | 'nextUrl' | 'link' }>): string {
  if (pagination.type === 'link') return `a link with rel="${pagination.rel}"`;
  if (pagination.type === 'nextUrl') return `the URL at ${pagination.path}`;
  return `the token ${pagination.from === 'header' ? `in the header ${pagination.token}` : `at ${pagination.token}`}`;
}
