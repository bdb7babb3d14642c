import { onSameOrigin, originOf } from '../../../core/same-origin.ts';
import type { Auth } from '../../../definitions/auth.ts';
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
  const own = ownParameter(auth);
  if (own !== undefined && to.searchParams.has(own)) to.searchParams.delete(own);
  if (to.href === asked.href && !mayNameItself)
    throw new NoWayOn('the partner names the same page again as the next one: the stream would turn in circles');
  return to.href;
}

/** The parameter that our credentials go in. */
function ownParameter(auth: Auth): string | undefined {
  if (typeof auth === 'function') return undefined;
  if (auth.type === 'apiKey') return auth.in === 'query' ? auth.name : undefined;
  return (auth.type === 'login' || auth.type === 'jwt') && auth.use.in === 'query' ? auth.use.name : undefined;
}
