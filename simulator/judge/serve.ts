import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Micros } from '../micros.ts';
import { errorReply } from '../reply.ts';
import { waitUntil } from '../wait-until.ts';
import type { Run, Decision } from './run.ts';
import type { Listing } from './listing.ts';

/** One request to the judged partner, decided by the time it arrived at. */
export async function serve(
  { run, listing, random }: { readonly run: Run; readonly listing: Listing; readonly random: () => number },
  nowUs: Micros,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const arrivedAtMs = performance.now();
  const url = request.url ?? '/';
  const cut = url.indexOf('?');
  const path = cut === -1 ? url : url.slice(0, cut);
  const method = request.method ?? 'GET';
  const stream = /^\/s\/([^/]{1,100})$/.exec(path)?.[1];
  const decision = run.decide(nowUs, { method, path, stream: stream ?? 'other', token: tokenOf(request) });
  response.once('close', () => decision.left());
  request.resume();
  if (decision.status === 0) {
    request.socket.resetAndDestroy();
    return;
  }
  if (decision.verdict !== 'admitted') {
    const { code, message } = words[decision.verdict];
    return send(response, decision, errorReply(decision.status, code, message));
  }
  const { latencyMs, jitterMs } = run.settings;
  const waitMs = latencyMs + (jitterMs === 0 ? 0 : random() * jitterMs);
  if (waitMs > 0) await waitUntil(arrivedAtMs + waitMs);
  if (response.destroyed) return;
  if (stream === undefined)
    return send(response, decision, errorReply(404, 'not_found', 'listings are at /s/{stream}'));
  const query = new URLSearchParams(cut === -1 ? '' : url.slice(cut + 1));
  const [page, size] = [whole(query.get('page') ?? '1'), whole(query.get('size') ?? String(run.settings.size))];
  if (page === undefined || size === undefined || size > 1000)
    return send(response, decision, errorReply(400, 'invalid_request', 'page and size are whole numbers, size ≤ 1000'));
  send(response, decision, { status: 200, body: [listing.page(stream, page, size)], headers: json });
}

const json = { 'content-type': 'application/json; charset=utf-8' } as const;

const words = {
  refused: { code: 'rate_limited', message: 'API rate limit exceeded' },
  scripted: { code: 'rate_limited', message: 'API rate limit exceeded' },
  outage: { code: 'unavailable', message: 'the partner is down' },
  unauthorized: { code: 'invalid_token', message: 'a bearer token is needed, and this one is not known' },
} as const;

const tokenOf = (request: IncomingMessage): string | undefined =>
  /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];

const whole = (text: string): number | undefined => (/^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined);

function send(
  response: ServerResponse,
  decision: Decision,
  reply: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: readonly Buffer[];
  },
): void {
  const [body = Buffer.alloc(0)] = reply.body;
  // Before the bytes go: a client that has its answer may come again at once.
  decision.answered(reply.status);
  response.writeHead(reply.status, { ...reply.headers, ...decision.headers, 'content-length': body.length });
  response.end(body);
}
