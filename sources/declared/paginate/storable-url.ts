import { onSameOrigin, originOf } from '../../../core/same-origin.ts';
import type { ReceivedPage } from '../next-page.ts';
import { NoWayOn } from './no-way-on.ts';

/** An absolute URL on the host that was asked, without credentials: it becomes a cursor, and cursors are stored. */
export function storableUrl(
  next: string,
  { url, auth }: Pick<ReceivedPage, 'url' | 'auth'>,
  { mayNameItself = false } = {},
): string {
  const asked = new URL(url);
  if (!URL.canParse(next, url)) throw new NoWayOn("the partner's next URL is not a URL");
  const link = new URL(next, url);
  const to = onSameOrigin(link, asked);
  if (to === undefined)
    throw new NoWayOn(`the next page is on ${originOf(link)}, not on ${asked.origin}: credentials are not sent there`);
  if (typeof auth !== 'function' && auth.type === 'apiKey' && auth.in === 'query' && to.searchParams.has(auth.name))
    to.searchParams.delete(auth.name);
  if (to.href === asked.href && !mayNameItself)
    throw new NoWayOn('the partner names the same page again as the next one: the stream would turn in circles');
  return to.href;
}
