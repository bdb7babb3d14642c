import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { MINUTE } from '../../core/duration.ts';
import { ProcessSession } from '../../store/session/process-session.ts';

/**
 * What one credential's slots have of the session that stands for this process in the database. It tells at once when a slot came free
 * in another process; who waits would else find it at its next look. And its lock ends with the process, however that ends:
 * leases that begin with its number need not be waited for then (PermitCalls.freeDead). Without this connection everything
 * goes on, a little slower.
 */
export class SlotSession {
  readonly #session: ProcessSession;
  readonly #credential: string;
  readonly #onFree: () => void;
  #unlisten: (() => void) | undefined;
  #resting: NodeJS.Timeout | undefined;

  constructor(pool: Pool, credential: string, onFree: () => void) {
    this.#session = ProcessSession.of(pool);
    this.#credential = credential;
    this.#onFree = onFree;
  }

  /** For as long as somebody here asks for slots, or has some. */
  follow(): void {
    if (this.#unlisten === undefined) {
      this.#unlisten = this.#session.onSlotFree(this.#credential, this.#onFree);
      this.#session.connection.use(this);
      this.#resting = setTimeout(() => this.close(), MINUTE).unref();
    } else this.#resting?.refresh();
    // It comes back if it was lost; until then nothing is missing that a lease needs.
    this.#session.connection.connected().catch(() => {});
  }

  /** For how long the database has been within reach without a break. */
  get steadyMs(): number {
    return this.#session.lockedForMs ?? 0;
  }

  /** A UUID of version 8 (RFC 9562 §5.8) if the lock stands behind it, else one that says nothing of its owner. */
  newLease(): string {
    const random = randomUUID();
    const { owner, lockedForMs } = this.#session;
    return lockedForMs === undefined ? random : `${owner.slice(0, 8)}-${owner.slice(8)}-8${random.slice(15)}`;
  }

  close(): void {
    clearTimeout(this.#resting);
    this.#unlisten?.();
    this.#unlisten = undefined;
    this.#session.connection.leave(this);
  }
}
