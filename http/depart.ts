import http from 'node:http';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import https from 'node:https';
import { TLSSocket } from 'node:tls';
import { PermitLapsed, type Departure } from '../core/departure.ts';
import { proxyHeaders } from './proxy-for.ts';

export interface Transport {
  readonly request: (options: RequestOptions, onResponse: (message: IncomingMessage) => void) => ClientRequest;
}

export const plainTransport: Transport = {
  request: (options, onResponse) => (options.protocol === 'https:' ? https : http).request(options, onResponse),
};

/** By plain HTTP a proxy is asked with the whole URL (RFC 9112 §3.2.2). */
export const transportThrough = (proxy: URL): Transport => ({
  request: ({ hostname, host = hostname, port, path, headers, ...options }, onResponse) => {
    const authority = port === undefined || port === null || port === '' ? `${host}` : `${host}:${port}`;
    return (proxy.protocol === 'https:' ? https : http).request(
      {
        ...options,
        protocol: proxy.protocol,
        ...(proxy.protocol === 'https:' ? { agent: undefined } : {}),
        host: proxy.hostname.replace(/^\[|\]$/g, ''),
        port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
        path: `http://${authority}${path ?? '/'}`,
        headers: { ...(headers as Readonly<Record<string, string>>), host: authority, ...proxyHeaders(proxy) },
      },
      onResponse,
    );
  },
});

/**
 * A transport for axios that connects at once but writes only when the departure says so. Preparing a request takes a
 * millisecond or many on a busy machine, and a moment that was permitted should not be spent on it.
 */
export function departingTransport(departure: Departure, transport: Transport = plainTransport): Transport {
  return departing({ departure }, transport);
}

/** A function of its own, whose closures know nothing but `held`. */
function departing(held: Held, transport: Transport): Transport {
  return {
    request(options, onResponse) {
      const request = transport.request(options, onResponse);
      request.once('finish', () => held.departure?.onWire());
      request.once('response', ({ statusCode }) => held.departure?.onAnswer(statusCode ?? 0));
      request.once('close', () => (held.departure = undefined));
      holdEnd(request, held);
      return request;
    },
  };
}

/**
 * Node's agent keeps the first request of a connection for as long as the connection stands. A departure knows its grant and its turn, these know
 * the other requests of theirs, and these their connections: without an end to it, one connection that lasts keeps them all, for ever.
 */
interface Held {
  departure: Departure | undefined;
}

/** Node sends headers with the first byte of the body, or at the end: nothing leaves before `end` when all is kept till then. */
function holdEnd(request: ClientRequest, held: Held): void {
  const write = request.write.bind(request);
  const end = request.end.bind(request);
  const chunks: unknown[] = [];
  let written = false;
  request.write = ((chunk: unknown) => {
    chunks.push(chunk);
    return true;
  }) as typeof request.write;
  request.end = ((chunk?: unknown) => {
    if (chunk !== undefined && chunk !== null) chunks.push(chunk);
    whenConnected(request, () => {
      // A connection that was kept alive may be closed by the partner while we wait for the moment.
      request.prependListener('error', (error) => {
        if (!written) Object.assign(error, { unsent: true });
      });
      held.departure?.ready(
        () => {
          written = true;
          for (const each of chunks) write(each);
          end();
        },
        (why) => void request.destroy(why),
      );
    });
    return request;
  }) as typeof request.end;
}

function whenConnected(request: ClientRequest, then: () => void): void {
  const onSocket = (socket: NonNullable<ClientRequest['socket']>): void => {
    // Through a proxy's tunnel the connection stands before the handshake does.
    if (socket instanceof TLSSocket && !isSecure(socket)) socket.once('secureConnect', then);
    else if (socket.connecting) socket.once('connect', then);
    else then();
  };
  if (request.socket === null) request.once('socket', onSocket);
  else onSocket(request.socket);
}

const isSecure = (socket: TLSSocket): boolean => ![null, 'unknown'].includes(socket.getProtocol());

/** Whether the request ended before anything of it was sent, for reasons that have nothing to do with the partner's answer. */
export function isUnsent(error: unknown): boolean {
  for (let e = error; typeof e === 'object' && e !== null; e = (e as Error).cause)
    if (e instanceof PermitLapsed || (e as { unsent?: boolean }).unsent === true) return true;
  return false;
}
