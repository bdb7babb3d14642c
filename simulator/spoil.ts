import type { Fault } from './fault.ts';
import { unauthorized } from './gate.ts';
import { bytesOf, errorReply, jsonReply } from './reply.ts';
import type { Reply } from './reply.ts';
import { retryAfter } from './retry-after.ts';

/** A whole answer that stands in for the real one, or undefined. Throttling also says until when to wait. */
export interface Substitute {
  readonly reply: Reply;
  readonly waitUntilMs?: number;
  readonly revokes?: boolean;
}

export function substituteFor(faults: readonly Fault[], nowMs: number): Substitute | undefined {
  for (const fault of faults) {
    if (fault.kind === 'status')
      return { reply: errorReply(fault.status, 'server_error', 'something went wrong here') };
    if (fault.kind === 'throttle') {
      const wait = retryAfter(fault.retryAfter, fault.seconds, nowMs);
      const headers = wait.value === undefined ? {} : { 'retry-after': wait.value };
      return { reply: throttled(fault.status, headers), waitUntilMs: wait.untilMs };
    }
    if (fault.kind === 'html') return { reply: htmlReply };
    if (fault.kind === 'empty_body') return { reply: emptyReply };
    if (fault.kind === 'expired_token') return { reply: unauthorized('Bearer'), revokes: true };
  }
  return undefined;
}

const htmlReply: Reply = {
  status: 200,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: [Buffer.from('<!doctype html><html><body><h1>We will be back soon</h1></body></html>')],
};
const emptyReply: Reply = { status: 200, headers: { 'content-type': 'application/json' }, body: [] };

/** The ways partners say "slow down": by status, by a code, by an error in a 200 as GraphQL APIs do. */
export function throttled(status: number, headers: Readonly<Record<string, string>>): Reply {
  if (status === 200) {
    const error = { message: 'Throttled', extensions: { code: 'THROTTLED' } };
    return jsonReply(200, { errors: [error] }, headers);
  }
  const message = 'API rate limit exceeded';
  return errorReply(
    status,
    'rate_limited',
    message,
    status === 403 ? { 'x-ratelimit-remaining': '0', ...headers } : headers,
  );
}

/** The real answer, with what is wrong about it as long as it can still be sent in an ordinary way. */
export function spoiled(reply: Reply, faults: readonly Fault[], nowMs: number): Reply {
  return faults.reduce<Reply>((so, fault) => {
    if (fault.kind === 'content_type') return withHeader(so, 'content-type', fault.value);
    if (fault.kind === 'bad_gzip') return withHeader(so, 'content-encoding', 'gzip');
    if (fault.kind === 'clock_skew') return withHeader(so, 'date', new Date(nowMs + fault.ms).toUTCString());
    if (fault.kind === 'big_page') return { ...so, body: padded(so.body, fault.bytes - bytesOf(so)) };
    if (fault.kind === 'truncated' && fault.length === 'right') return { ...so, body: [firstHalf(so.body)] };
    return so;
  }, reply);
}

const withHeader = (reply: Reply, name: string, value: string): Reply => ({
  ...reply,
  headers: { ...reply.headers, [name]: value },
});

export function firstHalf(body: readonly Buffer[]): Buffer {
  const whole = Buffer.concat(body);
  return whole.subarray(0, Math.floor(whole.length / 2));
}

/** White space before the last bracket. */
function padded(body: readonly Buffer[], bytes: number): readonly Buffer[] {
  if (bytes <= 0) return body;
  const whole = Buffer.concat(body);
  return [whole.subarray(0, -1), Buffer.alloc(bytes, ' '), whole.subarray(-1)];
}
