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

/**
 * Whether a link leads to one of these hosts; `*.example.com` is every host below it. Over plain HTTP only where its port is named, too:
 * what comes that way can be read and changed.
 */
export const isOnHost = ({ protocol, host, hostname }: URL, hosts: readonly string[]): boolean =>
  (protocol === 'https:' || hosts.includes(host)) &&
  hosts.some((name) => (name.startsWith('*.') ? hostname.endsWith(name.slice(1)) : name === host || name === hostname));

/** For a message: where a link leads that is not followed. Its path and query may hold secrets. */
export const originOf = (link: URL): string => (link.origin === 'null' ? link.protocol : link.origin);
