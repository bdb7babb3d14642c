import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { InvalidInput } from '../core/errors.ts';
import { answer } from './answer.ts';
import type { Fault } from './fault.ts';
import type { Credentials } from './gate.ts';
import { bytesOf, errorReply } from './reply.ts';
import type { Reply } from './reply.ts';
import { routeOf } from './routes.ts';
import type { Route } from './routes.ts';
import { askedOf } from './asked.ts';
import { mutateWorld } from './running.ts';
import type { Running } from './running.ts';
import { spoiled, substituteFor, throttled } from './spoil.ts';
import type { Visit } from './traffic.ts';
import { transmit } from './transmit.ts';
import { waitUntil } from './wait-until.ts';

/** One request to the partner: limits, authorization, faults, answer. */
export async function serve(running: Running, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const arrivedAtMs = performance.now();
  const { traffic, limiter, limits, clock } = running;
  const asked = askedOf(request);
  const route = routeOf(asked.url.pathname);
  const nowMs = clock();
  const verdict = limiter.admit(nowMs);
  const admission = running.gate.check(asked, nowMs);
  const visit = traffic.arrive({
    atMs: nowMs,
    method: asked.method,
    path: shownPath(asked.url, running.secretParam),
    stream: route?.stream ?? 'other',
    key: admission.key,
  });
  const exchange: Exchange = { running, response, arrivedAtMs, visit, headers: verdict.headers };
  try {
    if (!verdict.allowed) {
      visit.violated();
      const seconds = Math.max(1, Math.ceil(verdict.waitMs / 1000));
      const told = limits.retryAfter === 'seconds';
      if (told) visit.askedToWait(nowMs + seconds * 1000);
      const reply = throttled(limits.status, told ? { 'retry-after': String(seconds) } : {});
      return await send(exchange, reply, { throttled: true });
    }
    if ('refusal' in admission) return await send(exchange, admission.refusal);
    await answerWithFaults(exchange, route, asked);
  } finally {
    visit.left();
    if (verdict.allowed) limiter.release();
  }
}

interface Exchange {
  readonly running: Running;
  readonly response: ServerResponse;
  /** On the monotonic clock. */
  readonly arrivedAtMs: number;
  readonly visit: Visit;
  /** Those of the limits. */
  readonly headers: Readonly<Record<string, string>>;
}

async function answerWithFaults(exchange: Exchange, route: Route | undefined, asked: Credentials): Promise<void> {
  const { running, response, arrivedAtMs, visit } = exchange;
  const faults = running.plan.next({ stream: route?.stream, path: asked.url.pathname });
  const delayMs = faults.reduce((sum, each) => sum + (each.kind === 'delay' ? each.ms : 0), running.latencyMs);
  if (delayMs > 0) await waitUntil(arrivedAtMs + delayMs);
  if (response.destroyed) return;
  if (faults.some((each) => each.kind === 'hang')) {
    await once(response, 'close');
    return;
  }
  if (faults.some((each) => each.kind === 'reset' && each.at === 'before')) {
    response.socket?.resetAndDestroy();
    return;
  }
  for (const each of faults)
    if (each.kind === 'mutate') mutateWorld(running, { ...each, stream: each.target, at: undefined });

  const substitute = substituteFor(faults, running.clock());
  if (substitute?.revokes === true) running.gate.revoke(asked);
  if (substitute?.waitUntilMs !== undefined) visit.askedToWait(substitute.waitUntilMs);
  const reply = substitute?.reply ?? answered(running, route, asked, faults);
  await send(exchange, spoiled(reply, faults, running.clock()), {
    throttled: substitute?.waitUntilMs !== undefined,
    faults,
  });
}

function answered(running: Running, route: Route | undefined, asked: Credentials, faults: readonly Fault[]): Reply {
  if (route === undefined) return errorReply(404, 'not_found', 'no such path');
  if (asked.method !== 'GET') return errorReply(405, 'method_not_allowed', 'only GET is known here', { allow: 'GET' });
  try {
    return answer(running, { route, url: asked.url, headers: asked.headers, faults });
  } catch (error) {
    if (error instanceof InvalidInput) return errorReply(400, 'invalid_request', error.message);
    throw error;
  }
}

async function send(
  { running, response, visit, headers }: Exchange,
  reply: Reply,
  how: { readonly throttled?: boolean; readonly faults?: readonly Fault[] } = {},
): Promise<void> {
  const date = new Date(running.clock()).toUTCString();
  const whole = await transmit(
    response,
    { ...reply, headers: { date, ...headers, ...reply.headers } },
    how.faults ?? [],
  );
  if (!whole) return;
  visit.answered({
    status: reply.status,
    throttled: how.throttled ?? false,
    records: reply.records ?? 0,
    bytes: bytesOf(reply),
  });
}

function shownPath(url: URL, secretParam: string | undefined): string {
  if (secretParam === undefined || !url.searchParams.has(secretParam)) return `${url.pathname}${url.search}`;
  const shown = new URL(url);
  shown.searchParams.set(secretParam, 'hidden');
  return `${shown.pathname}${shown.search}`;
}
