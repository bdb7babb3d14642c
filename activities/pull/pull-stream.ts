import { setImmediate } from 'node:timers/promises';
import { writeCheckpoint, type Checkpoint } from '../../core/checkpoint.ts';
import { GiveUp, PartnerDown, RetryLater } from '../../core/errors.ts';
import { backoffMs } from '../../core/backoff.ts';
import { SECOND } from '../../core/duration.ts';
import type { Failpoint } from '../../core/failpoint.ts';
import type { Answer } from '../../core/page.ts';
import { pageKey } from '../../core/page-key.ts';
import { sliceAt, sliceCount } from '../../core/window.ts';
import { countsRequests } from '../../definitions/limits.ts';
import type { PartnerAccess } from '../access.ts';
import type { StagedPage, Warehouse, Writer, OpenedStream } from '../../warehouse/warehouse.ts';
import { deferralOf, type Deferral } from './deferral.ts';
import { fetchPage, type FetchDeps, type FetchedPage, type PageContent } from './fetch-page.ts';
import type { GrantInput, GrantResult } from './grant.ts';
import type { Work } from '../../limits/limiter.ts';
import { requestsLeft } from '../../core/requests-left.ts';
import { pageQueue, type Company, type PageQueue } from './page-queue.ts';
import { partitions, type Partitions } from './partitions.ts';
import { stagePage } from './stage-page.ts';

export interface PullDeps {
  readonly access: PartnerAccess;
  readonly warehouse: Warehouse;
  readonly failpoint: Failpoint;
  readonly now: () => number;
  readonly random: () => number;
  /** The worker is leaving: grants end at the next page. */
  readonly draining: () => boolean;
}

export interface PullContext {
  readonly signal: AbortSignal;
  readonly writer: Writer;
  /** Tells Temporal that the grant lives and how far it is. */
  readonly heartbeat: (progress: { readonly page: number; readonly rows: number }) => void;
}

/**
 * One grant: goes on from the checkpoint in the database, at most K requests or T seconds. While a page is being
 * written the next one is being fetched; pages that arrive during a write share the next transaction.
 */
export async function pullStream(deps: PullDeps, input: GrantInput, context: PullContext): Promise<GrantResult> {
  const { stream } = deps.access;
  const opened = await deps.warehouse.openStream({
    stream,
    syncId: input.syncId,
    runId: input.runId,
    windowLabel: input.window,
    kind: input.kind,
    lane: input.lane,
  });
  const done = { pages: 0, rows: 0, requests: 0 };
  if (opened.report.state === 'done') return { state: 'done', report: opened.report, ...done };
  if (opened.checkpoint.done) {
    const report = await deps.warehouse.finishStream({ stream, run: opened.run, requests: 0 });
    return { state: 'done', report, ...done };
  }
  return new Grant(deps, input, context, opened).run();
}

/**
 * How much may have been asked for and not be committed yet: that is what a killed worker leaves to be fetched again, and
 * what takes memory. Where the partner limits requests each one is dear: the page being written and the one being
 * fetched. Where it does not, pages that arrive during a write share the next transaction.
 */
const IN_FLIGHT = { limited: 2, free: 16, bytes: 8 * 1024 * 1024 };

/**
 * Pages that came and are not parsed yet, where the next one was foreseen: on a busy machine reading falls behind, and the
 * partner's answers need not wait for it. A cursor that was foreseen wrongly costs that many requests at the most.
 */
const AHEAD = { pages: 4, bytesOfAPage: 1024 * 1024 };

/** In a row, over all grants of a run: the ledger counts them. */
const MAX_EMPTY_PAGES = 200;

/** So many pages share a transaction, if they come within that time: fewer commits, where nothing counts requests. */
const GATHER = { fast: { items: 8, waitMs: 30 }, slow: { items: 4, waitMs: 250 } };

/**
 * After a reset or a lost heartbeat an older grant may go on until its next heartbeat tells it to stop. Whoever finds its
 * page in the ledger steps back for that long: side by side they would fetch every page twice.
 */
const OWNER_TOLD_MS = 5 * SECOND;

const nothing = (): void => {};

/** A page that came, and what was asked for on the strength of it. */
interface Arrived extends Pick<FetchedPage, 'answer' | 'read'> {
  readonly foreseen?: {
    readonly cursor: string;
    readonly page: Promise<Arrived>;
    /** Resolves when its request has left, or failed to. */
    readonly sent: Promise<void>;
  };
}

class Grant {
  readonly #deps: PullDeps;
  readonly #input: GrantInput;
  readonly #context: PullContext;
  readonly #opened: OpenedStream;
  readonly #partitions: Partitions;
  readonly #queue: PageQueue<StagedPage>;
  readonly #startedAtMs: number;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #mostInFlight: number;
  #emptyPages: number;
  /** How long the last answer took. */
  #answerMs = Infinity;
  /** Number of the page whose turn it is to be read. */
  #reading: number;
  /** Number of the last page that is committed. */
  #committed: number;
  /** Replaced when what was foreseen is not wanted: whoever belongs to an older one asks for nothing more. */
  #chain: object = {};
  #onCommit = nothing;
  #requests = 0;
  /** Requests already counted in the ledger. */
  #booked = 0;
  #pages = 0;
  #rows = 0;
  #nothingToRead = false;

  constructor(deps: PullDeps, input: GrantInput, context: PullContext, opened: OpenedStream) {
    this.#deps = deps;
    this.#input = input;
    this.#context = context;
    this.#opened = opened;
    this.#startedAtMs = deps.now();
    this.#emptyPages = opened.emptyPages;
    this.#committed = opened.report.pages;
    this.#reading = this.#committed + 1;
    this.#signal = AbortSignal.any([context.signal, this.#stop.signal]);
    const { incremental, slice } = deps.access.stream.definition;
    this.#partitions = partitions({
      slices: incremental === undefined ? 1 : sliceCount(opened.range, slice),
      parents: deps.access.parents,
    });
    this.#queue = pageQueue({ items: IN_FLIGHT.free, weight: IN_FLIGHT.bytes, weigh: (page) => page.bytes });
    this.#mostInFlight = countsRequests(deps.access.stream.partner.limits) ? IN_FLIGHT.limited : IN_FLIGHT.free;
  }

  async run(): Promise<GrantResult> {
    const facts = (): { pages: number; rows: number; requests: number } => ({
      pages: this.#pages,
      rows: this.#rows,
      requests: this.#requests,
    });
    try {
      if ((await this.#readAndWrite()) === 'more') return { state: 'more', ...facts() };
    } catch (error) {
      const deferred = this.#context.signal.aborted ? undefined : this.#deferral(error);
      if (deferred === undefined) {
        if (error instanceof PartnerDown) await this.#noteOutage(error);
        throw error;
      }
      await this.#deps.warehouse.deferStream(this.#opened.run, deferred.until);
      return { state: 'deferred', ...deferred, ...facts() };
    }
    const report = await this.#deps.warehouse.finishStream({
      stream: this.#deps.access.stream,
      run: this.#opened.run,
      requests: this.#requests - this.#booked,
      nothingToRead: this.#nothingToRead,
    });
    if (this.#input.lane === 'critical') await this.#deps.access.limiter.finished?.(this.#input.syncId);
    return { state: 'done', report, ...facts() };
  }

  /** Temporal asks again by itself; until then the ledger says why nothing goes on. */
  async #noteOutage({ afterMs = 0, message }: PartnerDown): Promise<void> {
    const until = new Date(this.#deps.now() + afterMs).toISOString();
    await this.#deps.warehouse.deferStream(this.#opened.run, until);
    await this.#deps.warehouse.explainDeferral({ syncId: this.#input.syncId, until, cause: message });
  }

  /** What was read before a failure is still written; a failed write stops the reading at once. */
  async #readAndWrite(): Promise<'more' | 'done'> {
    const reading = this.#read().finally(() => {
      this.#chain = {};
      this.#queue.close();
    });
    const writing = this.#write().catch((error: unknown) => {
      this.#stop.abort();
      this.#onCommit();
      this.#queue.close();
      throw error;
    });
    const [read, written] = await Promise.allSettled([reading, writing]);
    if (written.status === 'rejected') throw written.reason;
    if (read.status === 'rejected') throw read.reason;
    return read.value;
  }

  /** Fetches page after page; the request for the next one is on its way before this one is checked and staged. */
  async #read(): Promise<'more' | 'done'> {
    const { checkpoint, checkpointText } = this.#opened;
    const first = await this.#partitions.begin(checkpoint);
    if (first.done) {
      this.#nothingToRead = true;
      return 'done';
    }
    let at = first;
    let before = checkpointText;
    let fetching = this.#fetchFrom(at, this.#reading);
    for (;;) {
      const fetched: Arrived = await fetching;
      const { foreseen } = fetched;
      // Reading a page keeps the processor busy: where answers are slow, the request for the next one leaves before that.
      // Where permits have to be waited for, it is the other way round.
      if (foreseen !== undefined && this.#mostInFlight > IN_FLIGHT.limited && !this.#isFast()) await foreseen.sent;
      const page = fetched.read();
      this.#refuseEndlessEmptiness(page, this.#reading);
      const next = await this.#partitions.after(at, page.next);
      const isForeseen = foreseen !== undefined && page.next.cursor === foreseen.cursor;
      if (foreseen !== undefined && !isForeseen) this.#chain = {};
      const goesOn = !next.done && (isForeseen || this.#mayGoOn());
      const pageNo = this.#reading;
      const early = isForeseen
        ? foreseen.page
        : goesOn && this.#hasRoomFor(pageNo + 1)
          ? this.#fetchFrom(next, pageNo + 1)
          : undefined;
      early?.catch(nothing);
      const after = writeCheckpoint(next);
      const { answer } = fetched;
      if (!(await this.#queue.push(await this.#stage({ page, answer, at, pageNo, before, after })))) return 'more';
      if (next.done) return 'done';
      if (!goesOn) return 'more';
      fetching = early ?? this.#whenRoomFor(pageNo + 1).then(() => this.#fetchFrom(next, pageNo + 1));
      at = next;
      before = after;
      this.#reading = pageNo + 1;
    }
  }

  /** One page, and as soon as it is there, the request for the one it names, and so on: nothing waits for the reading. */
  async #fetchFrom(at: Checkpoint, pageNo: number, onSending?: () => void): Promise<Arrived> {
    const chain = this.#chain;
    const { answer, foreseen: cursor, read } = await this.#fetch(at, pageNo, onSending);
    this.#answerMs = answer.durationMs;
    if (cursor === undefined || chain !== this.#chain || !this.#mayRunAhead(answer, pageNo + 1))
      return { answer, read };
    let onSent = nothing;
    const sent = new Promise<void>((resolve) => (onSent = resolve));
    const page = this.#fetchFrom({ ...at, cursor }, pageNo + 1, onSent);
    page.catch(onSent);
    return { answer, read, foreseen: { cursor, page, sent: sent.then(() => setImmediate()) } };
  }

  #mayRunAhead({ bytes }: Answer, pageNo: number): boolean {
    const most = bytes <= AHEAD.bytesOfAPage ? AHEAD.pages : 1;
    return pageNo - this.#reading <= most && this.#hasRoomFor(pageNo) && this.#mayGoOn();
  }

  /** New cursors for ever, and never a record: some partners filter behind their pages, but not for so long. */
  #refuseEndlessEmptiness(page: PageContent, pageNo: number): void {
    this.#emptyPages = page.records.length === 0 && page.next.cursor !== null ? this.#emptyPages + 1 : 0;
    if (this.#emptyPages > MAX_EMPTY_PAGES)
      throw new GiveUp(`${MAX_EMPTY_PAGES} pages in a row were empty and named a next one: the listing has no end`, {
        at: { partner: this.#input.partner, stream: this.#input.stream, page: pageNo },
      });
  }

  /** Pages come faster than the database takes them. */
  #isFast(): boolean {
    return this.#answerMs < GATHER.fast.waitMs;
  }

  #company(): Company | undefined {
    if (this.#mostInFlight === IN_FLIGHT.limited) return undefined;
    return this.#isFast() ? GATHER.fast : GATHER.slow;
  }

  #hasRoomFor(pageNo: number): boolean {
    return pageNo - 1 - this.#committed < this.#mostInFlight;
  }

  async #whenRoomFor(pageNo: number): Promise<void> {
    while (!this.#hasRoomFor(pageNo) && !this.#signal.aborted)
      await new Promise<void>((resolve) => (this.#onCommit = resolve));
  }

  #mayGoOn(): boolean {
    const { grant } = this.#deps.access.stream.partner;
    if (this.#deps.draining()) return false;
    return this.#requests < grant.requests && this.#deps.now() - this.#startedAtMs < grant.time;
  }

  async #fetch(at: Checkpoint, pageNo: number, onSending = nothing): Promise<FetchedPage> {
    const { access, failpoint, now, random } = this.#deps;
    const { incremental, slice } = access.stream.definition;
    const deps: FetchDeps = {
      ...access,
      failpoint,
      now,
      signal: this.#signal,
      onSending,
      lane: this.#input.lane,
      work: () => this.#work(),
      throttledBackoffMs: () => this.#backoff(this.#input.idleGrants + 1, 1 - random() / 2),
      onRequest: () => {
        this.#requests += 1;
      },
    };
    return fetchPage(deps, {
      stream: access.stream,
      pageNo,
      known: this.#opened.validators,
      position: {
        cursor: at.cursor,
        parents: at.parents,
        range: sliceAt(this.#opened.range, incremental === undefined ? undefined : slice, at.slice),
      },
    });
  }

  /** How much of a quota the run still needs, by what the last ones did. */
  #work(): Work | undefined {
    if (this.#input.lane !== 'critical') return undefined;
    const { usualRequests, report } = this.#opened;
    return { name: this.#input.syncId, left: requestsLeft(usualRequests, report.requests + this.#requests) };
  }

  async #stage(of: {
    page: PageContent;
    answer: Answer;
    at: Checkpoint;
    pageNo: number;
    before: string;
    after: string;
  }): Promise<StagedPage> {
    const { stream } = this.#deps.access;
    const { page, answer, at, pageNo, before, after } = of;
    const fetchedAt = new Date(answer.receivedAtMs).toISOString();
    const { records, lines, rejected, highMark } = await stagePage(
      {
        stream,
        text: answer.text,
        ascii: answer.ascii,
        records: page.records,
        parents: at.parents,
        receivedAtMs: answer.receivedAtMs,
      },
      this.#deps.warehouse.lineWriter({
        receivedAt: fetchedAt,
        chars: answer.text.length,
        records: page.records.length,
      }),
    );
    return {
      pageKey: pageKey({
        syncId: this.#input.syncId,
        stream: stream.name,
        slice: at.slice,
        parents: at.parents,
        cursor: at.cursor,
        definitionVersion: stream.definitionVersion,
      }),
      pageNo,
      slice: at.slice,
      parents: at.parents,
      cursorIn: at.cursor,
      cursorOut: page.next.cursor,
      status: answer.status,
      requestId: answer.requestId ?? null,
      bytes: answer.bytes,
      fetchedAt,
      before,
      after,
      highMark,
      records,
      lines,
      rejected,
      skipped: page.skipped,
      notModified: answer.status === 304,
      validators: page.validators,
    };
  }

  async #write(): Promise<void> {
    const { warehouse, access, failpoint } = this.#deps;
    for (;;) {
      const pages = await this.#queue.takeAll(this.#company());
      if (pages.length === 0) return;
      const requests = this.#requests - this.#booked;
      this.#booked += requests;
      const counts = await warehouse.commitPages({
        stream: access.stream,
        run: this.#opened.run,
        writer: this.#context.writer,
        pages,
        requests,
      });
      for (const page of pages) page.lines.release();
      await failpoint('commit.after');
      this.#committed += pages.length;
      this.#onCommit();
      if (counts.fetched === 0 && pages.some(({ records, rejected }) => records.length + rejected.length > 0))
        throw new RetryLater(`${this.#input.syncId}: another owner reads the same pages`, { afterMs: OWNER_TOLD_MS });
      this.#pages += pages.length;
      this.#rows += counts.fetched;
      this.#context.heartbeat({ page: pages.at(-1)?.pageNo ?? 0, rows: this.#rows });
      await failpoint('heartbeat.after');
    }
  }

  #deferral(error: unknown): Deferral | undefined {
    const { now, random, access } = this.#deps;
    return deferralOf(error, {
      pages: this.#pages,
      idleGrants: this.#input.idleGrants,
      retry: access.stream.partner.retry,
      nowMs: now(),
      random: random(),
    });
  }

  #backoff(attempt: number, random: number): number {
    const { retry } = this.#deps.access.stream.partner;
    return backoffMs({ attempt, baseMs: retry.base, capMs: retry.cap, random });
  }
}
