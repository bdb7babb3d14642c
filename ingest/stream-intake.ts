import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { explain, RetryLater, WarehouseUnavailable } from '../core/errors.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { commitPush, NotOpen, type PushedPage } from '../landing/commit-push.ts';
import { openPush } from '../landing/open-push.ts';
import { claimKeys, type KeyToClaim } from '../store/idempotency/claim-keys.ts';
import { completeKeys, releaseKeys } from '../store/idempotency/complete-keys.ts';
import { whenAvailable } from '../store/session/unavailable.ts';
import { pgError } from '../targets/postgres/pg-error.ts';
import { acceptedAnswer } from './accepted-answer.ts';
import type { IntakeDeps, Landed, PushRequest } from './intake.ts';
import { Refusal, unavailable } from './problem.ts';
import { stagePush } from './stage-push.ts';

/** What one transaction takes at most. */
const MOST = { requests: 500, records: 5000, bytes: 16 * 1024 * 1024 } as const;
/** How often a commit is tried that another one got in the way of. */
const TRIES = 4;

interface Waiting {
  readonly request: PushRequest;
  readonly resolve: (landed: Landed) => void;
  readonly reject: (refusal: Refusal) => void;
}

/** A request with what will be written of it. */
interface Taken extends Waiting {
  readonly page: PushedPage;
}

/** Takes the requests of one stream, and commits those that wait while another commit runs in the next one. */
export class StreamIntake {
  readonly #deps: IntakeDeps;
  #queues: Waiting[][] = [[], [], []];
  #busy = false;
  /** Each is a group of its own. */
  readonly #alone: Waiting[] = [];
  /** Keys that this process works on: one of them at a time. */
  readonly #keys = new Set<string>();

  constructor(deps: IntakeDeps) {
    this.#deps = deps;
  }

  async accept(request: PushRequest): Promise<Landed> {
    const id = request.claim === undefined ? undefined : JSON.stringify([request.caller, request.claim.key]);
    if (id !== undefined && this.#keys.has(id)) throw inFlight(1);
    if (id !== undefined) this.#keys.add(id);
    try {
      return await new Promise<Landed>((resolve, reject) => {
        this.#queues[request.priority]?.push({ request, resolve, reject });
        if (!this.#busy) void this.#work();
      });
    } finally {
      if (id !== undefined) this.#keys.delete(id);
    }
  }

  async #work(): Promise<void> {
    this.#busy = true;
    // Requests that were read in the same turn of the event loop belong to the first group.
    await new Promise(setImmediate);
    for (let group = this.#take(); group.length > 0; group = this.#take()) {
      try {
        await this.#land(group);
      } catch (error) {
        const refusal = refusalOf(error);
        // One of them may be what nobody expected: the others do not fail with it. None lands twice, since its page has its id.
        if (refusal.code === 'internal' && group.length > 1) {
          this.#alone.push(...group);
          continue;
        }
        if (refusal.code === 'internal')
          this.#deps.log.warn({ error: explain(error) }, 'pushed records were not written');
        for (const { reject } of group) reject(refusal);
      }
    }
    this.#busy = false;
  }

  /** The next group: of one definition, so that it is written to one table. */
  #take(): Waiting[] {
    const single = this.#alone.shift();
    if (single !== undefined) return [single];
    const group: Waiting[] = [];
    let records = 0;
    let bytes = 0;
    let stream: CompiledStream | undefined;
    for (const queue of this.#queues)
      for (let next = queue[0]; next !== undefined; next = queue[0]) {
        const { request } = next;
        stream ??= request.stream;
        records += request.records.length;
        bytes += request.bytes;
        const fits = records <= MOST.records && bytes <= MOST.bytes && group.length < MOST.requests;
        if (group.length > 0 && (!fits || request.stream !== stream)) return group;
        group.push(next);
        queue.shift();
      }
    return group;
  }

  async #land(group: readonly Waiting[]): Promise<void> {
    const { failpoint } = this.#deps;
    const { pages, release } = await stagePush(group.map(({ request }) => request));
    try {
      const fit: Taken[] = [];
      group.forEach((waiting, i) => {
        const page = pages[i] as PushedPage | Refusal;
        if (page instanceof Refusal) waiting.reject(page);
        else fit.push({ ...waiting, page });
      });
      const lease = randomUUID();
      const ours = await this.#claim(fit, lease);
      await failpoint('push.claimed');
      if (ours.length > 0) await this.#commit(ours, lease);
    } finally {
      release();
    }
  }

  /** Claims the keys; requests that are answered already get that answer. */
  async #claim(taken: readonly Taken[], lease: string): Promise<readonly Taken[]> {
    const claiming = taken.filter(({ request }) => request.claim !== undefined);
    if (claiming.length === 0) return taken;
    const claims = await whenAvailable(() =>
      claimKeys(this.#deps.pool, {
        keys: claiming.flatMap(keyOf),
        lease,
        ...(this.#deps.leaseMs === undefined ? {} : { leaseMs: this.#deps.leaseMs }),
      }),
    );
    const lost = new Set<Taken>();
    for (const [i, claim] of claims.entries()) {
      const one = claiming[i] as Taken;
      if (claim.outcome === 'claimed') continue;
      lost.add(one);
      if (claim.outcome === 'answered') one.resolve({ answer: claim.answer, replayed: true });
      else if (claim.outcome === 'busy') one.reject(inFlight(Math.max(1, Math.ceil(claim.retryMs / 1000))));
      else
        one.reject(
          new Refusal('key_reused', {
            detail:
              'Idempotency-Key: expected the request that was sent with it before, found another body; send a new request with a new key',
          }),
        );
    }
    return taken.filter((one) => !lost.has(one));
  }

  async #commit(taken: readonly Taken[], lease: string): Promise<void> {
    const { pool, names, writer, failpoint, onLanded } = this.#deps;
    const { stream } = (taken[0] as Taken).request;
    const byId = new Map(taken.map((one) => [one.request.requestId, one]));
    let answers = new Map<string, Landed['answer']>();
    const answer = async (client: PoolClient, pages: readonly PushedPage[]): Promise<readonly PushedPage[]> => {
      answers = new Map(
        pages.map((page) => [page.pageKey, acceptedAnswer((byId.get(page.pageKey) as Taken).request, page)]),
      );
      const withKeys = pages.filter(({ pageKey }) => byId.get(pageKey)?.request.claim !== undefined);
      const keys = withKeys.flatMap(({ pageKey }) =>
        keyOf(byId.get(pageKey) as Taken).map((key) => ({ ...key, answer: answers.get(pageKey) as Landed['answer'] })),
      );
      const held = await completeKeys(client, { keys, lease });
      const lost = new Set(withKeys.filter((_, i) => held[i] === false).map(({ pageKey }) => pageKey));
      return lost.size === 0 ? pages : pages.filter(({ pageKey }) => !lost.has(pageKey));
    };
    try {
      const written = await this.#tried(stream, () =>
        commitPush(pool, { names, stream, writer, pages: taken.map(({ page }) => page), answer }, failpoint),
      );
      await failpoint('push.after');
      onLanded(stream);
      this.#count(stream, written);
      const done = new Set(written.map(({ pageKey }) => pageKey));
      for (const { request, resolve, reject } of taken)
        if (done.has(request.requestId))
          resolve({ answer: answers.get(request.requestId) as Landed['answer'], replayed: false });
        else reject(inFlight(1));
    } catch (error) {
      await releaseKeys(pool, { keys: taken.flatMap(keyOf), lease }).catch(() => {});
      throw error;
    }
  }

  #count({ partner, name }: CompiledStream, written: readonly PushedPage[]): void {
    const sum = (of: (page: PushedPage) => number): number => written.reduce((total, page) => total + of(page), 0);
    this.#deps.metrics?.landed(
      { partner: partner.name, stream: name },
      { accepted: sum(({ records }) => records.length), quarantined: sum(({ rejected }) => rejected.length) },
    );
  }

  async #tried<T>(stream: CompiledStream, work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await whenAvailable(work);
      } catch (error) {
        if (tries >= TRIES) throw error;
        // The table may have been dropped by somebody.
        if (error instanceof NotOpen || ['42P01', '42703', '3F000'].includes(pgError(error).code))
          await this.#open(stream);
        else if (!['40P01', '40001'].includes(pgError(error).code)) throw error;
      }
    }
  }

  async #open(stream: CompiledStream): Promise<void> {
    try {
      await whenAvailable(() => openPush(this.#deps.pool, stream));
    } catch (error) {
      if (pgError(error).code !== NOT_ALLOWED) throw error;
      const of = { partner: stream.partner.name, stream: stream.name };
      this.#deps.log.warn(
        { ...of, error: explain(error) },
        'this role may not make the tables of the stream: run `syncline partners prepare` as one that may',
      );
      throw new Refusal('unavailable', {
        detail: 'the stream is not ready to be written to; send it again later',
        retryAfterS: 30,
        cause: error,
      });
    }
  }
}

/** PostgreSQL's insufficient_privilege. */
const NOT_ALLOWED = '42501';

const keyOf = ({ request: { caller, claim, stream } }: Taken): KeyToClaim[] =>
  claim === undefined ? [] : [{ ...claim, caller, keepMs: claim.keepMs ?? stream.definition.push?.keepKeys ?? 0 }];

const inFlight = (retryAfterS: number): Refusal =>
  new Refusal('in_flight', {
    detail: 'a request with this Idempotency-Key is being worked on; send it again to get its answer',
    retryAfterS,
  });

/** What nobody expected is told to nobody outside. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof WarehouseUnavailable) return unavailable(error);
  // Lock timeout: a rebuild or an undo holds the stream.
  if (error instanceof RetryLater || pgError(error).code === '55P03')
    return new Refusal('busy', {
      detail: 'the stream is being changed; send it again later',
      retryAfterS: 2,
      cause: error,
    });
  return new Refusal('internal', {
    detail: 'the request was not written; send it again, and tell us its id if it fails again',
    retryAfterS: 10,
    cause: error,
  });
}
