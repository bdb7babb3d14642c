import { PermitLapsed, type Departure } from '../../core/departure.ts';
import { explain, NeedsAttention, GiveUp, RetryLater, Throttled, type Coordinates } from '../../core/errors.ts';
import type { Failpoint } from '../../core/failpoint.ts';
import { noMetrics, type Metrics, type StreamLabels } from '../../core/metrics.ts';
import type { Lane } from '../../core/names.ts';
import { isPartnerFailure, isTransportFailure } from '../../core/outage.ts';
import type { Answer, NextPage, PageRequest, Position } from '../../core/page.ts';
import { hashToUuid } from '../../core/page-key.ts';
import { pageMark } from '../../core/page-mark.ts';
import type { UnreadAnswer } from '../../core/source.ts';
import type { Authorizer } from '../../http/auth.ts';
import { classify, type Verdict } from '../../http/classify.ts';
import type { PartnerClient } from '../../http/client.ts';
import type { ReportProblems } from '../../http/header-problems.ts';
import type { KnownSecret } from '../../http/known-secrets.ts';
import { sourceOf } from '../../sources/source-of.ts';
import { SMALL_PAGE } from '../../http/profiles/choose-profiles.ts';
import { openFiles } from '../../http/open-files.ts';
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
  /** Where in the text the records stand as they came; undefined: they were made from it. */
  readonly exactAt: string | undefined;
  /** A JSON text for each of the records that were made. */
  readonly texts?: readonly string[] | undefined;
  /** Why a record is malformed, by its index. */
  readonly faults?: ReadonlyMap<number, string> | undefined;
  readonly skipped: boolean;
  /** The partner refused this parent's call for good, in words: the others go on without it. */
  readonly refused?: string;
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

const nothing = {
  records: [],
  next: { cursor: null, total: null },
  mark: null,
  full: false,
  exactAt: undefined,
} as const;

/** How partners refuse a page behind the last one. */
const BEHIND_THE_END: readonly number[] = [400, 404, 416, 422];

/** One page: permit, request, verdict. One attempt, but for a token that had to be renewed. */
export async function fetchPage(deps: FetchDeps, { position: stored, ...of }: PageAsked): Promise<FetchedPage> {
  const asked: PageAsked = { ...of, position: await sentPosition(stored, deps.authorizer) };
  const { stream, position } = asked;
  const at = placeOf(asked);
  const request = withValidators(requestOf(asked, at), asked);
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
    if (refusesParent(verdict, asked, answer.status))
      return {
        answer,
        foreseen: undefined,
        read: () => ({ ...nothing, skipped: false, refused: message, validators: null }),
      };
    switch (verdict.action) {
      case 'ok': {
        const opened = await openedFor(asked, request, answered, place);
        return {
          answer,
          foreseen: foreseen(asked, request, opened),
          read: () => readPage(asked, request, opened, place),
        };
      }
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

/** May be about one parent: it is gone, was renamed, or is not for these credentials. */
const ABOUT_A_PARENT: readonly number[] = [403, 451];

/** What a rule of the definition says is meant for the stream. */
const refusesParent = ({ action, ruled }: Verdict, { position }: PageAsked, status: number): boolean =>
  position.parents.length > 0 &&
  !ruled &&
  (action === 'giveUp' || (action === 'attention' && ABOUT_A_PARENT.includes(status)));

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

/** An answer whose files, if its body is an archive, are unpacked. */
interface Opened extends Answered {
  readonly files: readonly Buffer[];
  /** What the source made of it beforehand. */
  readonly prepared?: unknown;
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

function requestOf({ stream, position }: PageAsked, at: Coordinates): PageRequest {
  return placed(at, [], () => sourceOf(stream).request(position));
}

async function openedFor(
  { stream }: PageAsked,
  request: PageRequest,
  answered: Answered,
  at: Coordinates,
): Promise<Opened> {
  const { answer, secrets } = answered;
  const { compression, prepare } = sourceOf(stream);
  const isPacked = compression !== undefined && answer.body.length > 0;
  try {
    const files = isPacked ? await openFiles(answer.body, compression, stream.partner.maxBytes) : [answer.body];
    const opened = { ...answered, files };
    return prepare === undefined ? opened : { ...opened, prepared: await prepare(forSource(opened, request)) };
  } catch (error) {
    return placed(at, secrets, () => {
      throw error;
    });
  }
}

function readPage(asked: PageAsked, request: PageRequest, answered: Opened, at: Coordinates): PageContent {
  const { stream, position } = asked;
  const { answer, headers, secrets } = answered;
  const validators = validatorsOf(asked, request, headers);
  if (
    answer.status === 304 &&
    request.headers['if-none-match'] === undefined &&
    request.headers['if-modified-since'] === undefined
  )
    throw new RetryLater(`${where(at)}: answered 304 to a request that was not conditional`, { at });
  const page = placed(at, secrets, () => sourceOf(stream).read(forSource(answered, request), position));
  const { next, full = false, exactAt } = page;
  const cursor = next.cursor === null ? null : storeCursor(next.cursor, secrets);
  return {
    ...page,
    next: { ...next, cursor },
    mark: pageMark(page.records),
    full,
    exactAt,
    skipped: false,
    validators,
  };
}

/** The text of a large answer is decoded when somebody asks for it: a copy would do that at once. */
const forSource = ({ answer, files, prepared }: Opened, { url }: PageRequest): UnreadAnswer => ({
  status: answer.status,
  headers: answer.headers,
  bytes: answer.bytes,
  url,
  get outline() {
    return answer.outline;
  },
  get text() {
    if (answer.noText !== undefined) throw new RetryLater(answer.noText);
    return answer.text;
  },
  files,
  prepared,
});

/** A source does not know which page it reads, and its words may hold names that the partner made of our secrets. */
function placed<T>(at: Coordinates, secrets: readonly KnownSecret[], work: () => T): T {
  try {
    return work();
  } catch (error) {
    const message = error instanceof Error ? `${where(at)}: ${withoutSecrets(error.message, secrets)}` : '';
    if (error instanceof GiveUp) throw new GiveUp(message, { at });
    if (error instanceof RetryLater)
      throw new RetryLater(message, { at, ...(error.afterMs === undefined ? {} : { afterMs: error.afterMs }) });
    throw error;
  }
}

function foreseen({ stream, position }: PageAsked, request: PageRequest, answered: Opened): string | undefined {
  const { secrets } = answered;
  const cursor = sourceOf(stream).foresee?.(forSource(answered, request), position);
  return cursor === undefined ? undefined : storeCursor(cursor, secrets);
}

const placeOf = ({ stream, pageNo }: PageAsked): Coordinates => ({
  partner: stream.partner.name,
  stream: stream.name,
  page: pageNo,
});

const where = (at: Coordinates): string => `${at.partner} ${at.stream} page ${at.page}`;

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
