import type { Pagination } from '../../../definitions/definition.ts';
import type { ReceivedPage } from '../next-page.ts';
import { NoWayOn } from './no-way-on.ts';
import { fieldAt, readToken } from './read-fields.ts';
import { readMore } from './read-flags.ts';
import { tagged } from './tagged-cursor.ts';

export function nextByToken(
  pagination: Extract<Pagination, { type: 'token' }>,
  { body, headers }: ReceivedPage,
): string | null {
  const { from, token, none } = pagination;
  const more = readMore(body, pagination);
  if (more === false) return null;
  const next = readToken(from === 'header' ? headers[token.toLowerCase()] : fieldAt(body, token), token, none);
  if (next === null && more === true)
    throw new NoWayOn(`the partner says there is another page, but ${token} does not name it`);
  return next === null ? null : tagged(pagination, 'page', next);
}
