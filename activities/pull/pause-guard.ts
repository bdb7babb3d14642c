import { PermitLapsed, type Departure } from '../../core/departure.ts';
import { MINUTE } from '../../core/duration.ts';
import { GiveUp, InvalidInput, NeedsAttention, Paused } from '../../core/errors.ts';
import { describePause, type PersonPause } from '../../core/person-pause.ts';
import type { StreamPlace } from '../../core/stream-place.ts';
import type { GrantedPermit, Limiter } from '../../limits/permits/limiter.ts';
import { PAUSE_SEEN_MS, type Pauses } from '../../limits/watch/pauses.ts';
import type { Deferral } from '../../messages/deferral.ts';

/** Who ends a pause wakes its streams. Should that not reach one, it looks by itself after this. */
const LOOK_AGAIN_MS = 10 * MINUTE;

/**
 * Holds a grant's requests back once a person has paused its work. Those that stand in line, or wait on their connection for
 * the moment, are turned back; what is under way ends by itself, unless the pause says `atOnce`.
 */
export class PauseGuard {
  readonly #pauses: Pauses;
  readonly #place: StreamPlace;
  readonly #unsent = new Set<() => void>();
  readonly #cut = new AbortController();
  #pause: PersonPause | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(pauses: Pauses, place: StreamPlace) {
    this.#pauses = pauses;
    this.#place = place;
  }

  /** The pause that holds; once there is one, this grant is over. */
  get pause(): PersonPause | undefined {
    return this.#pause;
  }

  /** Aborts requests that are to be broken off. */
  get signal(): AbortSignal {
    return this.#cut.signal;
  }

  async look(): Promise<PersonPause | undefined> {
    const pause = await this.#pauses.on(this.#place);
    this.#pause = pause ?? this.#pause;
    if (this.#pause === undefined) return undefined;
    for (const turnBack of this.#unsent) turnBack();
    this.#unsent.clear();
    if (this.#pause.atOnce) this.#cut.abort();
    return this.#pause;
  }

  /** Keeps looking until `end`. That the database is away is for those to say who need it. */
  begin(): void {
    this.#timer = setInterval(() => void this.look().catch(() => {}), PAUSE_SEEN_MS);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  /** The same permits, for as long as nobody has paused the work. */
  over(limiter: Limiter): Limiter {
    return {
      block: (...given) => limiter.block(...given),
      ask: async (request) => {
        const pause = await this.look();
        if (pause !== undefined) throw new Paused(describePause(pause));
        const permit = await limiter.ask(request);
        return permit.granted ? this.#guarded(permit) : permit;
      },
    };
  }

  #guarded(permit: GrantedPermit): GrantedPermit {
    const { departure, answered, release } = permit;
    return {
      granted: true,
      // Only known once it is sent.
      get probe() {
        return permit.probe;
      },
      ...(departure === undefined ? {} : { departure: this.#departure(departure) }),
      ...(answered === undefined ? {} : { answered }),
      release,
    };
  }

  #departure(departure: Departure): Departure {
    return {
      ...departure,
      ready: (write, turnBack) => {
        const held = (): void => turnBack(new PermitLapsed('the work was paused'));
        if (this.#pause !== undefined) return held();
        this.#unsent.add(held);
        departure.ready(
          () => {
            if (this.#unsent.delete(held)) write();
          },
          (why) => {
            this.#unsent.delete(held);
            turnBack(why);
          },
        );
      },
    };
  }
}

/** What is wrong for good is said at once, paused or not. */
const isFinal = (error: unknown): boolean =>
  error instanceof GiveUp || error instanceof NeedsAttention || error instanceof InvalidInput;

/** How the workflow goes on when a pause has ended a grant. */
export function pausedDeferral(
  pause: PersonPause | undefined,
  { nowMs, error }: { readonly nowMs: number; readonly error?: unknown },
): Deferral | undefined {
  if (pause === undefined || isFinal(error)) return undefined;
  return { until: new Date(nowMs + LOOK_AGAIN_MS).toISOString(), cause: describePause(pause), reason: 'paused' };
}
