import type { NextPage } from '../../../core/page.ts';
import type { Pagination } from '../../../definitions/definition.ts';
import type { ReceivedPage } from '../next-page.ts';
import { readPageCursor, writePageCursor } from '../page-params.ts';
import { countDistinct } from './count-distinct.ts';
import { isLastPage } from './is-last-page.ts';
import { readCount } from './read-fields.ts';
import { usualSize } from './usual-size.ts';
import { readMore } from './read-flags.ts';

export function nextByPage(
  pagination: Extract<Pagination, { type: 'page' }>,
  { body, records, position }: ReceivedPage,
): NextPage {
  const page = readPageCursor(position.cursor, pagination.first);
  const next = { number: page.number + 1, received: page.received + countDistinct(records) };
  const total = readCount(body, pagination.total);
  const totalPages = readCount(body, pagination.totalPages);
  const followed = totalPages !== null && next.number - pagination.first < totalPages;
  const more = readMore(body, pagination);
  // Some partners filter behind their pages. Numbers lead on all the same.
  const passesOn = records.length === 0 && more !== false && (more === true || followed);
  const ended = totalPages !== null && !followed;
  const full = ended ? usualSize(pagination, position.cursor, 1) : pagination.size;
  const last =
    !passesOn &&
    isLastPage({
      more,
      records: records.length,
      // A number of pages and a page that is not full say the same; a full one may be where the count is capped.
      short: records.length < full && (pagination.stopOnShort || ended),
    });
  return {
    cursor: last ? null : writePageCursor(next),
    total,
    beyond: ended || (total !== null && next.received >= total),
    ...(pagination.emptyPages === undefined && records.length === 0 && more !== false
      ? doubtOf({ page: page.number - pagination.first + 1, passesOn, totalPages })
      : {}),
  };
}

/** An empty listing has no page, or one. */
function doubtOf({
  page,
  passesOn,
  totalPages,
}: {
  readonly page: number;
  readonly passesOn: boolean;
  readonly totalPages: number | null;
}): Pick<NextPage, 'doubt'> {
  if (passesOn) return { doubt: `page ${page} is empty, but the partner says that others follow` };
  const isOne = totalPages !== null && totalPages > 1 && page <= totalPages;
  return isOne ? { doubt: `page ${page} is empty, but the partner says that there are ${totalPages} pages` } : {};
}
