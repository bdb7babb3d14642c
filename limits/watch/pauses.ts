import type { Pool } from 'pg';
import { pauseOn, type PersonPause } from '../../core/person-pause.ts';
import type { StreamPlace } from '../../core/stream-place.ts';
import { readPauses } from '../../store/pauses.ts';
import { whenAvailable } from '../../store/session/unavailable.ts';

/** What people have paused. */
export interface Pauses {
  /** As it was at most PAUSE_SEEN_MS ago. */
  on(place: StreamPlace): Promise<PersonPause | undefined>;
}

/** A pause is seen by every worker within this time: what was read is good for so long. */
export const PAUSE_SEEN_MS = 500;

/** One look at the database for all grants of a process. */
export class PostgresPauses implements Pauses {
  readonly #pool: Pool;
  #known: readonly PersonPause[] = [];
  #askedAtMs = -Infinity;
  #looking: Promise<void> | undefined;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async on(place: StreamPlace): Promise<PersonPause | undefined> {
    const calledAtMs = performance.now();
    if (calledAtMs - this.#askedAtMs >= PAUSE_SEEN_MS) await this.#look();
    // Whoever is told to stand still sleeps for long: a pause that has ended meanwhile must not do that.
    while (pauseOn(this.#known, place) !== undefined && this.#askedAtMs < calledAtMs) await this.#look();
    return pauseOn(this.#known, place);
  }

  #look(): Promise<void> {
    return (this.#looking ??= this.#read().finally(() => {
      this.#looking = undefined;
    }));
  }

  async #read(): Promise<void> {
    const askedAtMs = performance.now();
    this.#known = await whenAvailable(() => readPauses(this.#pool));
    this.#askedAtMs = askedAtMs;
  }
}
