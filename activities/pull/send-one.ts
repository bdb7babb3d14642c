import { KeptConnectionBroke, PermitLapsed } from '../../core/departure.ts';
import { explain } from '../../core/errors.ts';
import type { Failpoint } from '../../core/failpoint.ts';
import { noMetrics, type Metrics, type StreamLabels } from '../../core/metrics.ts';
import type { Lane } from '../../core/names.ts';
import { isPartnerFailure, isTransportFailure } from '../../core/outage.ts';
import type { Answer, PageRequest } from '../../core/page.ts';
import type { ErrorRule } from '../../definitions/definition.ts';
import { countsRequests } from '../../definitions/limits.ts';
import type { Authorizer } from '../../http/auth.ts';
import type { Permitted } from '../../http/auth/token-exchange.ts';
import { classify, type Verdict } from '../../http/classify.ts';
import type { PartnerClient } from '../../http/client.ts';
import type { ReportProblems } from '../../http/header-problems.ts';
import type { KnownSecret } from '../../http/known-secrets.ts';
import { toldLimit } from '../../http/told-limit.ts';
import { SMALL_PAGE } from '../../http/profiles/choose-profiles.ts';
import { harmlessHeaders } from '../../http/redact.ts';
import { noSpans, type Spans } from '../../core/spans.ts';
import type { WaitClock, WaitHandle } from '../../core/wait-clock.ts';
import { costOf } from '../../limits/declare/cost.ts';
import type { GrantedPermit, Limiter, Work } from '../../limits/permits/limiter.ts';
import { CircuitCall, type CircuitCallDeps } from './circuit-call.ts';
import { countedDeparture } from './counted-departure.ts';
import { sourceOf } from '../../sources/source-of.ts';
import type { HeldAnswers } from './held-answer.ts';
import { noteCall, purposeOf, type CallMade, type NotedCalls } from './note-call.ts';
import { placeOf, type PageAsked } from './page-asked.ts';
import { MAX_SLOT_WAIT_MS, takePermit } from './take-permit.ts';

export interface FetchDeps extends CircuitCallDeps {
  readonly client: PartnerClient;
  readonly authorizer: Authorizer;
  readonly limiter: Limiter;
  readonly failpoint: Failpoint;
  readonly signal: AbortSignal;
  /** How long to stay away after a throttled answer that does not say. */
  readonly throttledBackoffMs: () => number;
  /** The run's; the stream's own if absent. */
  readonly lane?: Lane;
  /** Critical work that the request is part of, as it stands. */
  readonly work?: () => Work | undefined;
  /** Called when the permit is there and the request leaves. */
  readonly onSending?: () => void;
  /** Told what an answer's headers said. */
  readonly onHeaderProblems?: ReportProblems;
  readonly metrics?: Metrics;
  /** Times each call as a part of its trace. */
  readonly spans?: Spans;
  /** Where each call is noted; absent: nowhere. */
  readonly calls?: NotedCalls;
  /** Of the grant: for how long its requests wait, and for what. */
  readonly waits?: WaitClock;
  /** Of the grant, where answers may be read part by part. */
  readonly held?: HeldAnswers;
  /** Called as a request goes out. */
  readonly onRequest: () => void;
}

export interface Answered {
  readonly answer: Answer;
  /** Its headers but for those that repeat a secret: only paginators see them all. */
  readonly headers: Answer['headers'];
  /** The secrets that it may repeat. */
  readonly secrets: readonly KnownSecret[];
}

export interface Judged extends Answered {
  readonly verdict: Verdict;
  /** Of a throttled answer: nobody sends with this credential before this ISO time. */
  readonly blockedUntil: string | undefined;
}

/**
 * A permit that was not used in time cost the partner nothing: then another one is asked for. So it is once for a request that broke off
 * with a connection that had been kept, which may have reached the partner and counts: all that we ask for is read, never changed.
 */
export async function sendOne(
  deps: FetchDeps,
  request: PageRequest,
  { permitted, ...asked }: PageAsked & { readonly permitted: Permitted },
): Promise<Judged> {
  const { partner, definition } = asked.stream;
  const lane = deps.lane ?? definition.lane;
  let giveUpAtMs = deps.now() + MAX_SLOT_WAIT_MS;
  let fresh = false;
  const wantedAtMs = deps.now();
  const wire = { atMs: wantedAtMs, waitedMs: 0 };
  let wait: WaitHandle | undefined;
  const onWire = (): void => {
    wait?.end();
    wire.atMs = deps.now();
    wire.waitedMs = wire.atMs - wantedAtMs;
    deps.metrics?.permitWaited({ partner: partner.name, lane }, wire.waitedMs);
  };
  for (;;) {
    // A token is asked for with a permit of its own, so it must be there before this one is taken.
    if (request.foreign !== true) await deps.authorizer.prepare?.(request, permitted);
    wait ??= deps.waits?.begin();
    try {
      const permit = await takePermit(deps, { partner: partner.name, request, lane, giveUpAtMs, wait });
      // A probe is to find out whether the partner answers, by one request: no connection of before may break under it. And nobody
      // would know whether what broke off has changed something.
      return await sendWith(permit, deps, {
        request,
        asked,
        onWire,
        wire,
        fresh: fresh || permit.probe !== undefined || request.changes === true,
        takesLarge: sourceOf(asked.stream).takesLarge?.(asked.position) === true,
      });
    } catch (error) {
      // One that lapsed waits on.
      if (!(error instanceof PermitLapsed)) wait?.end();
      if (error instanceof KeptConnectionBroke) {
        wait = undefined;
        deps.metrics?.retried({ partner: partner.name, stream: asked.stream.name }, 'connection');
        fresh = true;
        giveUpAtMs = deps.now() + MAX_SLOT_WAIT_MS;
      } else if (!(error instanceof PermitLapsed)) throw error;
    }
  }
}

/** The slot of a concurrency limit is given back only when a refusal is known to all: nobody slips in between. */
async function sendWith(
  permit: GrantedPermit,
  deps: FetchDeps,
  { request, asked, wire, ...how }: SendHow & Sent & { readonly asked: PageAsked },
): Promise<Judged> {
  const { partner, definition } = asked.stream;
  const { limits, errors } = partner;
  const { metrics = noMetrics } = deps;
  const labels: StreamLabels = { partner: partner.name, stream: asked.stream.name };
  const call = new CircuitCall(deps, permit, placeOf(asked));
  const noted = (secrets: readonly KnownSecret[], came: CallMade['came']): void => {
    if (deps.calls === undefined) return;
    const { stream, pageNo } = asked;
    const when = { sentAtMs: wire.atMs, waitedMs: wire.waitedMs, nowMs: deps.now() };
    noteCall(deps.calls, { ...when, stream, request, purpose: purposeOf(stream), page: pageNo, secrets, came });
  };
  try {
    const answer = await traced(deps, { request, asked, wire }, (headers) =>
      send(permit, deps, { request, headers, ...how }),
    ).catch(async (error: unknown) => {
      if (!(error instanceof PermitLapsed)) {
        metrics.requestSent(labels, undefined);
        noted(await deps.authorizer.secrets([]), { error, cancelled: deps.signal.aborted });
      }
      if (isTransportFailure(error)) await call.failed(explain(error));
      throw error;
    });
    metrics.requestSent(labels, answer);
    await deps.failpoint('fetch.after');
    const secrets = await deps.authorizer.secrets([]);
    const headers = harmlessHeaders(answer.headers, secrets);
    const rules = [
      ...definition.errors,
      ...errors,
      ...(sourceOf(asked.stream).accepts?.(asked.position) ? [accepted] : []),
    ];
    const verdict = classify({
      status: answer.status,
      headers,
      text: isSearched(answer, rules) ? answer.text : '',
      rules,
      profile: limits.profile,
      canRefresh: deps.authorizer.canRefresh && request.foreign !== true,
      nowMs: answer.receivedAtMs,
      maxWaitMs: limits.maxWait,
    });
    const told = toldLimit({ status: answer.status, headers, verdict, nowMs: answer.receivedAtMs });
    noted(secrets, { answer, says: answer, action: verdict.action, told });
    if (verdict.action === 'throttled') metrics.throttled(labels, { declared: countsRequests(limits) });
    const { reading } = verdict;
    if (reading.cut || reading.problems.length > 0) deps.onHeaderProblems?.(reading);
    const waitMs = waitOf(deps, verdict);
    const failed = isPartnerFailure({ ...verdict, status: answer.status });
    const block = async (): Promise<string | undefined> =>
      verdict.action === 'throttled' ? deps.limiter.block(waitMs, verdict.message) : undefined;
    // The others hear of it before anything else is done.
    let blockedUntil = failed ? undefined : await block();
    await permit.answered?.({ quotas: reading.quotas, cost: costOf(limits.cost, answer) ?? reading.cost });
    if (failed) {
      // While nobody may call anyway, neither a block nor a lower speed is needed.
      await call.failed(verdict.message, waitMs);
      blockedUntil = await block();
    }
    if (!failed) await call.succeeded();
    return { answer, headers, secrets, verdict, blockedUntil };
  } finally {
    try {
      await call.end();
    } finally {
      await permit.release();
    }
  }
}

const accepted = { status: 202, action: 'ok' } as const satisfies ErrorRule;

interface Sent {
  readonly request: PageRequest;
  /** When it went out, once it has. */
  readonly wire: { readonly atMs: number; readonly waitedMs: number };
}

interface SendHow {
  readonly onWire: () => void;
  /** Over a connection of its own. */
  readonly fresh: boolean;
  readonly takesLarge: boolean;
}

async function send(
  { departure }: GrantedPermit,
  deps: FetchDeps,
  {
    request,
    headers,
    onWire,
    fresh,
    takesLarge,
  }: SendHow & { readonly request: PageRequest; readonly headers: PageRequest['headers'] },
): Promise<Answer> {
  if (departure === undefined) {
    onWire();
    deps.onRequest();
  }
  const answering = deps.client.send(
    request,
    deps.signal,
    departure && countedDeparture(departure, { ...deps, onWire }),
    { fresh, takesLarge, headers },
  );
  deps.onSending?.();
  return answering;
}

/** The call as a part of its trace. The partner is told of that only where its definition wants it. */
function traced(
  { spans = noSpans }: FetchDeps,
  { request, asked, wire }: Sent & { readonly asked: PageAsked },
  work: (headers: PageRequest['headers']) => Promise<Answer>,
): Promise<Answer> {
  const { partner, name: stream } = asked.stream;
  const facts = { partner: partner.name, stream, page: asked.pageNo, 'http.request.method': request.method };
  return spans.within({ name: `${request.method} ${partner.name}.${stream}`, kind: 'client', facts }, async (span) => {
    const traceparent = partner.traceparent && request.foreign !== true ? spans.traceparent() : undefined;
    try {
      const answer = await work(traceparent === undefined ? {} : { traceparent });
      const { status, bytes, requestId } = answer;
      span.note({ 'http.response.status_code': status, 'http.response.body.size': bytes });
      if (requestId !== undefined) span.note({ request_id: requestId });
      return answer;
    } finally {
      span.note({ waited_ms: wire.waitedMs });
    }
  });
}

/** Nobody looks into a large page that came well, unless a rule does: it need not be decoded before the next request. */
const isSearched = ({ status, bytes }: Answer, rules: readonly ErrorRule[]): boolean =>
  status > 299 ||
  bytes <= SMALL_PAGE ||
  rules.some(({ code, contains }) => code !== undefined || contains !== undefined);

/** What the answer itself asks to wait, ms. */
function waitOf(deps: FetchDeps, { action, resumeAt }: Verdict): number {
  if (resumeAt !== undefined) return Math.max(0, Date.parse(resumeAt) - deps.now());
  return action === 'throttled' ? Math.max(0, deps.throttledBackoffMs()) : 0;
}
