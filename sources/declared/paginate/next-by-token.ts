import { GiveUp } from '../../../core/errors.ts';
import type { Pagination } from '../../../definitions/definition.ts';
import type { ReceivedPage } from '../next-page.ts';
import { fieldAt, readHasMore, readToken } from './read-fields.ts';

export function nextByToken(
  { from, token, hasMore }: Extract<Pagination, { type: 'token' }>,
  { body, headers }: ReceivedPage,
): string | null {
  const more = readHasMore(body, hasMore);
  if (more === false) return null;
  const next = readToken(from === 'header' ? headers[token.toLowerCase()] : fieldAt(body, token), token);
  if (next === null && more === true)
    throw new GiveUp(`the partner says there is another page, but ${token} does not name it`);
  return next;
}
