import { PartnerDown, RetryLater } from '../../core/errors.ts';
import { backoffMs } from '../../core/backoff.ts';
import { SECOND } from '../../core/duration.ts';
import { noMetrics, type Metrics, type StreamLabels } from '../../core/metrics.ts';
import { WaitClock } from '../../core/wait-clock.ts';
import { parseWindow, sliceCount } from '../../core/window.ts';
import { fetchesNeeds } from '../../definitions/relations.ts';
import { noSpans } from '../../core/spans.ts';
import { takesPushes } from '../../definitions/takes-pushes.ts';
import type { StagedPage } from '../../core/staged.ts';
import type { OpenedStream } from '../../landing/warehouse.ts';
import type { PartnerAccess } from '../access.ts';
import { companyOf, isFast } from './company.ts';
import { callsBy } from './calls-by.ts';
import { fetchNeeds } from './fetch-needs.ts';
import { fetchPage } from './fetch-page.ts';
import { GrantEnds, type GrantFacts } from './grant-ends.ts';
import { grantGoesOn } from './grant-goes-on.ts';
import { HeldAnswers } from './held-answer.ts';
import { NotedGrant } from './noted-grant.ts';
import { IN_FLIGHT, mostInFlight, queueOf } from './in-flight.ts';
import type { FetchedPage } from './page-asked.ts';
import type { FetchDeps } from './send-one.ts';
import type { GrantInput, GrantResult } from '../../messages/grant.ts';
import { requestsLeft } from '../../core/requests-left.ts';
import type { Limiter, Work } from '../../limits/permits/limiter.ts';
import type { Company, PageQueue } from './page-queue.ts';
import type { PullContext, PullDeps } from './pull-deps.ts';
import { retryReasonOf } from './retry-reason.ts';
import { RequestTally } from './request-tally.ts';
import { sourceOf } from '../../sources/source-of.ts';
import { partitions, readNamed } from '../../sources/partitions.ts';
import type { PagesAheadDeps } from './pages-ahead.ts';
import type { PollHint } from '../../core/poll-hint.ts';
import { hintOf } from './hint-of.ts';
import { PartReader } from './part-reader.ts';
import { positionOf, type ReadRun } from './position-of.ts';
import type { Width } from '../../core/width.ts';
import { widthOf } from './width-of.ts';
import { pausedDeferral, PauseGuard } from './pause-guard.ts';
import { stagedPage } from './staged-page.ts';

/**
 * One grant: goes on from the checkpoint in the database, at most K requests or T seconds. While a page is being
 * written the next one is being fetched; pages that arrive during a write share the next transaction.
 */
export async function pullStream(deps: PullDeps, input: GrantInput, context: PullContext): Promise<GrantResult> {
  const { stream } = deps.access;
  deps.metrics?.streamSeen({ partner: input.partner, stream: input.stream });
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
  // Before it looks for a pause: who ends one then finds it at work, and not still waiting for something else.
  if (opened.rests === true) await deps.warehouse.deferStream(opened.run, null);
  const grant = new Grant(deps, input, context, opened);
  const noted = new NotedGrant(deps.grants, { opened, context, now: deps.now });
  try {
    const result = await (opened.checkpoint.done && !fetchesNeeds(stream) ? grant.end() : grant.run());
    await noted.ended(result, grant);
    return result;
  } catch (error) {
    await noted.failed(error, grant);
    throw error;
  }
}

/**
 * After a reset or a lost heartbeat an older grant may go on until its next heartbeat tells it to stop. Whoever finds its
 * page in the ledger steps back for that long: side by side they would fetch every page twice.
 */
const OWNER_TOLD_MS = 5 * SECOND;

/** Of pages in a row, each of which names a next one. */
const MOST_EMPTY = 1000;

const nothing = (): void => {};

class Grant {
  readonly #deps: PullDeps;
  readonly #metrics: Metrics;
  readonly #labels: StreamLabels;
  readonly #input: GrantInput;
  readonly #context: PullContext;
  readonly #opened: OpenedStream;
  readonly #run: ReadRun;
  readonly #queue: PageQueue<StagedPage>;
  readonly #startedAtMs: number;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #guard: PauseGuard;
  readonly #ends: GrantEnds;
  readonly #limiter: Limiter;
  readonly #reader: PartReader;
  readonly #width: Width;
  readonly #requests: RequestTally;
  readonly #underWay = new Set<Promise<FetchedPage>>();
  readonly #held = new HeldAnswers();
  readonly #waits: WaitClock;
  readonly #mostInFlight: number;
  /** How long the last answer took. */
  #answerMs = Infinity;
  /** Number of the last page that is committed. */
  #committed: number;
  #pages = 0;
  #rows = 0;
  #nothingToRead = false;
  #trouble: unknown;
  /** Of the run's first page. */
  #hint: PollHint | undefined;

  constructor(deps: PullDeps, input: GrantInput, context: PullContext, opened: OpenedStream) {
    this.#deps = deps;
    this.#metrics = deps.metrics ?? noMetrics;
    this.#labels = { partner: input.partner, stream: input.stream };
    this.#input = input;
    this.#context = context;
    this.#opened = opened;
    const { syncId, window } = input;
    this.#run = { stream: deps.access.stream, syncId, window, range: opened.range };
    this.#startedAtMs = deps.now();
    this.#waits = new WaitClock(deps.now);
    this.#committed = opened.report.pages;
    this.#guard = new PauseGuard(deps.access.pauses, input);
    this.#ends = new GrantEnds({ deps, input, opened, metrics: this.#metrics });
    this.#limiter = this.#guard.over(deps.access.limiter);
    this.#requests = new RequestTally(context.writer);
    this.#signal = AbortSignal.any([context.signal, this.#stop.signal, this.#guard.signal]);
    this.#queue = queueOf(deps.access.stream);
    this.#mostInFlight = mostInFlight(deps.access.stream);
    this.#width = widthOf(deps.access.stream);
    this.#reader = this.#readerOf(opened);
  }

  #readerOf(opened: OpenedStream): PartReader {
    const { stream, parents } = this.#deps.access;
    const { incremental, slice, parent } = stream.definition;
    const { partitions: named, counts = false, emptyPages = MOST_EMPTY } = sourceOf(stream);
    // A range stands for itself: it reads all parents.
    const isSome = parent?.changed !== undefined && parseWindow(this.#input.window).kind === 'day';
    const run = incremental !== undefined || isSome ? opened.run : null;
    return new PartReader(
      {
        partitions: partitions({
          slices: incremental === undefined ? 1 : sliceCount(opened.range, slice),
          parents: parents === undefined ? named && readNamed(named) : parents(run),
        }),
        hasKey: stream.keyColumns.length > 0,
        counted: counts,
        emptyPages,
        fetch: (asked) => this.#fetch(asked),
        signal: this.#signal,
        mayGoOn: () => this.#mayGoOn(),
        width: () => this.#width.wanted(),
        room: (partitions) => Math.max(this.#mostInFlight, 2 * partitions),
        committed: () => this.#committed,
        sendsFirst: () => this.#mostInFlight > IN_FLIGHT.limited && !isFast(this.#answerMs),
        push: async ({ part: at, ...taken }) => {
          const { syncId } = this.#input;
          return this.#queue.push(await stagedPage(this.#deps.warehouse, { ...taken, at, stream, syncId }));
        },
      },
      {
        checkpoint: opened.checkpoint,
        text: opened.checkpointText,
        page: this.#committed,
        emptyPages: opened.emptyPages,
      },
    );
  }

  async run(): Promise<GrantResult> {
    this.#guard.begin();
    try {
      const early = this.#ends.tooEarly();
      if (early !== undefined) return await this.#ends.defer(early, this.facts);
      const ended = (await this.#guard.look()) === undefined ? await this.#readAll() : 'more';
      await this.#bookRequests();
      if (ended === 'more') {
        const paused = pausedDeferral(this.#guard.pause, { nowMs: this.#deps.now() });
        return paused === undefined ? { state: 'more', ...this.facts } : await this.#ends.defer(paused, this.facts);
      }
    } catch (error) {
      this.#trouble = error;
      // What ended the grant matters more than a count.
      await this.#bookRequests().catch(nothing);
      const deferred = this.#context.signal.aborted
        ? undefined
        : (pausedDeferral(this.#guard.pause, { nowMs: this.#deps.now(), error }) ??
          this.#ends.deferralOf(error, this.#pages));
      const reason = this.#context.signal.aborted || deferred?.reason === 'paused' ? undefined : retryReasonOf(error);
      if (reason !== undefined) this.#metrics.retried(this.#labels, reason);
      if (deferred !== undefined) return await this.#ends.defer(deferred, this.facts);
      if (error instanceof PartnerDown) await this.#ends.noteOutage(error);
      throw error;
    } finally {
      this.#guard.end();
      this.#held.close();
    }
    return this.end();
  }

  /** All pages are read: the run ends, or waits for a person to look at what would be deleted. */
  end(): Promise<GrantResult> {
    return this.#ends.end(this.facts, { nothingToRead: this.#nothingToRead });
  }

  get waited(): WaitClock['waited'] {
    return this.#waits.waited;
  }

  /** What has ended it, if anything has. */
  get trouble(): unknown {
    return this.#trouble;
  }

  get facts(): GrantFacts {
    return { pages: this.#pages, rows: this.#rows, requests: this.#requests.made };
  }

  /** However the grant ends, the ledger has all its requests before anybody hears of it. */
  async #bookRequests(): Promise<void> {
    const rest = this.#requests.rest();
    if (rest !== undefined) await this.#deps.warehouse.bookRequests(this.#opened.run, rest);
  }

  /** All pages, and then what their records wait for. */
  async #readAll(): Promise<'more' | 'done'> {
    const read = this.#opened.checkpoint.done ? 'done' : await this.#readAndWrite();
    if (read === 'more' || !fetchesNeeds(this.#run.stream)) return read;
    return fetchNeeds(
      {
        ...this.#deps,
        callsOf: (access) => ({ ...this.#callsOf(access), signal: this.#signal }),
        mayGoOn: () => this.#mayGoOn(),
        onAnswer: () => {
          this.#pages += 1;
          this.#context.heartbeat({ page: this.#committed, rows: this.#rows });
        },
      },
      {
        stream: this.#run.stream,
        streamId: this.#opened.run.streamId,
        input: this.#input,
        writer: this.#context.writer,
      },
    );
  }

  /** What was read before a failure is still written; a failed write stops the reading at once. */
  async #readAndWrite(): Promise<'more' | 'done'> {
    const reading = this.#readToEnd();
    const writing = this.#write().catch((error: unknown) => {
      this.#stop.abort();
      this.#reader.wake();
      this.#queue.close();
      throw error;
    });
    const [read, written] = await Promise.allSettled([reading, writing]);
    if (written.status === 'rejected') throw written.reason;
    if (read.status === 'rejected') throw read.reason;
    return read.value;
  }

  async #readToEnd(): Promise<'more' | 'done'> {
    try {
      const read = await this.#reader.read();
      this.#nothingToRead = read === 'nothing';
      return read === 'nothing' ? 'done' : read;
    } finally {
      this.#queue.close();
      // A request that was withdrawn may have left all the same, and counts.
      await Promise.allSettled(this.#underWay);
    }
  }

  #company(): Company | undefined {
    const { gather = companyOf } = this.#deps;
    const alone = this.#mostInFlight === IN_FLIGHT.limited || takesPushes(this.#deps.access.stream);
    return alone ? undefined : gather(this.#answerMs);
  }

  #mayGoOn(): boolean {
    if (this.#deps.draining() || this.#guard.pause !== undefined) return false;
    return grantGoesOn(this.#deps.access.stream.partner.grant, {
      requests: this.#requests.made,
      lastsMs: this.#deps.now() - this.#startedAtMs,
      width: this.#width.wanted(),
      answerMs: this.#answerMs,
      holds: this.#held.size > 0,
    });
  }

  async #fetch({ at, pageNo, resumed, ...how }: Parameters<PagesAheadDeps['fetch']>[0]): Promise<FetchedPage> {
    const { access } = this.#deps;
    const deps: FetchDeps = { ...this.#callsOf(access), limiter: this.#limiter, held: this.#held, ...how };
    const fetching = fetchPage(deps, {
      stream: access.stream,
      pageNo,
      known: this.#opened.validators,
      beyond: at.beyond === true,
      resumed,
      restarts: at.restarts ?? 0,
      position: { ...positionOf(this.#run, at), ...(resumed ? { resumed } : {}) },
    });
    this.#underWay.add(fetching);
    try {
      const page = await fetching;
      if (page.held === true) return page;
      this.#answerMs = page.answer.durationMs;
      if (pageNo === 1) this.#hint = hintOf(access.stream, page.answer);
      this.#width.answered(page.answer);
      return page;
    } finally {
      this.#underWay.delete(fetching);
    }
  }

  #callsOf(access: PartnerAccess): Omit<FetchDeps, 'signal' | 'held'> {
    const { failpoint, now, random } = this.#deps;
    return {
      ...access,
      limiter: this.#guard.over(access.limiter),
      metrics: this.#metrics,
      ...(this.#deps.spans === undefined ? {} : { spans: this.#deps.spans }),
      ...callsBy(this.#deps.calls, { ...this.#context.writer, syncId: this.#input.syncId, runId: this.#input.runId }),
      failpoint,
      now,
      lane: this.#input.lane,
      waits: this.#waits,
      work: () => this.#work(),
      throttledBackoffMs: () => {
        const { base: baseMs, cap: capMs } = access.stream.partner.retry;
        return backoffMs({ attempt: this.#input.idleGrants + 1, baseMs, capMs, random: 1 - random() / 2 });
      },
      onRequest: () => this.#requests.count(),
    };
  }

  /** How much of a quota the run still needs, by what the last ones did. */
  #work(): Work | undefined {
    if (this.#input.lane !== 'critical') return undefined;
    const { usualRequests, report } = this.#opened;
    return { name: this.#input.syncId, left: requestsLeft(usualRequests, report.requests + this.#requests.made) };
  }

  async #write(): Promise<void> {
    const { warehouse, access, failpoint } = this.#deps;
    for (;;) {
      const pages = await this.#queue.takeAll(this.#company());
      if (pages.length === 0) return;
      const { spans = noSpans } = this.#deps;
      const counts = await spans.within({ name: 'commit', facts: { pages: pages.length } }, async (span) => {
        const landed = await warehouse.commitPages({
          stream: access.stream,
          run: this.#opened.run,
          writer: this.#context.writer,
          pages,
          requests: this.#requests.forCommit(pages),
        });
        span.note({ records: landed.fetched, quarantined: landed.quarantined });
        return landed;
      });
      this.#requests.committed(counts.fetched);
      this.#metrics.pagesCommitted(this.#labels, pages.length, counts);
      for (const page of pages) page.lines.release();
      await failpoint('commit.after');
      if (pages[0]?.pageNo === 1) await this.#noteHint();
      this.#committed += pages.length;
      this.#reader.wake();
      if (counts.fetched === 0 && pages.some(({ records, rejected }) => records.length + rejected.length > 0))
        throw new RetryLater(`${this.#input.syncId}: another owner reads the same pages`, { afterMs: OWNER_TOLD_MS });
      this.#pages += pages.length;
      this.#rows += counts.fetched;
      this.#context.heartbeat({ page: pages.at(-1)?.pageNo ?? 0, rows: this.#rows });
      await failpoint('heartbeat.after');
    }
  }

  /** Once the first page is kept: a page that has to be asked for again does not wait so long. */
  async #noteHint(): Promise<void> {
    // Windows of a backfill ask for what lies behind.
    if (this.#input.kind === 'backfill') return;
    if (this.#hint !== undefined || this.#opened.pollHint !== null)
      await this.#deps.warehouse.notePollHint(this.#opened.run, this.#hint ?? null);
  }
}
