import type { NextPage } from '../../../core/page.ts';
import type { Pagination } from '../../../definitions/definition.ts';
import type { ReceivedPage } from '../next-page.ts';
import { readOffset } from '../page-params.ts';
import { countDistinct } from './count-distinct.ts';
import { isLastPage } from './is-last-page.ts';
import { readCount } from './read-fields.ts';
import { readMore } from './read-flags.ts';

export function nextByOffset(
  pagination: Extract<Pagination, { type: 'offset' }>,
  { body, records, position }: ReceivedPage,
): NextPage {
  // By what came, never by the limit: a partner may give fewer than asked for.
  const offset = readOffset(position.cursor) + countDistinct(records);
  const total = readCount(body, pagination.total);
  const last = isLastPage({
    more: readMore(body, pagination),
    records: records.length,
    short: pagination.stopOnShort && records.length < pagination.limit,
  });
  return { cursor: last ? null : String(offset), total, beyond: total !== null && offset >= total };
}
