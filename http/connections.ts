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
  /** `fresh`: over one that nobody used before and nobody will. `foreign`: without our certificate. */
  readonly to: (url: string, how: { readonly fresh: boolean; readonly foreign?: boolean }) => Route;
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
  const others: AgentOptions = tls === undefined ? {} : trustOptions(tls);
  const made = new Map<string, Route['agents']>();
  const agents = (proxy: URL | undefined, { fresh, foreign = false }: Parameters<Connections['to']>[1]) => {
    const key = `${fresh} ${foreign} ${proxy?.href ?? ''}`;
    const options = { ...(foreign ? others : own), keepAlive: !fresh };
    const found = made.get(key) ?? {
      http: new HttpAgent({ keepAlive: !fresh }),
      https: proxy === undefined ? new HttpsAgent(options) : new TunnelAgent(proxy, options),
    };
    made.set(key, found);
    return found;
  };
  return {
    to: (url, how) => {
      const proxy = proxyFor(url, env);
      const found = { agents: agents(proxy, how) };
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

function tlsOptions({ cert, key, passphrase, ...trust }: Tls): AgentOptions {
  return {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...trustOptions(trust),
  };
}

/** `ca` alone would stand for all others, and tokens may come from elsewhere. */
const trustOptions = ({ ca }: Pick<Tls, 'ca'>): AgentOptions =>
  ca === undefined ? {} : { ca: [...rootCertificates, ca] };
