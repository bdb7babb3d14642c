import { KeptConnectionBroke, PermitLapsed } from '../../core/departure.ts';
import {
  explain,
  NeedsAttention,
  GiveUp,
  NoRecords,
  NotReady,
  RetryLater,
  StartAnew,
  Throttled,
  type Coordinates,
} from '../../core/errors.ts';
import type { Failpoint } from '../../core/failpoint.ts';
import { noMetrics, type Metrics, type StreamLabels } from '../../core/metrics.ts';
import type { Lane } from '../../core/names.ts';
import { isPartnerFailure, isTransportFailure } from '../../core/outage.ts';
import type { Answer, NextPage, PageRequest, Position } from '../../core/page.ts';
import { hashToUuid } from '../../core/page-key.ts';
import { pageMark } from '../../core/page-mark.ts';
import type { UnreadAnswer } from '../../core/source.ts';
import type { Authorizer } from '../../http/auth.ts';
import type { Permitted } from '../../http/auth/token-exchange.ts';
import { classify, type Verdict } from '../../http/classify.ts';
import type { PartnerClient } from '../../http/client.ts';
import { followRedirect, MOST_REDIRECTS } from '../../http/follow-redirect.ts';
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
import type { ErrorRule } from '../../definitions/definition.ts';
import type { Validators } from '../../core/staged.ts';
import { CircuitCall, type CircuitCallDeps } from './circuit-call.ts';
import { countedDeparture } from './counted-departure.ts';
import { permittedBy } from './permitted-by.ts';
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
  /** Its cursor is of an earlier grant: it may have died meanwhile. */
  readonly resumed: boolean;
  /** How often the partition was begun anew. */
  readonly restarts: number;
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

/** One page: permit, request, verdict. One attempt, but for a token that had to be renewed and a redirect on the same origin. */
export async function fetchPage(deps: FetchDeps, { position: stored, ...of }: PageAsked): Promise<FetchedPage> {
  const permitted = permittedBy(deps, of.stream);
  const asked: PageAsked = { ...of, position: await sentPosition(stored, deps.authorizer, permitted) };
  const { stream, position } = asked;
  const at = placeOf(asked);
  const first = withValidators(requestOf(asked, at), asked);
  let request = first;
  const urls = [first.url];
  for (let renewed = false; ;) {
    const { verdict: judged, blockedUntil, ...answered } = await sendOne(deps, request, { ...asked, permitted });
    const { answer } = answered;
    const redirected = judged.ruled ? undefined : followRedirect(request, answer);
    if (redirected !== undefined && mayFollow(redirected, urls)) {
      request = redirected;
      urls.push(request.url);
      continue;
    }
    const verdict = redirected === undefined ? judged : { ...judged, message: describeCircle(answer.status, urls) };
    const place: Coordinates = {
      ...at,
      status: answer.status,
      ...(answer.requestId === undefined ? {} : { requestId: answer.requestId }),
    };
    const message = `${stream.partner.name} ${stream.name} page ${asked.pageNo}: ${verdict.message}`;
    if (asked.beyond && BEHIND_THE_END.includes(answer.status) && isRefusal(verdict))
      return { answer, foreseen: undefined, read: () => ({ ...nothing, skipped: false, validators: null }) };
    const died = isDeadCursor(verdict, asked, answer.status);
    if (died && mayStartAnew(asked)) throw new StartAnew(message, { at: place });
    const said = died ? `${message}; ${hopeless(asked)}` : message;
    if (refusesParent(verdict, asked, answer.status))
      return {
        answer,
        foreseen: undefined,
        read: () => ({ ...nothing, skipped: false, refused: said, validators: null }),
      };
    if (died) throw new GiveUp(said, { at: place });
    switch (verdict.action) {
      case 'ok': {
        const opened = await openedFor(asked, request, answered, place);
        return {
          answer,
          foreseen: foreseen(asked, request, opened),
          read: () => readPage(asked, { first, last: request }, opened, place),
        };
      }
      case 'skip':
        // A parent may vanish at any time; a listing of its own would lose the pages that follow.
        if (position.cursor !== null && position.parents.length === 0)
          throw new GiveUp(
            `${message}; it cannot be skipped in the middle of a listing: where it means that the listing has ended, write action: end`,
            { at: place },
          );
        return { answer, foreseen: undefined, read: () => ({ ...nothing, skipped: true, validators: null }) };
      case 'end':
        return {
          answer,
          foreseen: undefined,
          read: () => readLast(asked, { first, last: request }, { ...answered, files: [answer.body] }, place),
        };
      case 'restart':
        throw new GiveUp(`${message}; this is the first page, so there is nothing to begin anew`, { at: place });
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
        if (renewed || !(await deps.authorizer.refresh(request, permitted)))
          throw new NeedsAttention(`${message}; ${renewed ? 'a new token did not help' : 'there is no newer one'}`, {
            at: place,
          });
        renewed = true;
        break;
      case 'attention':
        throw new NeedsAttention(message, { at: place });
      case 'giveUp':
        throw new GiveUp(message, { at: place });
    }
  }
}

const mayFollow = ({ url }: PageRequest, urls: readonly string[]): boolean =>
  urls.length <= MOST_REDIRECTS && !urls.includes(url);

const describeCircle = (status: number, urls: readonly string[]): string =>
  `answered ${status}: redirected ${urls.length > MOST_REDIRECTS ? `more than ${MOST_REDIRECTS} times` : 'in a circle'}; correct baseUrl or path`;

/** How partners refuse a cursor that they do not know any more. */
const DEAD: readonly number[] = [400, 404, 410, 416, 422];

/** A place that is found by counting lives as long as the listing. */
const isDeadCursor = ({ action, ruled }: Verdict, { stream, position, resumed }: PageAsked, status: number): boolean =>
  position.cursor !== null &&
  (action === 'restart' ||
    (!ruled && resumed && action === 'giveUp' && DEAD.includes(status) && sourceOf(stream).counts !== true));

/** What comes a second time changes nothing only where it has a key. */
const mayStartAnew = ({ stream, restarts }: PageAsked): boolean => restarts === 0 && stream.keyColumns.length > 0;

const hopeless = ({ stream, restarts }: PageAsked): string =>
  restarts > 0
    ? 'the cursor died, was begun anew and died again: a new run (syncline sync --force) reads it from its first page'
    : `the cursor has died, and without a primaryKey nothing can be read anew${
        stream.definition.disposition === 'append' ? ' and not be appended twice' : ''
      }: a new run (syncline sync --force) reads it from its first page`;

/** May be about one parent: it is gone, was renamed, or is not for these credentials. */
const ABOUT_A_PARENT: readonly number[] = [403, 451];

/** What a rule of the definition says is meant for the stream. */
const refusesParent = ({ action, ruled }: Verdict, { position }: PageAsked, status: number): boolean =>
  position.parents.length > 0 &&
  !ruled &&
  (action === 'giveUp' || (action === 'attention' && ABOUT_A_PARENT.includes(status)));

const isRefusal = ({ action }: Verdict): boolean => action === 'giveUp' || action === 'skip';

async function sentPosition(position: Position, { secrets }: Authorizer, permitted: Permitted): Promise<Position> {
  if (position.cursor === null) return position;
  return { ...position, cursor: await sendCursor(position.cursor, (names) => secrets(names, permitted)) };
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

/**
 * A permit that was not used in time cost the partner nothing: then another one is asked for. So it is once for a request that broke off
 * with a connection that had been kept, which may have reached the partner and counts: all that we ask for is read, never changed.
 */
async function sendOne(
  deps: FetchDeps,
  request: PageRequest,
  { permitted, ...asked }: PageAsked & { readonly permitted: Permitted },
): Promise<Judged> {
  const { partner, definition } = asked.stream;
  const lane = deps.lane ?? definition.lane;
  let giveUpAtMs = deps.now() + MAX_SLOT_WAIT_MS;
  let fresh = false;
  const wantedAtMs = deps.now();
  const onWire = (): void => deps.metrics?.permitWaited({ partner: partner.name, lane }, deps.now() - wantedAtMs);
  for (;;) {
    // A token is asked for with a permit of its own, so it must be there before this one is taken.
    await deps.authorizer.prepare?.(request, permitted);
    const permit = await takePermit(deps, { partner: partner.name, request, lane, giveUpAtMs });
    try {
      // A probe is to find out whether the partner answers, by one request: no connection of before may break under it.
      return await sendWith(permit, deps, { request, asked, onWire, fresh: fresh || permit.probe !== undefined });
    } catch (error) {
      if (error instanceof KeptConnectionBroke) {
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
  { request, asked, ...how }: SendHow & { readonly request: PageRequest; readonly asked: PageAsked },
): Promise<Judged> {
  const { partner, definition } = asked.stream;
  const { limits, errors } = partner;
  const { metrics = noMetrics } = deps;
  const labels: StreamLabels = { partner: partner.name, stream: asked.stream.name };
  const call = new CircuitCall(deps, permit, placeOf(asked));
  try {
    const answer = await send(permit, deps, { request, ...how }).catch(async (error: unknown) => {
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

interface SendHow {
  readonly onWire: () => void;
  /** Over a connection of its own. */
  readonly fresh: boolean;
}

async function send(
  { departure }: GrantedPermit,
  deps: FetchDeps,
  { request, onWire, fresh }: SendHow & { readonly request: PageRequest },
): Promise<Answer> {
  if (departure === undefined) {
    onWire();
    deps.onRequest();
  }
  const answering = deps.client.send(
    request,
    deps.signal,
    departure && countedDeparture(departure, { ...deps, onWire }),
    {
      fresh,
    },
  );
  deps.onSending?.();
  return answering;
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

/** What was asked at first, and at last if the partner redirected it. */
interface Requests {
  readonly first: PageRequest;
  readonly last: PageRequest;
}

function readPage(
  asked: PageAsked,
  { first, last: request }: Requests,
  answered: Opened,
  at: Coordinates,
): PageContent {
  const { stream, position } = asked;
  const { answer, headers, secrets } = answered;
  const validators = validatorsOf(asked, first, headers);
  if (
    answer.status === 304 &&
    request.headers['if-none-match'] === undefined &&
    request.headers['if-modified-since'] === undefined
  )
    throw new RetryLater(`${where(at)}: answered 304 to a request that was not conditional`, { at });
  const page = placed(at, secrets, () => sourceOf(stream).read(forSource(answered, request), position));
  const { next, full = false, exactAt } = page;
  const stored = {
    ...next,
    cursor: next.cursor === null ? null : storeCursor(next.cursor, secrets),
    ...(next.keep === undefined ? {} : { keep: storeCursor(next.keep, secrets) }),
  };
  return { ...page, next: stored, mark: pageMark(page.records), full, exactAt, skipped: false, validators };
}

/** A rule says that the listing has ended: what an answer that came well holds beside that is taken all the same. */
function readLast(asked: PageAsked, requests: Requests, answered: Opened, at: Coordinates): PageContent {
  const { status, text } = answered.answer;
  const empty: PageContent = { ...nothing, skipped: false, validators: null };
  if (status > 299 || status === 204) return empty;
  try {
    const page = readPage(asked, requests, answered, at);
    return { ...page, next: { ...page.next, cursor: null } };
  } catch (error) {
    // What is JSON and broke off may be a page; a line of text that the rule knows is none.
    if (error instanceof NoRecords || (error instanceof RetryLater && !/^\s*[[{]/.test(text))) return empty;
    throw error;
  }
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
    if (error instanceof NotReady) throw new NotReady(message, { at, resumeAt: error.resumeAt });
    const Kind = error instanceof NoRecords ? NoRecords : RetryLater;
    if (error instanceof RetryLater)
      throw new Kind(message, { at, ...(error.afterMs === undefined ? {} : { afterMs: error.afterMs }) });
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
