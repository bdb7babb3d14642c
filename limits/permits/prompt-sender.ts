import { SECOND } from '../../core/duration.ts';
import { PermitLapsed } from '../../core/departure.ts';
import type { Rest, Sender } from './desk.ts';
import { lanes } from '../../core/names.ts';
import { kindOf } from '../declare/charges.ts';
import { latenessAt, punctual, wasLate } from '../turns/lateness.ts';
import type { Feedback } from './feedback.ts';
import type { GrantedPermit } from './limiter.ts';
import type { Line, Waiting } from './line.ts';
import type { LocalBlock } from './local-block.ts';
import type { Granted, PermitCalls } from './permit-calls.ts';
import { Prepared } from './prepared.ts';
import { NEAR_MS, PreparedRequests, SOON_MS } from './prepared-requests.ts';
import type { SlotKeeping } from '../slots/slot-keeping.ts';
import { SlotLease } from '../slots/slot-lease.ts';
import { SLOTS, type Leases } from '../slots/leases.ts';

/** Of the time a permit is valid, for the way from our kernel to the partner. */
const WAY_SHARE = 0.25;
const BATCH = 64;

/** Who waits for a slot is told when one comes free; it only looks in case it was not, and so that its claim stands (250 ms, take_permits). */
const LOOK_MS = 80;

export interface SenderDeps {
  readonly line: Line;
  readonly calls: PermitCalls;
  readonly leases: Leases;
  readonly feedback: Feedback;
  /** Nobody here may send while it holds. */
  readonly block: LocalBlock;
  /** A slot came free, or a request is ready. */
  readonly onChange: () => void;
}

/**
 * Permits that are used at once, by any number of processes side by side: for limits whose burst or window can pay for the
 * lateness that was really seen. A permit that is too late lapses rather than being sent.
 */
export class PromptSender implements Sender {
  readonly #deps: SenderDeps;
  /** Those who had to wait anyway: what it takes to make a request ready is not lost once there is room for it. */
  readonly #prepared = new PreparedRequests();
  readonly #keeping: SlotKeeping;
  readonly #lapses: boolean;
  /** Nothing can be asked for before one of the prepared is ready. */
  #awaitsReady = false;
  #lateness = punctual;

  constructor({ keeping, ...deps }: SenderDeps & { readonly keeping: SlotKeeping }) {
    this.#deps = deps;
    this.#keeping = keeping;
    this.#lapses = deps.calls.buckets.some(({ kind }) => kind === 'rate' || kind === 'window');
  }

  get pending(): number {
    return this.#prepared.size;
  }

  async round(): Promise<Rest | undefined> {
    const { line, calls, leases } = this.#deps;
    const nowMs = performance.now();
    this.#prepared.turnBack(({ waiting }) => waiting.patientUntilMs + SECOND < nowMs);
    const ready = [...this.#prepared].filter(({ isReady }) => isReady);
    const first = inOrder([...ready.map(({ waiting }) => waiting), ...line.first(BATCH)]);
    this.#awaitsReady = first.length === 0 && this.#prepared.size > 0;
    if (first.length === 0) {
      // Others may use what came free until then.
      await this.idle();
      return this.#awaitsReady ? { waitMs: NEAR_MS, cause: 'being made ready' } : undefined;
    }

    const capped = calls.buckets.some(({ kind }) => kind === 'concurrency');
    const freed = leases.takeFreed();
    const keeps = freed.length > 0 && this.#keeping.mayKeep(first[0]?.lane, performance.now());
    const asking = first.slice(0, keeps ? freed.length : BATCH);
    const made = capped ? leases.make(asking.length) : null;
    const askedAtMs = performance.now();
    const answer = await calls
      .take({
        requests: asking,
        critical: asking.some(({ lane }) => lane === 'critical'),
        leases: made,
        freed,
        slots: keeps ? 'keeps' : leases.holdsSome ? 'holds' : undefined,
        lateMs: latenessAt(this.#lateness, askedAtMs),
      })
      .catch((error: unknown) => {
        leases.putBack(freed);
        this.#prepared.turnBack(() => true);
        throw error;
      });
    if (answer.granted === 0) return this.#wait(answer);
    this.#deps.block.granted(askedAtMs);
    const validUntilMs = this.#lapses ? askedAtMs + answer.validMs * (1 - WAY_SHARE) : Infinity;
    for (const [i, each] of asking.slice(0, answer.granted).entries()) {
      const given = { lease: SlotLease.of(leases, made?.[i]), probe: answer.probe, leave: { askedAtMs, validUntilMs } };
      const prepared = ready.find(({ waiting }) => waiting === each);
      if (prepared !== undefined && this.#prepared.delete(prepared)) this.#leave(Object.assign(prepared, given));
      else if (line.leave(each)) each.grant(this.#permit(Object.assign(new Prepared(each), given)));
      else {
        await given.lease.free({ others: true, brokeOff: false });
        if (answer.probe !== undefined) await calls.abandon(answer.probe);
      }
    }
    return undefined;
  }

  #wait(answer: Granted): Rest {
    if (answer.cause === SLOTS) this.#deps.leases.lookForDead();
    const waitMs = answer.cause === SLOTS ? Math.max(answer.waitMs, LOOK_MS) : answer.waitMs;
    const untilMs = performance.now() + waitMs;
    if (waitMs >= SOON_MS) this.#prepared.turnBack(() => true);
    else
      this.#prepared.fill(
        this.#deps.line,
        // Who has no patience left stays in line, to be refused.
        ({ departs, patientUntilMs }) => departs && patientUntilMs >= untilMs,
        (prepared) => this.#permit(prepared),
      );
    if (answer.waitsFor !== undefined) this.#prepared.waitFor(answer.waitsFor);
    return { ...answer, waitMs };
  }

  #permit(prepared: Prepared): GrantedPermit {
    const { line, feedback, onChange } = this.#deps;
    return {
      granted: true,
      get probe() {
        return prepared.probe;
      },
      departure: {
        ready: (write, turnBack) => {
          prepared.ready(write, turnBack);
          if (prepared.leave !== undefined) this.#leave(prepared);
          else if (this.#prepared.has(prepared)) {
            // Else the answer that it waits for would be the same.
            if (this.#awaitsReady) onChange();
          } else turnBack(new PermitLapsed('its moment did not come in time'));
        },
        onWire: () => this.#sawLateness(prepared),
        onAnswer: () => {},
      },
      answered: async (told) => {
        prepared.lease?.answered();
        await feedback.answered(told, kindOf(prepared.waiting));
      },
      release: async () => {
        this.#prepared.delete(prepared);
        await prepared.lease?.release({ others: line.size + this.#prepared.size > 0 });
        onChange();
      },
    };
  }

  /** It is ready and has its permit. */
  #leave(prepared: Prepared): void {
    const nowMs = performance.now();
    if (nowMs < (prepared.leave?.validUntilMs ?? 0) && !this.#deps.block.holds(nowMs)) {
      prepared.lease?.sent();
      return prepared.send(nowMs);
    }
    this.#sawLateness(prepared);
    prepared.turnBack(new PermitLapsed('the permit was not used in time'));
  }

  #sawLateness({ leave }: Prepared): void {
    const nowMs = performance.now();
    if (leave !== undefined) this.#lateness = wasLate(this.#lateness, nowMs - leave.askedAtMs, nowMs);
  }

  async idle(): Promise<void> {
    for (const lease of this.#deps.leases.takeFreed()) await this.#deps.calls.free(lease);
  }

  async close(): Promise<void> {}
}

/** Critical ones first. */
const inOrder = (waiting: readonly Waiting[]): readonly Waiting[] =>
  waiting.toSorted((a, b) => lanes.indexOf(a.lane) - lanes.indexOf(b.lane));
