import type { Answer, PageRequest } from '../../core/page.ts';
import { sendOnce } from '../send-once.ts';

export type TokenAnswer = Pick<Answer, 'status' | 'headers' | 'text' | 'receivedAtMs'>;
/** One call of a token endpoint. */
export type TokenExchange = (request: PageRequest) => Promise<TokenAnswer>;

/** Token calls are rare, so they keep no connection of their own. */
export function createTokenExchange({
  timeoutMs,
  now,
}: {
  readonly timeoutMs: number;
  readonly now: () => number;
}): TokenExchange {
  return async (request) => {
    const { status, headers, content } = await sendOnce(request, {
      timeoutMs,
      maxBytes: 1024 * 1024,
      what: 'the token endpoint',
    });
    return { status, headers, text: content.text, receivedAtMs: now() };
  };
}
