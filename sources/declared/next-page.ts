import type { NextPage, Position } from '../../core/page.ts';
import type { Auth, Pagination } from '../../definitions/definition.ts';
import { assertNever } from '../../core/assert-never.ts';
import { NoWayOn } from './paginate/no-way-on.ts';
import { nextByFunction } from './paginate/next-by-function.ts';
import { nextByKeyset } from './paginate/next-by-keyset.ts';
import { nextByLink } from './paginate/next-by-link.ts';
import { nextByOffset } from './paginate/next-by-offset.ts';
import { nextByPage } from './paginate/next-by-page.ts';
import { nextByToken } from './paginate/next-by-token.ts';
import { nextByUrl } from './paginate/next-by-url.ts';
import { readCount } from './paginate/read-fields.ts';
import { readKept } from './paginate/read-kept.ts';
import { readMore } from './paginate/read-flags.ts';
import { flagOfMore, signOfMore, statesMore } from './sign-of-more.ts';

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

/**
 * Where the stream goes on. Where that cannot be followed the partition ends, in doubt: the page's records came well. Throws GiveUp where
 * the definition does not say what a value means.
 */
export function nextPage({ pagination, ...page }: ReceivedPage & { readonly pagination: Pagination }): NextPage {
  const next = doubted(followed(pagination, page), pagination, page);
  const keep = readKept(pagination, page);
  return keep === undefined ? next : { ...next, keep };
}

function followed(pagination: Pagination, page: ReceivedPage): NextPage {
  try {
    const next = nextOf(pagination, page);
    if (next.cursor !== null && next.cursor === page.position.cursor)
      throw new NoWayOn('the partner names the same page again as the next one: the stream would turn in circles');
    return next;
  } catch (error) {
    if (!(error instanceof NoWayOn)) throw error;
    const total = 'total' in pagination ? readCount(page.body, pagination.total) : null;
    return { cursor: null, total, doubt: error.message };
  }
}

function nextOf(pagination: Pagination, page: ReceivedPage): NextPage {
  switch (pagination.type) {
    case 'none':
      return { cursor: null, total: null };
    case 'token':
      return { cursor: nextByToken(pagination, page), total: readCount(page.body, pagination.total) };
    case 'nextUrl':
      return { cursor: nextByUrl(pagination, page), total: readCount(page.body, pagination.total) };
    case 'link':
      return { cursor: nextByLink(pagination, page), total: readCount(page.body, pagination.total) };
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

/** What an end leaves open: a listing that names no next page ends, which a wrong name in the definition does as well. */
function doubted(next: NextPage, pagination: Pagination, page: ReceivedPage): NextPage {
  if (next.doubt !== undefined || next.cursor !== null || isBelieved(pagination, page)) return next;
  const said = signIn(pagination, page);
  return said === undefined ? next : { ...next, doubt: `${said}, but ${missingIn(pagination)}` };
}

function signIn(pagination: Pagination, page: ReceivedPage): string | undefined {
  if (page.records.length === 0 && pagination.type !== 'none') return flagOfMore(page);
  const none = 'none' in pagination ? pagination.none : undefined;
  return (
    signOfMore({ ...page, none }) ?? (pagination.type === 'none' ? statesMore(page, page.records.length) : undefined)
  );
}

/** The partner says outright that this is the end, or the definition does. */
const isBelieved = (pagination: Pagination, page: ReceivedPage): boolean =>
  pagination.type === 'none'
    ? pagination.all
    : ('hasMore' in pagination || 'isLast' in pagination) && readMore(page.body, pagination) === false;

function missingIn(pagination: Pagination): string {
  switch (pagination.type) {
    case 'none':
      return 'the definition has no pagination to follow it';
    case 'link':
      return `a link with rel="${pagination.rel}" is not there`;
    case 'nextUrl':
      return `the URL at ${pagination.path} is not there`;
    case 'token':
      return `the token ${pagination.from === 'header' ? `in the header ${pagination.token}` : `at ${pagination.token}`} is not there`;
    case 'offset':
    case 'page':
      return 'the listing ended at a page that is not full';
    case 'keyset':
      return 'the listing ended here';
    case 'function':
      return 'the function found no next page';
    default:
      return assertNever(pagination);
  }
}
