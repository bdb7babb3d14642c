import { SECOND } from '../core/duration.ts';
import { PermitLapsed } from '../core/departure.ts';
import type { Rest, Sender } from './desk.ts';
import { kindOf } from './charges.ts';
import { latenessAt, punctual, wasLate } from './lateness.ts';
import type { Feedback } from './feedback.ts';
import type { GrantedPermit } from './limiter.ts';
import type { Line, Waiting } from './line.ts';
import type { LocalBlock } from './local-block.ts';
import type { PermitCalls } from './permit-calls.ts';
import { SlotLease } from './slot-lease.ts';
import type { Leases } from './leases.ts';

/** Of the time a permit is valid, for the way from our kernel to the partner. */
const WAY_SHARE = 0.25;
const BATCH = 64;

/** A process uses its slots of a concurrency limit again for so long: another process hears of a free one only after a while. */
const KEEP_MS = SECOND;

/** Who waits for a slot is told when one comes free; it only looks in case it was not. */
const SLOTS = 'concurrency';
const LOOK_MS = 40;

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
  readonly pending = 0;
  readonly #deps: SenderDeps;
  readonly #lapses: boolean;
  #lateness = punctual;
  /** Since when slots have been kept, monotonic ms. */
  #keptSinceMs = -Infinity;

  constructor(deps: SenderDeps) {
    this.#deps = deps;
    this.#lapses = deps.calls.buckets.some(({ kind }) => kind === 'rate' || kind === 'window');
  }

  async round(): Promise<Rest | undefined> {
    const { line, calls, leases } = this.#deps;
    const capped = calls.buckets.some(({ kind }) => kind === 'concurrency');
    const freed = leases.takeFreed();
    const keeps = freed.length > 0 && this.#mayKeep();
    const waiting = line.first(keeps ? freed.length : BATCH);
    const made = capped ? leases.make(waiting.length) : null;
    const askedAtMs = performance.now();
    const answer = await calls
      .take({
        requests: waiting,
        critical: waiting.some(({ lane }) => lane === 'critical'),
        leases: made,
        freed,
        keeps,
        lateMs: latenessAt(this.#lateness, askedAtMs),
      })
      .catch((error: unknown) => {
        leases.putBack(freed);
        throw error;
      });
    if (answer.granted === 0)
      return answer.cause === SLOTS ? { ...answer, waitMs: Math.max(answer.waitMs, LOOK_MS) } : answer;
    this.#deps.block.granted(askedAtMs);
    const validUntilMs = this.#lapses ? askedAtMs + answer.validMs * (1 - WAY_SHARE) : Infinity;
    for (const [i, each] of waiting.slice(0, answer.granted).entries()) {
      const lease = SlotLease.of(leases, made?.[i]);
      if (line.leave(each)) each.grant(this.#permit(each, { askedAtMs, validUntilMs, lease, probe: answer.probe }));
      else {
        await lease.free({ others: true, brokeOff: false });
        if (answer.probe !== undefined) await calls.abandon(answer.probe);
      }
    }
    return undefined;
  }

  /** For up to KEEP_MS in a row; then others get their turn once. Backfills never keep what others may wait for. */
  #mayKeep(): boolean {
    if (this.#deps.line.first(1)[0]?.lane === 'backfill') return false;
    const nowMs = performance.now();
    if (nowMs - this.#keptSinceMs < KEEP_MS) return true;
    this.#keptSinceMs = nowMs;
    return false;
  }

  #permit(
    waiting: Waiting,
    given: { askedAtMs: number; validUntilMs: number; lease: SlotLease; probe: number | undefined },
  ): GrantedPermit {
    const { line, feedback, block, onChange } = this.#deps;
    const late = (): void => {
      const nowMs = performance.now();
      this.#lateness = wasLate(this.#lateness, nowMs - given.askedAtMs, nowMs);
    };
    return {
      granted: true,
      probe: given.probe,
      departure: {
        ready: (write, turnBack) => {
          const nowMs = performance.now();
          if (nowMs < given.validUntilMs && !block.holds(nowMs)) {
            given.lease.sent();
            return write();
          }
          late();
          turnBack(new PermitLapsed('the permit was not used in time'));
        },
        onWire: late,
        onAnswer: () => {},
      },
      answered: async (told) => {
        given.lease.answered();
        await feedback.answered(told, kindOf(waiting));
      },
      release: async () => {
        await given.lease.release({ others: line.size > 0 });
        onChange();
      },
    };
  }

  async idle(): Promise<void> {
    for (const lease of this.#deps.leases.takeFreed()) await this.#deps.calls.free(lease);
  }

  async close(): Promise<void> {}
}
