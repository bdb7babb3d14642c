import { PermitLapsed, type Departure } from '../../core/departure.ts';
import { explain, NeedsAttention, GiveUp, RetryLater, Throttled, type Coordinates } from '../../core/errors.ts';
import type { Failpoint } from '../../core/failpoint.ts';
import { parseJson, valueAt } from '../../core/json.ts';
import { noMetrics, type Metrics, type StreamLabels } from '../../core/metrics.ts';
import type { Lane } from '../../core/names.ts';
import { isPartnerFailure, isTransportFailure } from '../../core/outage.ts';
import type { Answer, NextPage, PageRequest, Position } from '../../core/page.ts';
import { hashToUuid } from '../../core/page-key.ts';
import { pageMark } from '../../core/page-mark.ts';
import type { Authorizer } from '../../http/auth.ts';
import { arraysIn } from '../../http/arrays-in.ts';
import { buildRequest } from '../../http/build-request.ts';
import { classify, type Verdict } from '../../http/classify.ts';
import type { PartnerClient } from '../../http/client.ts';
import type { ReportProblems } from '../../http/header-problems.ts';
import { foreseeNext } from '../../http/foresee-next.ts';
import type { KnownSecret } from '../../http/known-secrets.ts';
import { nextPage } from '../../http/next-page.ts';
import { SMALL_PAGE } from '../../http/profiles/choose-profiles.ts';
import { harmlessHeaders, withoutSecrets } from '../../http/redact.ts';
import { sendCursor } from '../../http/send-cursor.ts';
import { storeCursor } from '../../http/store-cursor.ts';
import { costOf } from '../../limits/declare/cost.ts';
import type { GrantedPermit, Limiter, Work } from '../../limits/permits/limiter.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { Validators } from '../../core/staged.ts';
import { CircuitCall, type CircuitCallDeps } from './circuit-call.ts';
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
  /** Called as a request goes out. */
  readonly onRequest: () => void;
}

/** A page that came and is not read yet: as a text it costs the garbage collector nothing. */
export interface FetchedPage {
  readonly answer: Answer;
  /** The cursor of the next page, if it shows before the page is read; `read` has the last word. */
  readonly foreseen: string | undefined;
  /** Parses it. Throws what a partner's answer deserves that cannot be read. */
  readonly read: () => PageContent;
}

export interface PageContent {
  /** Parsed; their exact texts are parts of the answer's (received.ts). */
  readonly records: readonly unknown[];
  readonly next: NextPage;
  /** What it holds (`core/page-mark.ts`); null when it is empty. */
  readonly mark: string | null;
  /** It has as many records as were asked for. */
  readonly full: boolean;
  readonly skipped: boolean;
  readonly validators: Validators | null;
}

export interface PageAsked {
  readonly stream: CompiledStream;
  readonly position: Position;
  readonly pageNo: number;
  /** Of the last complete run; sent when the URL is the same. */
  readonly known: Validators | null;
  /** By what the partner states the listing has ended before this page: then it may be refused. */
  readonly beyond: boolean;
}

const nothing = { records: [], next: { cursor: null, total: null }, mark: null, full: false } as const;

/** How partners refuse a page behind the last one. */
const BEHIND_THE_END: readonly number[] = [400, 404, 416, 422];

/** One page: permit, request, verdict. One attempt, but for a token that had to be renewed. */
export async function fetchPage(deps: FetchDeps, { position: stored, ...of }: PageAsked): Promise<FetchedPage> {
  const asked: PageAsked = { ...of, position: await sentPosition(stored, deps.authorizer) };
  const { stream, position } = asked;
  const at = placeOf(asked);
  const request = withValidators(buildRequest({ partner: stream.partner, stream: stream.definition, position }), asked);
  for (let renewed = false; ; renewed = true) {
    const { verdict, blockedUntil, ...answered } = await sendOne(deps, request, asked);
    const { answer } = answered;
    const place: Coordinates = {
      ...at,
      status: answer.status,
      ...(answer.requestId === undefined ? {} : { requestId: answer.requestId }),
    };
    const message = `${stream.partner.name} ${stream.name} page ${asked.pageNo}: ${verdict.message}`;
    if (asked.beyond && BEHIND_THE_END.includes(answer.status) && isRefusal(verdict))
      return { answer, foreseen: undefined, read: () => ({ ...nothing, skipped: false, validators: null }) };
    switch (verdict.action) {
      case 'ok':
        return {
          answer,
          foreseen: foreseen(asked, request, answered),
          read: () => readPage(asked, request, answered, place),
        };
      case 'skip':
        // A parent may vanish at any time; a listing of its own would lose the pages that follow.
        if (position.cursor !== null && position.parents.length === 0)
          throw new GiveUp(`${message}; it cannot be skipped in the middle of a listing`, { at: place });
        return { answer, foreseen: undefined, read: () => ({ ...nothing, skipped: true, validators: null }) };
      case 'throttled':
        throw new Throttled(message, { at: place, resumeAt: blockedUntil ?? new Date(deps.now()).toISOString() });
      case 'retry':
        throw new RetryLater(message, {
          at: place,
          ...(verdict.resumeAt === undefined
            ? {}
            : { afterMs: Math.max(0, Date.parse(verdict.resumeAt) - deps.now()) }),
        });
      case 'refreshToken':
        if (renewed || !(await deps.authorizer.refresh(request)))
          throw new NeedsAttention(`${message}; ${renewed ? 'a new token did not help' : 'there is no newer one'}`, {
            at: place,
          });
        break;
      case 'attention':
        throw new NeedsAttention(message, { at: place });
      case 'giveUp':
        throw new GiveUp(message, { at: place });
    }
  }
}

const isRefusal = ({ action }: Verdict): boolean => action === 'giveUp' || action === 'skip';

async function sentPosition(position: Position, { secrets }: Authorizer): Promise<Position> {
  return position.cursor === null ? position : { ...position, cursor: await sendCursor(position.cursor, secrets) };
}

interface Answered {
  readonly answer: Answer;
  /** Its headers but for those that repeat a secret: only paginators see them all. */
  readonly headers: Answer['headers'];
  /** The secrets that it may repeat. */
  readonly secrets: readonly KnownSecret[];
}

interface Judged extends Answered {
  readonly verdict: Verdict;
  /** Of a throttled answer: nobody sends with this credential before this ISO time. */
  readonly blockedUntil: string | undefined;
}

/** A permit that was not used in time cost the partner nothing: then another one is asked for. */
async function sendOne(deps: FetchDeps, request: PageRequest, asked: PageAsked): Promise<Judged> {
  const { partner, definition } = asked.stream;
  const lane = deps.lane ?? definition.lane;
  const giveUpAtMs = deps.now() + MAX_SLOT_WAIT_MS;
  const wantedAtMs = deps.now();
  const onWire = (): void => deps.metrics?.permitWaited({ partner: partner.name, lane }, deps.now() - wantedAtMs);
  for (;;) {
    const permit = await takePermit(deps, { partner: partner.name, request, lane, giveUpAtMs });
    try {
      return await sendWith(permit, deps, { request, asked, onWire });
    } catch (error) {
      if (!(error instanceof PermitLapsed)) throw error;
    }
  }
}

/** The slot of a concurrency limit is given back only when a refusal is known to all: nobody slips in between. */
async function sendWith(
  permit: GrantedPermit,
  deps: FetchDeps,
  { request, asked, onWire }: { readonly request: PageRequest; readonly asked: PageAsked; readonly onWire: () => void },
): Promise<Judged> {
  const { partner, definition } = asked.stream;
  const { limits, errors } = partner;
  const { metrics = noMetrics } = deps;
  const labels: StreamLabels = { partner: partner.name, stream: asked.stream.name };
  const call = new CircuitCall(deps, permit, placeOf(asked));
  try {
    const answer = await send(permit, deps, { request, onWire }).catch(async (error: unknown) => {
      if (!(error instanceof PermitLapsed)) metrics.requestSent(labels, undefined);
      if (isTransportFailure(error)) await call.failed(explain(error));
      throw error;
    });
    metrics.requestSent(labels, answer);
    await deps.failpoint('fetch.after');
    const secrets = await deps.authorizer.secrets([]);
    const headers = harmlessHeaders(answer.headers, secrets);
    const rules = [...definition.errors, ...errors];
    const verdict = classify({
      status: answer.status,
      headers,
      text: isSearched(answer, rules) ? answer.text : '',
      rules,
      profile: limits.profile,
      canRefresh: deps.authorizer.canRefresh,
      nowMs: answer.receivedAtMs,
      maxWaitMs: limits.maxWait,
    });
    if (verdict.action === 'throttled') metrics.throttled(labels);
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

async function send(
  { departure }: GrantedPermit,
  deps: FetchDeps,
  { request, onWire }: { readonly request: PageRequest; readonly onWire: () => void },
): Promise<Answer> {
  if (departure === undefined) {
    onWire();
    deps.onRequest();
  }
  const answering = deps.client.send(request, deps.signal, departure && told(departure, { ...deps, onWire }));
  deps.onSending?.();
  return answering;
}

/** A request counts as it is handed to the kernel: one that is withdrawn before, or finds no connection, never reached the partner. */
const told = (
  departure: Departure,
  { onWire, onRequest, signal }: { readonly onWire: () => void } & Pick<FetchDeps, 'onRequest' | 'signal'>,
): Departure => ({
  ...departure,
  ready: (write, turnBack) =>
    departure.ready(() => {
      if (!signal.aborted) onRequest();
      write();
    }, turnBack),
  onWire: () => {
    departure.onWire();
    onWire();
  },
});

/** Nobody looks into a large page that came well, unless a rule does: it need not be decoded before the next request. */
const isSearched = ({ status, bytes }: Answer, rules: readonly unknown[]): boolean =>
  status > 299 || bytes <= SMALL_PAGE || rules.length > 0;

/** What the answer itself asks to wait, ms. */
function waitOf(deps: FetchDeps, { action, resumeAt }: Verdict): number {
  if (resumeAt !== undefined) return Math.max(0, Date.parse(resumeAt) - deps.now());
  return action === 'throttled' ? Math.max(0, deps.throttledBackoffMs()) : 0;
}

function readPage(asked: PageAsked, request: PageRequest, answered: Answered, at: Coordinates): PageContent {
  const { stream, position } = asked;
  const { answer, headers, secrets } = answered;
  const validators = validatorsOf(asked, request, headers);
  if (
    answer.status === 304 &&
    request.headers['if-none-match'] === undefined &&
    request.headers['if-modified-since'] === undefined
  )
    throw new RetryLater(`${where(at)}: answered 304 to a request that was not conditional`, { at });
  if (answer.status === 204 && position.cursor !== null)
    throw new RetryLater(`${where(at)}: answered 204 (nothing) in the middle of a listing`, { at });
  if (answer.status === 304 || answer.status === 204) return { ...nothing, skipped: false, validators };
  const body = parseBody(answered, at);
  const path = stream.definition.records;
  const records = valueAt(body, path);
  if (!Array.isArray(records))
    throw new RetryLater(
      `${where(at)}: expected an array of records at ${path === '' ? 'the top of the body' : `"${path}"`}, found ${typeName(records)}${withoutSecrets(elsewhere(body), secrets)}`,
      { at },
    );
  const next = nextPage({
    pagination: stream.definition.pagination,
    body,
    headers: answer.headers,
    records,
    position,
    url: request.url,
    auth: stream.partner.auth,
  });
  const cursor = next.cursor === null ? null : storeCursor(next.cursor, secrets);
  return {
    records,
    next: { ...next, cursor },
    mark: pageMark(records),
    full: records.length >= sizeOf(stream),
    skipped: false,
    validators,
  };
}

function sizeOf({ definition: { pagination } }: CompiledStream): number {
  return pagination.type === 'offset' ? pagination.limit : pagination.type === 'page' ? pagination.size : 0;
}

function foreseen(
  { stream, position }: PageAsked,
  request: PageRequest,
  { answer, secrets }: Answered,
): string | undefined {
  const { pagination, records } = stream.definition;
  const { headers, outline: text = answer.text } = answer;
  const { auth } = stream.partner;
  const cursor = foreseeNext({ pagination, text, records, headers, position, url: request.url, auth });
  return cursor === undefined ? undefined : storeCursor(cursor, secrets);
}

function parseBody({ answer, headers }: Answered, at: Coordinates): unknown {
  const kind = `${headers['content-type'] ?? 'no content type'}, ${answer.bytes} bytes`;
  if (answer.text.trim() === '')
    throw new RetryLater(`${where(at)}: expected JSON, found an empty body (${kind})`, { at });
  try {
    return parseJson(answer.text);
  } catch {
    // The parser's own message quotes the text, which may be a record.
    throw new RetryLater(`${where(at)}: expected JSON, found something else or a part of it (${kind})`, { at });
  }
}

const placeOf = ({ stream, pageNo }: PageAsked): Coordinates => ({
  partner: stream.partner.name,
  stream: stream.name,
  page: pageNo,
});

const where = (at: Coordinates): string => `${at.partner} ${at.stream} page ${at.page}`;

function typeName(value: unknown): string {
  if (value === undefined) return 'nothing';
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}

function elsewhere(body: unknown): string {
  if (Array.isArray(body)) return '; the body itself is an array: leave "records" out';
  const paths = arraysIn(body);
  return paths.length === 0 ? '' : `; arrays are at ${paths.map((path) => `"${path}"`).join(', ')}: see "records"`;
}

/** Only a stream's very first page is asked conditionally: what follows it stands and falls with it. */
const isConditional = ({ stream, pageNo }: PageAsked): boolean => stream.definition.conditional && pageNo === 1;

function withValidators(request: PageRequest, asked: PageAsked): PageRequest {
  const { known } = asked;
  if (!isConditional(asked) || known === null || known.urlHash !== hashToUuid(request.url)) return request;
  return {
    ...request,
    headers: {
      ...request.headers,
      ...(known.etag === null ? {} : { 'if-none-match': known.etag }),
      ...(known.lastModified === null ? {} : { 'if-modified-since': known.lastModified }),
    },
  };
}

function validatorsOf(asked: PageAsked, request: PageRequest, headers: Answer['headers']): Validators | null {
  if (!isConditional(asked)) return null;
  const etag = headers.etag ?? null;
  const lastModified = headers['last-modified'] ?? null;
  return etag === null && lastModified === null ? null : { urlHash: hashToUuid(request.url), etag, lastModified };
}
