import { backoffMs } from '../../core/backoff.ts';
import { HOUR, MINUTE, SECOND } from '../../core/duration.ts';
import {
  explain,
  GiveUp,
  InvalidInput,
  NeedsAttention,
  PartnerDown,
  RetryLater,
  Throttled,
  WarehouseUnavailable,
} from '../../core/errors.ts';
import type { CallLog } from '../../core/call.ts';
import type { Failpoint } from '../../core/failpoint.ts';
import type { Metrics } from '../../core/metrics.ts';
import type { Spans } from '../../core/spans.ts';
import { dayOf } from '../../core/window.ts';
import { compileWebhooks } from '../../definitions/compile-webhooks.ts';
import type { CompiledFetch, CompiledStream } from '../../definitions/compiled.ts';
import type { Warehouse } from '../../landing/warehouse.ts';
import type { HintsRound } from '../../messages/follow-hints.ts';
import type { Names } from '../../messages/names.ts';
import type { Hint, Hints } from '../../store/webhooks/hints.ts';
import type { Partners } from '../access.ts';
import { callsBy } from './calls-by.ts';
import { FetchByKey } from './fetch-by-key.ts';
import { grantGoesOn } from './grant-goes-on.ts';
import { pausedDeferral, PauseGuard } from './pause-guard.ts';
import type { PullContext } from './pull-deps.ts';
import { RequestTally } from './request-tally.ts';

export interface FetchHintsDeps {
  readonly names: Names;
  readonly partners: Partners;
  readonly warehouse: Warehouse;
  readonly hints: Hints;
  readonly failpoint: Failpoint;
  readonly metrics?: Metrics;
  readonly calls?: CallLog;
  readonly spans?: Spans;
  readonly now: () => number;
  readonly random: () => number;
  readonly draining: () => boolean;
}

export interface FetchHintsContext extends Pick<PullContext, 'signal' | 'writer'> {
  readonly heartbeat: () => void;
  /** Records of the stream were written. */
  readonly onWritten: (stream: CompiledStream) => void;
}

/** How many hints a round takes at most. */
const MOST = 200;
/** A hint that came to nothing is asked for again after these, and then left to a person: about six hours. */
const AGAIN_MS: readonly number[] = [10 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, HOUR, HOUR, HOUR, HOUR];
/** Nobody tells it that a pause has ended. */
const PAUSED_MS = 30 * SECOND;
/** So many failures one after the other are the partner's, not a record's. */
const MOST_FAILURES = 3;

/**
 * One round: fetches what is due of a partner, each record by one call, and commits it to its stream. A hint is gone only once its record is
 * committed, and one that was named again meanwhile is fetched again.
 */
export async function fetchHints(
  deps: FetchHintsDeps,
  partner: string,
  context: FetchHintsContext,
): Promise<HintsRound> {
  const round = new Round(deps, partner, context);
  return round.run();
}

/** Ends a round before all is asked. */
class Later extends Error {
  readonly untilMs: number;

  constructor(cause: string, untilMs: number) {
    super(cause);
    this.untilMs = untilMs;
  }
}

interface Group {
  readonly stream: CompiledStream;
  readonly hints: readonly Hint[];
  /** A run that was begun for the stream, and whose end a worker did not live to see. */
  readonly begun: string | undefined;
}

class Round {
  readonly #deps: FetchHintsDeps;
  readonly #partner: string;
  readonly #context: FetchHintsContext;
  /** What the workflow ids of its runs begin with. */
  readonly #base: string;
  readonly #startedAtMs: number;
  #requests = 0;
  #fetched = 0;
  #refused = 0;
  /** One after the other. */
  #failures = 0;

  constructor(deps: FetchHintsDeps, partner: string, context: FetchHintsContext) {
    this.#deps = deps;
    this.#partner = partner;
    this.#context = context;
    this.#base = deps.names.hintsId(partner);
    this.#startedAtMs = deps.now();
  }

  async run(): Promise<HintsRound> {
    const { hints, partners, warehouse, now } = this.#deps;
    const streams = await partners.streams(this.#partner);
    const open = new Map((await warehouse.openFetches(this.#base)).map((run) => [run.stream, run.syncId]));
    const due = await hints.due(this.#partner, MOST);
    try {
      for (const name of new Set(due.map((hint) => hint.stream))) {
        const ofStream = due.filter((hint) => hint.stream === name);
        const stream = streams.get(name);
        if (stream === undefined) await this.#giveUp(ofStream, `the partner has no stream ${name} any more`);
        else if ((await this.#follow({ stream, hints: ofStream, begun: open.get(name) })) === 'more')
          return { ...this.#facts(), state: 'more' };
        open.delete(name);
      }
      for (const [name, syncId] of open) await this.#end(streams.get(name), syncId);
    } catch (error) {
      if (!(error instanceof Later)) throw error;
      const until = new Date(error.untilMs).toISOString();
      return { ...this.#facts(), state: 'later', until, cause: error.message, deferred: true };
    }
    const next = await hints.next(this.#partner);
    if (next === undefined) return { ...this.#facts(), state: 'done' };
    if (Date.parse(next) <= now()) return { ...this.#facts(), state: 'more' };
    return {
      ...this.#facts(),
      state: 'later',
      until: next,
      cause: 'the next record is asked for then',
      deferred: false,
    };
  }

  #facts(): { readonly fetched: number; readonly refused: number } {
    return { fetched: this.#fetched, refused: this.#refused };
  }

  async #follow({ stream, hints, begun }: Group): Promise<'more' | 'done'> {
    const { partners, warehouse, now } = this.#deps;
    const fetches = this.#fetches(stream);
    const lost = hints.filter(({ webhook }) => !fetches.has(webhook));
    await this.#giveUp(lost, `no route of the webhook fetches records of ${stream.name} any more`);
    const access = await partners.access(this.#partner, stream.name);
    const guard = new PauseGuard(access.pauses, { partner: this.#partner, runId: null, syncId: this.#base });
    const tally = new RequestTally(this.#context.writer);
    const { calls: log, ...deps } = this.#deps;
    const calls = {
      ...access,
      ...deps,
      ...callsBy(log, { ...this.#context.writer, syncId: this.#base, runId: null }),
      limiter: guard.over(access.limiter),
      signal: AbortSignal.any([this.#context.signal, guard.signal]),
      lane: stream.definition.lane,
      throttledBackoffMs: () => this.#backoff(stream, 1),
      onRequest: () => {
        tally.count();
        this.#requests += 1;
      },
    };
    const beganAtMs = now();
    const readers = new Map<string, FetchByKey>();
    const readerOf = (webhook: string): FetchByKey => {
      const known = readers.get(webhook);
      if (known !== undefined) return known;
      const reader = new FetchByKey(
        { ...this.#deps, calls },
        {
          stream: access.stream,
          fetch: fetches.get(webhook) as CompiledFetch,
          field: '',
          lane: stream.definition.lane,
          writer: this.#context.writer,
          runId: (n) => `fetch/${this.#base}/${stream.name}/${webhook}/${beganAtMs + n}`,
        },
      );
      readers.set(webhook, reader);
      return reader;
    };
    guard.begin();
    let ended: 'more' | 'done' = 'done';
    try {
      for (const hint of hints) {
        if (!fetches.has(hint.webhook)) continue;
        if (!(await this.#mayGoOn(stream, guard))) {
          ended = 'more';
          break;
        }
        await this.#ask(readerOf(hint.webhook), hint, { stream, guard });
        this.#context.heartbeat();
      }
    } finally {
      guard.end();
      // In the ledger before anybody hears of it; the last reader's run has them.
      const last = [...readers.values()].at(-1);
      const rest = tally.rest();
      if (last !== undefined && rest !== undefined) await warehouse.bookRequests(await last.run(), rest);
      for (const reader of readers.values()) await reader.end();
      if (begun !== undefined) await this.#end(stream, begun);
      if (this.#fetched > 0) this.#context.onWritten(stream);
    }
    return ended;
  }

  /** How each webhook has records of the stream asked for. */
  #fetches(stream: CompiledStream): ReadonlyMap<string, CompiledFetch> {
    const fetches = new Map<string, CompiledFetch>();
    for (const [name, { routes }] of compileWebhooks(new Map([[stream.name, stream]])))
      for (const { as, stream: of, fetch } of routes)
        if (as === 'hint' && of?.name === stream.name && fetch !== undefined && !fetches.has(name))
          fetches.set(name, fetch);
    return fetches;
  }

  async #mayGoOn(stream: CompiledStream, guard: PauseGuard): Promise<boolean> {
    const { now, draining } = this.#deps;
    const paused = pausedDeferral(await guard.look(), { nowMs: now() });
    if (paused !== undefined) throw new Later(paused.cause, now() + PAUSED_MS);
    return (
      !draining() &&
      grantGoesOn(stream.partner.grant, {
        requests: this.#requests,
        lastsMs: now() - this.#startedAtMs,
        width: 1,
        answerMs: 0,
        holds: false,
      })
    );
  }

  async #ask(
    reader: FetchByKey,
    hint: Hint,
    { stream, guard }: { readonly stream: CompiledStream; readonly guard: PauseGuard },
  ): Promise<void> {
    const { hints } = this.#deps;
    try {
      const { refused } = await reader.bring(hint.key);
      this.#failures = 0;
      if (refused === null) {
        await hints.done(this.#partner, hint);
        this.#fetched += 1;
      } else await this.#refuse(hint, refused);
    } catch (error) {
      if (this.#context.signal.aborted) throw error;
      await this.#failed(error, hint, { stream, guard });
    }
  }

  /** What is wrong with one record holds up no other; what is wrong with the partner ends the round. */
  async #failed(
    error: unknown,
    hint: Hint,
    { stream, guard }: { readonly stream: CompiledStream; readonly guard: PauseGuard },
  ): Promise<void> {
    const nowMs = this.#deps.now();
    const paused = pausedDeferral(guard.pause, { nowMs, error });
    if (paused !== undefined) throw new Later(paused.cause, nowMs + PAUSED_MS);
    if (error instanceof Throttled)
      throw new Later(error.message, Math.max(nowMs + SECOND, Date.parse(error.resumeAt)));
    if (error instanceof WarehouseUnavailable) throw error;
    if (error instanceof PartnerDown) throw new Later(error.message, nowMs + Math.max(SECOND, error.afterMs ?? 0));
    const known = error instanceof RetryLater || error instanceof GiveUp || error instanceof NeedsAttention;
    if (!known && !(error instanceof InvalidInput)) throw error;
    await this.#refuse(hint, explain(error));
    if (error instanceof NeedsAttention) throw new Later(error.message, nowMs + 5 * MINUTE);
    this.#failures += 1;
    if (this.#failures >= MOST_FAILURES)
      throw new Later(explain(error), nowMs + Math.max(SECOND, this.#backoff(stream, MOST_FAILURES)));
  }

  async #refuse(hint: Hint, reason: string): Promise<void> {
    await this.#deps.hints.refused(this.#partner, hint, {
      reason: reason.slice(0, 1000),
      again: AGAIN_MS[hint.attempts],
    });
    this.#refused += 1;
  }

  async #giveUp(hints: readonly Hint[], reason: string): Promise<void> {
    for (const hint of hints) await this.#deps.hints.refused(this.#partner, hint, { reason, again: undefined });
    this.#refused += hints.length;
  }

  /** Ends a run whose worker did not live to end it. */
  async #end(stream: CompiledStream | undefined, syncId: string): Promise<void> {
    const { warehouse, now } = this.#deps;
    if (stream === undefined) return;
    const { lane } = stream.definition;
    const of = { stream, syncId, runId: null, windowLabel: dayOf(now()), kind: 'fetch', lane } as const;
    const { run, report } = await warehouse.openStream(of);
    if (report.state !== 'done') await warehouse.finishStream({ stream, run, nothingToRead: true });
  }

  #backoff(stream: CompiledStream, attempt: number): number {
    const { base, cap } = stream.partner.retry;
    return backoffMs({ attempt, baseMs: base, capMs: cap, random: 1 - this.#deps.random() / 2 });
  }
}
