import http from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import https, { Agent, type AgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { proxyHeaders } from './proxy-for.ts';

/** So long a proxy may take to open a tunnel. The request itself may have given up before. */
const TUNNEL_MS = 30_000;

/** Connections through a proxy to whom everything but the host is hidden (CONNECT, RFC 9110 §9.3.6). */
export class TunnelAgent extends Agent {
  readonly #proxy: URL;

  constructor(proxy: URL, options: AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(
    options: Parameters<Agent['createConnection']>[0],
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const { host, port } = options as { host?: string; port?: number | string };
    openTunnel(this.#proxy, `${host?.includes(':') === true ? `[${host}]` : host}:${port ?? 443}`).then(
      // The handshake with the partner goes through the tunnel.
      (socket) => callback?.(null, super.createConnection({ ...options, socket } as typeof options) as Duplex),
      (error: unknown) => (callback as ((error: unknown) => void) | undefined)?.(error),
    );
    return undefined;
  }
}

function openTunnel(proxy: URL, target: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const request: ClientRequest = (proxy.protocol === 'https:' ? https : http).request({
      method: 'CONNECT',
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      path: target,
      headers: { host: target, ...proxyHeaders(proxy) },
      agent: false,
    });
    const refuse = ({ statusCode }: IncomingMessage): void => {
      reject(Object.assign(new Error('the proxy refused'), { code: `PROXY_ANSWERED_${statusCode}` }));
      request.destroy();
    };
    request.once('connect', (answer: IncomingMessage, socket: Duplex) => {
      if (answer.statusCode === 200) resolve(socket);
      else refuse(answer);
    });
    request.once('response', refuse);
    request.once('error', reject);
    request.setTimeout(TUNNEL_MS, () =>
      request.destroy(Object.assign(new Error('the proxy took too long'), { code: 'ETIMEDOUT' })),
    );
    request.end();
  });
}
