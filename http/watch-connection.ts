import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import type { Transport } from './depart.ts';
import { codeOf } from './transport-failure.ts';

/** What became of the connection of one request. */
export interface WatchedConnection {
  /** It had served another request before. */
  readonly reused: () => boolean;
  /** It had been kept, and broke before a byte of the answer came. */
  readonly brokeOnReuse: (error: unknown) => boolean;
}

const BROKEN: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

/** The same transport, and what it tells of the connection that it used. */
export function watchConnection(transport: Transport): { readonly transport: Transport } & WatchedConnection {
  let watched: ClientRequest | undefined;
  let readBefore = 0;
  return {
    transport: {
      request(options: RequestOptions, onResponse: (message: IncomingMessage) => void) {
        const request = transport.request(options, onResponse);
        watched = request;
        request.once('socket', (socket) => (readBefore = socket.bytesRead));
        return request;
      },
    },
    reused: () => watched?.reusedSocket === true,
    brokeOnReuse: (error) =>
      watched?.reusedSocket === true && watched.socket?.bytesRead === readBefore && BROKEN.has(codeOf(error)),
  };
}
