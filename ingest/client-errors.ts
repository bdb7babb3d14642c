import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SECOND } from '../core/duration.ts';
import { PROBLEM, problemBody, problems, Refusal } from './problem.ts';

/** Who was told that the connection ends and keeps it open nevertheless is cut off then. */
const LINGER_MS = 2 * SECOND;

interface Working {
  readonly request: IncomingMessage;
  readonly done: Promise<void>;
}

/** Answers what is no HTTP, or comes too slowly, and ends the connection. */
export class ClientErrors {
  readonly #base: () => string;
  readonly #mostHeaderBytes: number;
  readonly #working = new WeakMap<Socket, Set<Working>>();

  constructor({ base, mostHeaderBytes }: { readonly base: () => string; readonly mostHeaderBytes: number }) {
    this.#base = base;
    this.#mostHeaderBytes = mostHeaderBytes;
  }

  /** A request has begun: whatever its connection does meanwhile, its answer is its own. */
  began({ raw: request }: FastifyRequest, { raw: response }: FastifyReply): void {
    const { socket } = request;
    const all = this.#working.get(socket) ?? new Set();
    this.#working.set(socket, all);
    const done = new Promise<void>((resolve) => response.once('close', resolve));
    const one = { request, done };
    all.add(one);
    void done.then(() => all.delete(one));
  }

  async handle(error: NodeJS.ErrnoException, socket: Socket): Promise<void> {
    // A request that came whole may land: what follows it on the connection must not look like its answer.
    const whole = [...(this.#working.get(socket) ?? [])].filter(({ request }) => request.complete);
    if (whole.length > 0) {
      await Promise.all(whole.map(({ done }) => done));
      socket.destroySoon();
      return;
    }
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    socket.end(this.#answer(refusalOf(error, this.#mostHeaderBytes)));
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  }

  #answer(refusal: Refusal): string {
    const { status } = problems[refusal.code];
    const requestId = randomUUID();
    const body = `${JSON.stringify(problemBody(refusal, { requestId, base: this.#base() }))}\n`;
    const headers = {
      'content-type': PROBLEM,
      'x-request-id': requestId,
      'cache-control': 'no-store',
      'content-length': Buffer.byteLength(body),
      ...(refusal.retryAfterS === undefined ? {} : { 'retry-after': refusal.retryAfterS }),
      connection: 'close',
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n');
  }
}

/** Codes: https://nodejs.org/api/http.html#event-clienterror */
function refusalOf({ code }: NodeJS.ErrnoException, mostHeaderBytes: number): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new Refusal('headers_too_large', {
      detail: `expected at most ${mostHeaderBytes} bytes of headers, found more`,
    });
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new Refusal('too_slow', { detail: 'the request did not come in the time that it has', retryAfterS: 1 });
  return new Refusal('bad_request', { detail: 'expected an HTTP/1.1 request, found something else' });
}
