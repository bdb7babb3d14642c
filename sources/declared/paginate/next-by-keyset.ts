import { GiveUp } from '../../../core/errors.ts';
import type { Pagination } from '../../../definitions/definition.ts';
import type { ReceivedPage } from '../next-page.ts';
import { isLastPage } from './is-last-page.ts';
import { fieldAt, readHasMore, readToken } from './read-fields.ts';

export function nextByKeyset(
  { field, hasMore }: Extract<Pagination, { type: 'keyset' }>,
  { body, records }: ReceivedPage,
): string | null {
  const more = readHasMore(body, hasMore);
  if (isLastPage({ hasMore: more, records: records.length, short: false })) return null;
  const key = readToken(fieldAt(records.at(-1), field), field);
  if (key === null) throw new GiveUp(`the last record of the page has no ${field}: the next page cannot be asked for`);
  return key;
}
