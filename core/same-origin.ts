/**
 * Where a link leads if it leads to the origin that was asked: its user and password left out, for ours go there. One that differs
 * only by `http:` where we ask by `https:`, as a partner behind a balancer writes it, leads there over https. undefined: elsewhere.
 */
export function onSameOrigin(link: URL, asked: URL): URL | undefined {
  const to = new URL(link);
  if (to.protocol === 'http:' && asked.protocol === 'https:') to.protocol = 'https:';
  if (to.origin !== asked.origin || to.origin === 'null') return undefined;
  to.username = '';
  to.password = '';
  to.hash = '';
  return to;
}

/** For a message: where a link leads that is not followed. Its path and query may hold secrets. */
export const originOf = (link: URL): string => (link.origin === 'null' ? link.protocol : link.origin);
