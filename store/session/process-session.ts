import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import type { QueuedClient } from './queued-client.ts';
import { SharedSession } from './shared-session.ts';

const CHANNEL = 'syncline_slots';
const sessions = new WeakMap<Pool, ProcessSession>();

/**
 * The session that stands for this process in the database, one for each pool: session locks of all its credentials are held
 * here, so that none of them needs a connection of its own. Nothing that waits is asked on it: everybody else would wait too.
 */
export class ProcessSession {
  /** 48 bits, hex: the number of the lock that ends with this process, however that ends. */
  readonly owner = randomBytes(6).toString('hex');
  readonly #session: SharedSession;
  readonly #listeners = new Map<string, Set<() => void>>();
  /** Where the lock was given, and when; monotonic ms. */
  #locked: { readonly on: QueuedClient; readonly atMs: number } | undefined;
  readonly #queues = new Map<string, Promise<unknown>>();

  private constructor(pool: Pool) {
    this.#session = new SharedSession(pool, {
      name: 'syncline session',
      prepare: (client) => this.#prepare(client),
      onNotice: (credential) => {
        for (const call of this.#listeners.get(credential) ?? []) call();
      },
    });
  }

  static of(pool: Pool): ProcessSession {
    const known = sessions.get(pool);
    if (known !== undefined) return known;
    const made = new ProcessSession(pool);
    sessions.set(pool, made);
    return made;
  }

  get connection(): Pick<SharedSession, 'use' | 'leave' | 'connected' | 'drop'> {
    return this.#session;
  }

  /** For how long the lock has stood without a break; undefined: it does not. */
  get lockedForMs(): number | undefined {
    if (this.#locked === undefined || this.#locked.on !== this.#session.open) return undefined;
    return performance.now() - this.#locked.atMs;
  }

  /** Calls back when another process tells that a slot of the credential came free. Returns what ends that. */
  onSlotFree(credential: string, call: () => void): () => void {
    const calls = this.#listeners.get(credential) ?? new Set();
    this.#listeners.set(credential, calls.add(call));
    return () => {
      calls.delete(call);
      if (calls.size === 0 && this.#listeners.get(credential) === calls) this.#listeners.delete(credential);
    };
  }

  /** One after the other in this process: a session is given its own lock again, so the database cannot tell them apart. */
  async inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const mine = (this.#queues.get(key) ?? Promise.resolve()).then(work);
    const settled = mine.catch(() => undefined);
    this.#queues.set(key, settled);
    try {
      return await mine;
    } finally {
      if (this.#queues.get(key) === settled) this.#queues.delete(key);
    }
  }

  async #prepare(client: QueuedClient): Promise<void> {
    await client.query(`listen ${CHANNEL}`);
    // Ours alone: but for a session that was lost and that the database still holds, nobody has it.
    const { rows } = await client.query<{ ours: boolean }>('select pg_try_advisory_lock($1) as ours', [
      `${BigInt(`0x${this.owner}`)}`,
    ]);
    if (rows[0]?.ours === true) this.#locked = { on: client, atMs: performance.now() };
  }
}
