import type { Pagination } from '../../../definitions/definition.ts';
import type { ReceivedPage } from '../next-page.ts';
import { storableUrl } from './storable-url.ts';
import { NoWayOn } from './no-way-on.ts';
import { fieldAt } from './read-fields.ts';
import { readMore } from './read-flags.ts';
import { saysNone } from './says-none.ts';

export function nextByUrl(
  { path, none, ...flags }: Extract<Pagination, { type: 'nextUrl' }>,
  page: ReceivedPage,
): string | null {
  const more = readMore(page.body, flags);
  if (more === false) return null;
  const next = fieldAt(page.body, path);
  if (saysNone(next, none)) {
    if (more === true) throw new NoWayOn(`the partner says there is another page, but ${path} does not name it`);
    return null;
  }
  if (typeof next !== 'string') throw new NoWayOn(`${path} is not text: it cannot be the URL of the next page`);
  return storableUrl(next, page);
}
