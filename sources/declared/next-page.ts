import { GiveUp } from '../../core/errors.ts';
import type { NextPage, Position } from '../../core/page.ts';
import type { Auth, Pagination } from '../../definitions/definition.ts';
import { assertNever } from '../../core/assert-never.ts';
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
  const next = doubted(nextOf(pagination, page), pagination, page);
  if (next.cursor !== null && next.cursor === page.position.cursor)
    throw new GiveUp('the partner names the same page again as the next one: the stream would turn in circles');
  return next;
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
  const unread = next.cursor === null && !isBelieved(pagination, page) ? signOfMore(page) : undefined;
  const doubt = unread === undefined ? errorsBesideData(page.body) : `${unread}, but ${missingIn(pagination)}`;
  return doubt === undefined ? next : { ...next, doubt };
}

/** The partner says outright that this is the end, or ends as some do: with an empty page that announces another one. */
function isBelieved(pagination: Pagination, page: ReceivedPage): boolean {
  if ('hasMore' in pagination && readHasMore(page.body, pagination.hasMore) === false) return true;
  return page.records.length === 0 && pagination.type !== 'none';
}

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

/** GraphQL answers 200 with what could be read, and says beside it what could not (specification §7.1). */
function errorsBesideData(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('data' in body) || !('errors' in body)) return undefined;
  const { errors } = body;
  if (!Array.isArray(errors) || errors.length === 0) return undefined;
  return `the answer has ${errors.length === 1 ? 'an error' : `${errors.length} errors`} beside its data: what they stand for did not come`;
}
