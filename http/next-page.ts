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
      return { cursor: nextByToken(pagination, page), total: null };
    case 'nextUrl':
      return { cursor: nextByUrl(pagination, page), total: null };
    case 'link':
      return { cursor: nextByLink(pagination, page), total: null };
    case 'offset':
      return nextByOffset(pagination, page);
    case 'page':
      return nextByPage(pagination, page);
    case 'keyset':
      return { cursor: nextByKeyset(pagination, page), total: null };
    case 'function':
      return { cursor: nextByFunction(pagination, page), total: null };
    default:
      return assertNever(pagination);
  }
}
