import { RetryLater } from '../core/errors.ts';
import { SECOND } from '../core/duration.ts';
import { openConnections } from '../http/connections.ts';
import { sendOnce } from '../http/send-once.ts';

export interface SendDeps {
  /** Tells of proxies. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
  readonly signal?: AbortSignal;
}

export interface Call {
  /** How errors name it; nothing secret: the address of a channel often is. */
  readonly what: string;
  readonly url: string;
  readonly method?: 'POST' | 'GET';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const TIMEOUT_MS = 15 * SECOND;
const MOST_BYTES = 1_000_000;

/** One attempt. RetryLater unless the answer is 2xx: whoever has to mend an address does so while it is tried again. */
export async function sendCall(call: Call, { env, signal }: SendDeps): Promise<void> {
  const { what, url, method = 'POST', headers = {}, body } = call;
  const connections = openConnections({ env });
  try {
    const { status } = await sendOnce(
      {
        method,
        url,
        headers: {
          'user-agent': 'syncline',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        body,
        changes: true,
      },
      {
        timeoutMs: TIMEOUT_MS,
        maxBytes: MOST_BYTES,
        what,
        ...connections.to(url, { fresh: true }),
        ...(signal === undefined ? {} : { signal }),
      },
    );
    if (status < 200 || status >= 300) throw new RetryLater(`${what}: answered ${status}`);
  } finally {
    connections.close();
  }
}
