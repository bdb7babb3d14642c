import { SECOND } from '../../core/duration.ts';
import { PermitLapsed } from '../../core/departure.ts';
import type { PermitWait } from '../../core/grant-waits.ts';
import { atWork } from './at-work.ts';
import { kindOf } from '../declare/charges.ts';
import type { Rest, Sender } from '../permits/desk.ts';
import { SLOTS } from '../slots/leases.ts';
import type { GrantedPermit } from '../permits/limiter.ts';
import type { Waiting } from '../permits/line.ts';
import type { SenderDeps } from '../permits/prompt-sender.ts';
import type { Prepared } from '../permits/prepared.ts';
import { NEAR_MS, PreparedRequests, SOON_MS } from '../permits/prepared-requests.ts';
import { SlotLease } from '../slots/slot-lease.ts';
import { Turn, TURN_MS } from './turn.ts';
import { turnWaitOf } from '../permits/permit-wait.ts';
import { LockTimeout, type TurnConnection } from './turn-connection.ts';
import { heardOf, leastOf, nothingSeen, patienceOf, sawLatency, type UsualLatency } from './usual-latency.ts';

const MOST_SLOTS = 64;

/**
 * One process at a time sends with the credential, and times its requests by its own clock: for limits that cannot bear
 * lateness. Requests are made ready while another process has the turn.
 */
export class TurnSender implements Sender {
  readonly #deps: SenderDeps;
  readonly #connection: TurnConnection;
  readonly #prepared = new PreparedRequests();
  /** Why requests wait for their moment within a turn. */
  readonly #spacing: PermitWait;
  #usual: UsualLatency = nothingSeen;
  #turn: Turn | undefined;
  #waitMs = 0;
  /** Our own timers' lateness, on average. */
  #lagMs = 0;

  constructor(deps: SenderDeps & { readonly connection: TurnConnection }) {
    this.#deps = deps;
    this.#connection = deps.connection;
    this.#spacing = turnWaitOf(deps.calls.buckets);
  }

  get pending(): number {
    return this.#prepared.size;
  }

  async round(): Promise<Rest | undefined> {
    const nowMs = performance.now();
    this.#prepared.turnBack(({ waiting }) => waiting.patientUntilMs + SECOND < nowMs);
    if (this.#waitMs < SOON_MS) this.#prepare({ now: false });
    const near = this.#prepared.near(performance.now());
    const demand = [...near.map(({ waiting }) => waiting), ...this.#deps.line.first(MOST_SLOTS)];
    // Some wait for a new token: a turn held for them would be everybody's loss.
    if (demand.length === 0) return this.#prepared.size === 0 ? undefined : { waitMs: NEAR_MS, cause: 'turn' };
    try {
      return await this.#takeTurn(demand.slice(0, MOST_SLOTS));
    } catch (error) {
      this.#turn = undefined;
      this.#prepared.turnBack(() => true);
      if (!(error instanceof LockTimeout)) throw error;
      await this.#deps.calls.evict();
      return undefined;
    }
  }

  async #takeTurn(demand: readonly Waiting[]): Promise<Rest | undefined> {
    const { calls, leases, block } = this.#deps;
    const capped = calls.buckets.some(({ kind }) => kind === 'concurrency');
    const requests = capped ? demand : padded(demand, this.#slots());
    const freed = leases.takeFreed();
    const made = capped ? leases.make(requests.length) : null;
    const askedAtMs = performance.now();
    const begun = await this.#connection.begin(
      {
        requests,
        critical: demand.some(({ lane }) => lane === 'critical'),
        leases: made,
        freed,
        lateMs: 0,
      },
      TURN_MS,
    );
    this.#waitMs = begun.granted === 0 ? begun.waitMs : 0;
    this.#usual = heardOf(this.#usual, begun.leastMs);
    if (begun.granted === 0) {
      if (begun.cause === SLOTS) leases.lookForDead();
      if (begun.waitMs >= SOON_MS) this.#prepared.turnBack(() => true);
      if (begun.waitsFor !== undefined) this.#prepared.waitFor(begun.waitsFor);
      return begun;
    }
    block.granted(askedAtMs);
    const turn = new Turn({
      begun,
      charges: requests.slice(0, begun.granted).map(({ charges }) => charges),
      leases: made?.slice(0, begun.granted) ?? null,
      rate: calls.buckets.findIndex(({ kind }) => kind === 'rate'),
      burst: calls.buckets.find(({ kind }) => kind === 'rate')?.burst ?? 1,
      patienceMs: patienceOf(this.#usual),
      prepared: this.#prepared,
      isNear: () => this.#prepared.near(performance.now()).length > 0,
      prepare: () => this.#prepare({ now: true }),
      usual: () => this.#usual.baseMs,
      mayGoOn: () => this.#connection.holds(begun) && !block.holds(performance.now()),
      holds: () => this.#connection.holds(begun),
      isAlone: () => !atWork.besides(calls.credential, performance.now()),
      onWake: (lateMs) => {
        this.#lagMs += (lateMs - this.#lagMs) / 16;
      },
      hold: (lease) => SlotLease.of(leases, lease),
    });
    this.#turn = turn;
    const report = await turn.run();
    this.#turn = undefined;
    if (begun.probe !== undefined && report.sent.length === 0) await calls.abandon(begun.probe);
    if (block.holds(performance.now())) this.#prepared.turnBack(() => true);
    await this.#connection.end({ ...report, leastMs: leastOf(this.#usual) });
    return undefined;
  }

  /** As many as fit into a turn: more may come while it lasts. */
  #slots(): number {
    const rate = this.#deps.calls.buckets.find(({ kind }) => kind === 'rate');
    if (rate === undefined) return MOST_SLOTS;
    return Math.min(MOST_SLOTS, Math.ceil((TURN_MS * 1000 * rate.cap) / rate.periodUs) + rate.burst);
  }

  #changed(): void {
    this.#turn?.changed();
    this.#deps.onChange();
  }

  /** `now`: there is a turn for them. Before it, those who have no patience left stay in line, to be refused. */
  #prepare({ now }: { now: boolean }): void {
    const nowMs = performance.now();
    this.#prepared.fill(
      this.#deps.line,
      ({ patientUntilMs }) => now || patientUntilMs >= nowMs,
      (prepared) => this.#permit(prepared),
    );
  }

  #permit(prepared: Prepared): GrantedPermit {
    prepared.waiting.onWait?.(this.#spacing);
    return {
      granted: true,
      get probe() {
        return prepared.probe;
      },
      departure: {
        ready: (write, turnBack) => {
          if (!this.#prepared.has(prepared)) return turnBack(new PermitLapsed('the turn passed'));
          prepared.ready(write, turnBack);
          this.#changed();
        },
        onWire: () => prepared.turn?.hitWire(prepared),
        onAnswer: (status) => this.#answered(prepared, status),
      },
      answered: async (told) => {
        prepared.lease?.answered();
        await this.#deps.feedback.answered(told, kindOf(prepared.waiting));
      },
      release: async () => {
        this.#prepared.delete(prepared);
        prepared.isDoubtful = false;
        await prepared.lease?.release({ others: this.#deps.line.size > 0 });
        this.#changed();
      },
    };
  }

  #answered(prepared: Prepared, status: number): void {
    prepared.isDoubtful = status >= 400;
    const latencyMs = performance.now() - prepared.startMs;
    prepared.turn?.gotAnswer(prepared, Math.max(0, latencyMs - this.#usual.baseMs));
    this.#usual = sawLatency(this.#usual, latencyMs, { periodMs: prepared.turn?.periodMs ?? 0, lagMs: this.#lagMs });
  }

  async idle(): Promise<void> {
    this.#connection.rest();
    for (const lease of this.#deps.leases.takeFreed()) await this.#deps.calls.free(lease);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

function padded(demand: readonly Waiting[], slots: number): readonly Pick<Waiting, 'charges' | 'lane' | 'work'>[] {
  const last = demand.at(-1) as Waiting;
  return [...demand, ...Array.from({ length: Math.max(0, slots - demand.length) }, () => last)];
}
