import { needId, type Need, type Offer } from './need.ts';

/** A record whose turn it is to be decided. */
export interface Turn<R> {
  readonly record: R;
  /** Index of its page among those given. */
  readonly page: number;
  /** What it needs is not there. `again`: the same content waits already. */
  readonly waits?: 'new' | 'again';
}

/** What a turn needs of a record. */
export interface Comer {
  /** `d`: it says that the record of its key is gone. */
  readonly operation?: 'd' | undefined;
  readonly key: string | null;
  readonly version: string | null;
  readonly hash: string;
  readonly needs?: readonly Need[];
  readonly offers?: readonly Offer[];
}

export interface Coming<R> {
  readonly pages: readonly (readonly R[])[];
  /** The name of their stream. */
  readonly stream: string;
  /** Whether tables had it before these records came. */
  readonly isThere: (need: Need) => boolean;
  /**
   * Of what these records need of their own stream by a field, by `needId`: keys of records that may go here, whose rows have it, and whether the
   * row of another key does. undefined: none goes.
   */
  readonly holders?: ReadonlyMap<string, { readonly keys: ReadonlySet<string>; readonly others: boolean }> | undefined;
  /** The table has just this: it came while its needs were there, or a person released it. */
  readonly isKnown: (record: R) => boolean;
  /** The same content of its key waits already, or somebody has dropped it. */
  readonly isWaiting: (record: R) => boolean;
  /**
   * The same record, to be decided as one that came where it did. `passedBy`: of its key, what came later and was decided
   * meanwhile; a delete without a version counts from when it came, also where records have versions.
   */
  readonly late: (record: R, at: { readonly page: number; readonly passedBy: 'nothing' | 'record' | 'delete' }) => R;
}

interface Comes<R> {
  readonly record: R;
  readonly page: number;
  /** Its place among all that come. */
  readonly place: number;
  readonly wasParked: boolean;
}

/**
 * The order in which records are decided that may need each other: each in its turn, and one whose need these very records bring right
 * behind that. What is left waits. `next` has to be told whether the key of the record is in the table now.
 */
export function* turnsOf<R extends Comer>(coming: Coming<R>): Generator<Turn<R>, void, boolean> {
  const { stream, isThere, isKnown, isWaiting, late } = coming;
  const present = new Present(coming);
  const parked = new Map<string, Comes<R>[]>();
  const decided = new Map<string | null, number>();
  /** The last delete of each key that names no version. */
  const buried = new Map<string | null, number>();
  const waits: Comes<R>[] = [];

  const lackOf = ({ needs = [] }: R): Need | undefined =>
    needs.find((need) => !(need.stream === stream ? present.has(need) : isThere(need)));

  function* inTurn(first: Comes<R>): Generator<Turn<R>, void, boolean> {
    const queue = [first];
    // It grows while it is gone through.
    for (const { record, page, place, wasParked } of queue) {
      const lack = lackOf(record);
      if (lack !== undefined && !isKnown(record)) {
        const where = lack.stream === stream ? (parked.get(needId(lack)) ?? []) : waits;
        where.push({ record, page, place, wasParked: true });
        if (where !== waits) parked.set(needId(lack), where);
        continue;
      }
      const isPassed = (decided.get(record.key) ?? -1) > place;
      const passedBy = (buried.get(record.key) ?? -1) > place ? 'delete' : isPassed ? 'record' : 'nothing';
      const there = yield { record: wasParked ? late(record, { page, passedBy }) : record, page };
      if (record.key !== null && !isPassed) decided.set(record.key, place);
      if (record.operation === 'd' && record.version === null) buried.set(record.key, place);
      present.decided(record, there);
      for (const offer of record.offers ?? []) {
        // Of a key it is enough that its record came: it may be gone by now.
        if (offer.field === '' ? record.operation === 'd' : !there) continue;
        const id = needId({ stream, ...offer });
        queue.push(...(parked.get(id) ?? []));
        parked.delete(id);
      }
    }
  }

  let place = 0;
  for (const [page, records] of coming.pages.entries())
    for (const record of records) yield* inTurn({ record, page, place: place++, wasParked: false });
  for (const each of parked.values()) waits.push(...each);
  const seen = new Set<string>();
  for (const { record, page } of waits.toSorted((a, b) => a.place - b.place)) {
    const content = record.key === null ? undefined : `${record.key} ${record.hash}`;
    const again = content !== undefined && (seen.has(content) || isWaiting(record));
    if (content !== undefined) seen.add(content);
    yield { record, page, waits: again ? 'again' : 'new' };
  }
}

/** What a stream's own records may need of it, as these records bring it and take it away. */
class Present<R extends Comer> {
  readonly #coming: Pick<Coming<R>, 'stream' | 'isThere' | 'holders'>;
  /** By `needId`: records of these keys came. They may be gone by now. */
  readonly #keys = new Set<string>();
  /** By `needId` of a field's value: the keys that have it. Several records may have one. */
  readonly #fields = new Map<string, Set<string | null>>();

  constructor(coming: Pick<Coming<R>, 'stream' | 'isThere' | 'holders'>) {
    this.#coming = coming;
    for (const [id, { keys }] of coming.holders ?? []) this.#fields.set(id, new Set(keys));
  }

  has(need: Need): boolean {
    const id = needId(need);
    const { holders, isThere } = this.#coming;
    if (need.field === '') return this.#keys.has(id) || isThere(need);
    if ((this.#fields.get(id)?.size ?? 0) > 0) return true;
    return holders === undefined ? isThere(need) : holders.get(id)?.others === true;
  }

  /** `there`: its key is in the table now. A record that is gone does not say what it had in its fields. */
  decided({ operation, key, offers = [] }: R, there: boolean): void {
    if (!there) for (const keys of this.#fields.values()) keys.delete(key);
    for (const offer of offers) {
      const id = needId({ stream: this.#coming.stream, ...offer });
      if (offer.field !== '') {
        if (there) this.#fields.set(id, (this.#fields.get(id) ?? new Set()).add(key));
      } else if (operation !== 'd') this.#keys.add(id);
    }
  }
}
