import type { NextPage } from '../../core/page.ts';
import type { Pagination } from '../../definitions/definition.ts';
import type { ReceivedPage } from '../next-page.ts';
import { readPageCursor, writePageCursor } from '../page-params.ts';
import { isLastPage } from './is-last-page.ts';
import { readCount, readHasMore } from './read-fields.ts';

export function nextByPage(
  pagination: Extract<Pagination, { type: 'page' }>,
  { body, records, position }: ReceivedPage,
): NextPage {
  const page = readPageCursor(position.cursor, pagination.first);
  const next = { number: page.number + 1, received: page.received + records.length };
  const total = readCount(body, pagination.total);
  const totalPages = readCount(body, pagination.totalPages);
  const last = isLastPage({
    hasMore: readHasMore(body, pagination.hasMore),
    records: records.length,
    reachedTotal:
      (total !== null && next.received >= total) ||
      (totalPages !== null && next.number - pagination.first >= totalPages),
    short: pagination.stopOnShort && records.length < pagination.size,
  });
  return { cursor: last ? null : writePageCursor(next), total };
}
