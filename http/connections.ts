import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type AgentOptions } from 'node:https';
import { rootCertificates } from 'node:tls';
import type { Tls } from '../definitions/tls.ts';
import { proxyFor } from './proxy-for.ts';
import { TunnelAgent } from './tunnel-agent.ts';

/** How a URL is reached. */
export interface Route {
  readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
  /** Asked instead of the host: by plain HTTP there is no tunnel. */
  readonly proxy?: URL;
}

/** The connections to one partner, and to where it grants tokens. */
export interface Connections {
  /** `fresh`: over one that nobody used before and nobody will. */
  readonly to: (url: string, how: { readonly fresh: boolean }) => Route;
  readonly close: () => void;
}

/** `env` tells of proxies. */
export function openConnections({
  tls,
  env = {},
}: {
  readonly tls?: Tls | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
}): Connections {
  const own: AgentOptions = tls === undefined ? {} : tlsOptions(tls);
  const made = new Map<string, Route['agents']>();
  const agents = (proxy: URL | undefined, fresh: boolean): Route['agents'] => {
    const key = `${fresh} ${proxy?.href ?? ''}`;
    const options = { keepAlive: !fresh };
    const found = made.get(key) ?? {
      http: new HttpAgent(options),
      https:
        proxy === undefined ? new HttpsAgent({ ...own, ...options }) : new TunnelAgent(proxy, { ...own, ...options }),
    };
    made.set(key, found);
    return found;
  };
  return {
    to: (url, { fresh }) => {
      const proxy = proxyFor(url, env);
      const found = { agents: agents(proxy, fresh) };
      return proxy === undefined || url.startsWith('https:') ? found : { ...found, proxy };
    },
    close: () => {
      for (const { http, https } of made.values()) {
        http.destroy();
        https.destroy();
      }
    },
  };
}

function tlsOptions({ cert, key, passphrase, ca }: Tls): AgentOptions {
  return {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    // `ca` alone would stand for all others, and tokens may come from elsewhere.
    ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }),
  };
}
