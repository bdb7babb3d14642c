import type Link from 'http-link-header';
import { GiveUp } from '../../../core/errors.ts';
import type { Pagination } from '../../../definitions/definition.ts';
import type { ReceivedPage } from '../next-page.ts';
import { readLinks } from './read-links.ts';
import { storableUrl } from './storable-url.ts';

export function nextByLink({ rel }: Extract<Pagination, { type: 'link' }>, page: ReceivedPage): string | null {
  const header = page.headers.link;
  if (header === undefined || header.trim() === '') return null;
  const [next] = parse(header).rel(rel);
  return next === undefined ? null : storableUrl(next.uri, page);
}

function parse(header: string): Link {
  try {
    return readLinks(header);
  } catch {
    // The parser's own message quotes the header, which may carry a key.
    throw new GiveUp('the Link header cannot be read (RFC 8288): whether there is another page is unknown');
  }
}
