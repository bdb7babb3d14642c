import type { Agent as HttpAgent, IncomingMessage } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import axios from 'axios';
import type { AxiosRequestConfig } from 'axios';
import { KeptConnectionBroke, PermitLapsed, type Departure } from '../core/departure.ts';
import { GiveUp, RetryLater } from '../core/errors.ts';
import { formatDuration } from '../core/duration.ts';
import type { PageRequest } from '../core/page.ts';
import { decodeBody, decodeSpooled, type DecodedBody } from './decode-body.ts';
import { departingTransport, isUnsent, plainTransport, transportThrough, type Transport } from './depart.ts';
import { readBody, spoolBody } from './read-body.ts';
import { transportFailure } from './transport-failure.ts';
import { watchConnection } from './watch-connection.ts';

export interface SendOptions {
  /** The whole call, connect to last byte: a dribbling body does not outlive it. */
  readonly timeoutMs: number;
  /** On the wire, and again once unpacked. */
  readonly maxBytes: number;
  /** The body of an answer that came well may be a large one, and stay in a file. */
  readonly takesLarge?: boolean;
  /** How messages name the call; nothing secret. */
  readonly what: string;
  readonly signal?: AbortSignal;
  /** Holds the request until its moment; a request that it turns back ends with PermitLapsed, unsent. */
  readonly departure?: Departure;
  readonly agents?: { readonly http: HttpAgent; readonly https: HttpsAgent };
  /** Of plain HTTP. */
  readonly proxy?: URL;
}

export interface RawAnswer extends DecodedBody {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** It came over a connection that had been kept. */
  readonly reused: boolean;
}

/**
 * One attempt: an answer of any status, read to its end, or RetryLater, GiveUp, NeedsAttention, KeptConnectionBroke. An aborted signal throws
 * the signal's own reason. axios' errors never leave: they hold the request with its credentials.
 */
export async function sendOnce(request: PageRequest, options: SendOptions): Promise<RawAnswer> {
  const { signal, timeoutMs, maxBytes, what } = options;
  signal?.throwIfAborted();
  const stop = new AbortController();
  let timedOut = false;
  const limitTime = (): NodeJS.Timeout =>
    setTimeout(() => {
      timedOut = true;
      stop.abort();
    }, timeoutMs);
  let timer = limitTime();
  // Not AbortSignal.any: on Node 20 it keeps a listener on a long-lived signal for every call.
  const onAbort = (): void => stop.abort();
  signal?.addEventListener('abort', onAbort, { once: true });
  // Waiting for the moment is not the partner's time.
  const departure = options.departure && {
    ...options.departure,
    ready: (write: () => void, turnBack: (why: PermitLapsed) => void) => {
      clearTimeout(timer);
      options.departure?.ready(() => {
        timer = limitTime();
        write();
      }, turnBack);
    },
  };
  const way = options.proxy === undefined ? plainTransport : transportThrough(options.proxy);
  const connection = watchConnection(departure === undefined ? way : departingTransport(departure, way));
  try {
    const response = await axios.request<IncomingMessage>(
      axiosConfig(request, stop.signal, { agents: options.agents, transport: connection.transport }),
    );
    const headers = plainHeaders(response.data);
    const decoded =
      options.takesLarge === true && response.status === 200
        ? await decodeSpooled(await spoolBody(response.data, { maxBytes, what }), { headers, maxBytes, what })
        : await decodeBody(await readBody(response.data, { maxBytes, what }), { headers, maxBytes, what });
    return { status: response.status, headers, ...decoded, reused: connection.reused() };
  } catch (error) {
    signal?.throwIfAborted();
    if (isUnsent(error)) throw new PermitLapsed(`${what} was not sent in time`);
    if (timedOut)
      throw new RetryLater(`${what} took longer than ${formatDuration(timeoutMs)}`, {
        cause: Object.assign(new Error('ETIMEDOUT'), { code: 'ETIMEDOUT' }),
      });
    if (connection.brokeOnReuse(error)) throw new KeptConnectionBroke(`${what}: a kept connection was reset`);
    throw error instanceof RetryLater || error instanceof GiveUp ? error : transportFailure(error, what);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

function axiosConfig(
  request: PageRequest,
  signal: AbortSignal,
  { agents, transport }: { agents: SendOptions['agents']; transport: Transport },
): AxiosRequestConfig {
  return {
    method: request.method,
    url: request.url,
    headers: {
      'accept-encoding': 'gzip, br',
      'user-agent': 'syncline',
      // axios would call an empty POST a form.
      ...(request.body === undefined ? { 'content-type': false } : {}),
      ...request.headers,
    },
    ...(request.body === undefined ? {} : { data: request.body }),
    signal,
    ...(agents === undefined ? {} : { httpAgent: agents.http, httpsAgent: agents.https }),
    transport,
    // The agents know theirs.
    proxy: false,
    // A redirect could carry the credentials to another host, and takes a permit of its own.
    maxRedirects: 0,
    maxBodyLength: Number.POSITIVE_INFINITY,
    validateStatus: () => true,
    responseType: 'stream',
    // axios accepts a gzip stream that breaks off (Z_SYNC_FLUSH): half a page would pass for a whole one.
    decompress: false,
    // A signature covers the exact text: nothing may reformat it.
    transformRequest: [],
    transformResponse: [],
  };
}

function plainHeaders(message: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers))
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  return headers;
}
