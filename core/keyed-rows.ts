import { decide, type Arrival, type Head } from './decide.ts';
import { decideDelete } from './grave.ts';

/** An event of the log that says something of one key. */
export interface KeyedEvent<E> {
  readonly key: string;
  readonly event: number;
  readonly operation: 'u' | 's' | 'd';
  readonly arrival: Arrival;
  /** What is written of it. */
  readonly item: E;
  /** Of a delete: when it was received, ISO. */
  readonly deletedAt?: string | undefined;
}

/** What becomes of the row of a key. */
export interface KeyedRow<E> {
  /** Its values are those of this event; null: they stay as they are. */
  readonly written: KeyedEvent<E> | null;
  /** The event that the table shows; null: it has no row. */
  readonly previous: number | null;
  /** Since when the record is gone, ISO; null: it is there. */
  readonly gone: string | null;
}

interface State<E> extends KeyedRow<E> {
  readonly head: Head | undefined;
}

/**
 * What a table with one row per key gains from events of a log, in its order: the same decisions as when they came. The log says of each
 * event what it was then, so no grave is asked: a `u` behind a `d` is a birth, and what came late is an `s`.
 */
export class KeyedRows<E> {
  readonly rows = new Map<string, KeyedRow<E>>();
  readonly #states = new Map<string, State<E>>();
  readonly #heads: ReadonlyMap<string, Head>;
  readonly #keepsRows: boolean;

  /** `heads`: what the table shows of the keys. `keepsRows`: a row whose record is gone stays, and says so. */
  constructor(heads: ReadonlyMap<string, Head>, keepsRows: boolean) {
    this.#heads = heads;
    this.#keepsRows = keepsRows;
  }

  take(event: KeyedEvent<E>): void {
    const { key } = event;
    const state = this.#states.get(key) ?? this.#before(key);
    // The table has taken it already: that is what makes a range that is applied again change nothing.
    if (state.head !== undefined && event.event <= state.head.event) return;
    const next = event.operation === 'd' ? this.#fall(event, state) : this.#come(event, state);
    if (next === undefined) return;
    this.#states.set(key, next);
    this.rows.set(key, next);
  }

  /** The row goes, and what is taken of the key from now on is all that is known of it. */
  reset(key: string): void {
    const { previous } = this.#states.get(key) ?? this.#before(key);
    const state = { written: null, previous, gone: null, head: undefined };
    this.#states.set(key, state);
    this.rows.set(key, state);
  }

  #before(key: string): State<E> {
    const head = this.#heads.get(key);
    return { written: null, previous: head?.event ?? null, gone: head?.deletedAt ?? null, head };
  }

  #come(event: KeyedEvent<E>, state: State<E>): State<E> | undefined {
    const written = { ...state, written: event, head: headOf(event) };
    if (event.operation === 's') return this.#fills(event, state) ? written : undefined;
    if (state.gone !== null) return { ...written, gone: null };
    const { fate } = decide(event.arrival, state.head);
    return fate === 'inserted' || fate === 'updated' ? written : undefined;
  }

  #fills({ arrival }: KeyedEvent<E>, { gone, head }: State<E>): boolean {
    if (!this.#keepsRows || gone === null) return false;
    const { fate } = decide(arrival, head);
    return fate === 'inserted' || fate === 'updated';
  }

  #fall(event: KeyedEvent<E>, state: State<E>): State<E> | undefined {
    if (state.gone !== null || decideDelete(event.arrival, { head: state.head }).fate === 'stale') return undefined;
    const gone = event.deletedAt as string;
    if (!this.#keepsRows) return { ...state, written: null, gone, head: undefined };
    // A row that is kept has at least its key.
    return state.head === undefined ? { ...state, written: event, gone, head: headOf(event) } : { ...state, gone };
  }
}

const headOf = <E>({ arrival, operation, event }: KeyedEvent<E>): Head => ({
  // Of what only a delete is known, nothing is.
  version: operation === 'd' ? null : arrival.version,
  hash: arrival.hash,
  received: arrival.received,
  event,
});
