import type { Pool } from 'pg';
import type { Caller } from '../../core/caller.ts';
import { SECOND } from '../../core/duration.ts';
import { noteUsed } from '../../store/callers/keys.ts';
import { readKnownCallers, type ReadBlock, type ReadCallers, type ReadKey } from '../../store/callers/known-callers.ts';
import { whenAvailable } from '../../store/session/unavailable.ts';
import { addressList, type AddressList } from '../address-list.ts';

/** Read again in the background by the first question after this time. */
const FRESH_MS = SECOND;
/** Nobody is let in by what was read longer ago than this: a revocation holds after that time at the latest. */
export const MOST_AGE_MS = 2 * SECOND;
const NOTE_EVERY_MS = 10 * SECOND;

export interface KnownKey {
  readonly caller: Caller;
  readonly hash: Buffer;
  readonly addresses: AddressList | undefined;
  readonly certificate: string | undefined;
  /** On the clock of `performance.now()`. */
  readonly endsAtMs: number;
}

export interface KnownBlock {
  readonly sparesCallers: boolean;
  readonly endsAtMs: number;
}

export interface HeldCallers {
  readonly readAtMs: number;
  readonly keys: ReadonlyMap<string, KnownKey>;
  readonly blocks: Map<string, KnownBlock>;
}

const later = (nowMs: number, inMs: number | null): number => (inMs === null ? Infinity : nowMs + inMs);
const nameOf = ({ kind, subject }: Pick<ReadBlock, 'kind' | 'subject'>): string => `${kind} ${subject}`;

/**
 * All callers in memory, so that a request with a key that nobody has costs no query. Read again when it is asked, not by a timer: a
 * process at rest asks nothing.
 */
export class KnownCallers {
  readonly #pool: Pool;
  readonly #now: () => number;
  #held: HeldCallers | undefined;
  #reading: Promise<HeldCallers> | undefined;
  #used = new Set<string>();
  #notedAtMs = -Infinity;

  /** `now`: milliseconds that never go back. */
  constructor(pool: Pool, now: () => number = () => performance.now()) {
    this.#pool = pool;
    this.#now = now;
  }

  /** @throws {WarehouseUnavailable} what is known is too old and cannot be read again. */
  async current(): Promise<HeldCallers> {
    const held = this.#held;
    const ageMs = held === undefined ? Infinity : this.#now() - held.readAtMs;
    if (held !== undefined && ageMs < FRESH_MS) return held;
    this.#reading ??= whenAvailable(() => this.#read()).finally(() => {
      this.#reading = undefined;
    });
    if (held === undefined || ageMs >= MOST_AGE_MS) return this.#reading;
    // Whoever finds it too old is told what is wrong.
    this.#reading.catch(() => {});
    return held;
  }

  /** A block in force now. */
  blockOf(held: HeldCallers, of: Pick<ReadBlock, 'kind' | 'subject'>): KnownBlock | undefined {
    const block = held.blocks.get(nameOf(of));
    return block !== undefined && block.endsAtMs > this.#now() ? block : undefined;
  }

  /** Holds here at once, and in the other processes when they have read it. */
  addBlock(block: ReadBlock): void {
    this.#held?.blocks.set(nameOf(block), knownBlock(this.#now(), block));
  }

  used(keyId: string): void {
    this.#used.add(keyId);
  }

  async #read(): Promise<HeldCallers> {
    // Before the question: what is read is at least as new.
    const readAtMs = this.#now();
    const held = heldOf(readAtMs, await readKnownCallers(this.#pool));
    this.#held = held;
    if (this.#used.size > 0 && readAtMs - this.#notedAtMs > NOTE_EVERY_MS) {
      this.#notedAtMs = readAtMs;
      const used = [...this.#used];
      this.#used = new Set();
      // For people only: nothing depends on it.
      noteUsed(this.#pool, used).catch(() => {});
    }
    return held;
  }
}

function heldOf(readAtMs: number, { keys, blocks }: ReadCallers): HeldCallers {
  return {
    readAtMs,
    keys: new Map(keys.map((key) => [key.keyId, knownKey(readAtMs, key)])),
    blocks: new Map(blocks.map((block) => [nameOf(block), knownBlock(readAtMs, block)])),
  };
}

const knownBlock = (readAtMs: number, { sparesCallers, endsInMs }: ReadBlock): KnownBlock => ({
  sparesCallers,
  endsAtMs: later(readAtMs, endsInMs),
});

const knownKey = (readAtMs: number, { caller, hash, addresses, certificate, endsInMs }: ReadKey): KnownKey => ({
  caller,
  hash,
  addresses: addresses === null ? undefined : addressList(addresses),
  certificate: certificate ?? undefined,
  endsAtMs: later(readAtMs, endsInMs),
});
