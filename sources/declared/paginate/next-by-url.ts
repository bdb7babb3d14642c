import { GiveUp } from '../../../core/errors.ts';
import type { Pagination } from '../../../definitions/definition.ts';
import type { ReceivedPage } from '../next-page.ts';
import { storableUrl } from './storable-url.ts';
import { fieldAt, readHasMore } from './read-fields.ts';

export function nextByUrl(
  { path, hasMore }: Extract<Pagination, { type: 'nextUrl' }>,
  page: ReceivedPage,
): string | null {
  const more = readHasMore(page.body, hasMore);
  if (more === false) return null;
  const next = fieldAt(page.body, path);
  if (next === undefined || next === null || next === '' || next === false) {
    if (more === true) throw new GiveUp(`the partner says there is another page, but ${path} does not name it`);
    return null;
  }
  if (typeof next !== 'string') throw new GiveUp(`${path} is not text: it cannot be the URL of the next page`);
  return storableUrl(next, page);
}
