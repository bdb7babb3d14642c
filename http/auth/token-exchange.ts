import type { Departure } from '../../core/departure.ts';
import type { Answer, PageRequest } from '../../core/page.ts';
import { openConnections, type Connections } from '../connections.ts';
import { sendOnce } from '../send-once.ts';

export type TokenAnswer = Pick<Answer, 'status' | 'headers' | 'text' | 'receivedAtMs'>;

/** Sends a request for a token once there is a permit for it. */
export type Permitted = (
  request: PageRequest,
  send: (departure: Departure | undefined) => Promise<TokenAnswer>,
) => Promise<TokenAnswer>;

/** One call of a token endpoint. */
export type TokenExchange = (request: PageRequest, permitted?: Permitted) => Promise<TokenAnswer>;

/** Over a connection of its own: a kept one may break, and such a request is not sent twice. */
export function createTokenExchange({
  timeoutMs,
  connections = openConnections({}),
  now,
}: {
  readonly timeoutMs: number;
  readonly connections?: Connections;
  readonly now: () => number;
}): TokenExchange {
  return (request, permitted = (_, send) => send(undefined)) =>
    permitted(request, async (departure) => {
      const { status, headers, content } = await sendOnce(request, {
        timeoutMs,
        maxBytes: 1024 * 1024,
        what: 'the token endpoint',
        ...connections.to(request.url, { fresh: true }),
        ...(departure === undefined ? {} : { departure }),
      });
      return { status, headers, text: content.text, receivedAtMs: now() };
    });
}
