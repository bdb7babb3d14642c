import type { Pagination } from '../../../definitions/definition.ts';
import type { ReceivedPage } from '../next-page.ts';
import { NoWayOn } from './no-way-on.ts';
import { readMore } from './read-flags.ts';
import { readLinks, type Link } from './read-links.ts';
import { storableUrl } from './storable-url.ts';

export function nextByLink(
  { rel, ...flags }: Extract<Pagination, { type: 'link' }>,
  page: ReceivedPage,
): string | null {
  const more = readMore(page.body, flags);
  if (more === false) return null;
  const links = read(page.headers['link'] ?? '');
  const next = links.find((link) => link.rels.includes(rel.toLowerCase()) && isOfPage(link, page.url));
  if (next === undefined && more === true)
    throw new NoWayOn(`the partner says there is another page, but no link with rel="${rel}" names it`);
  return next === undefined ? null : storableUrl(next.target, page);
}

function read(header: string): readonly Link[] {
  try {
    return readLinks(header);
  } catch {
    throw new NoWayOn('the Link header cannot be read (RFC 8288): whether there is another page is unknown');
  }
}

/** RFC 8288 §3.2: with an anchor it is a link of something else. */
const isOfPage = ({ anchor }: Link, url: string): boolean =>
  anchor === undefined || (URL.canParse(anchor, url) && new URL(anchor, url).href === new URL(url).href);
