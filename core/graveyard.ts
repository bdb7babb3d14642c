import { decide, type Arrival, type Decision, type Head } from './decide.ts';
import { decideBirth, decideDelete, type Grave } from './grave.ts';

/** A key whose record is gone. */
export interface Dead {
  readonly key: string;
  readonly grave: Grave;
  /** Index of the page that said so, among those given; null: it was known before. */
  readonly page: number | null;
  /** The table showed its record, until now. */
  readonly falls: boolean;
}

/** A delete as it takes effect. */
export interface Burial {
  readonly version: string | null;
  readonly hash: string;
  readonly received?: Grave['received'];
  readonly event: number;
  readonly page: number;
  /** What was known of the record. */
  readonly head: Head | undefined;
}

type Coming = Arrival & { readonly operation?: 'd' | undefined };
type NewGrave = Omit<Dead, 'key'>;

/** What is known of keys that are gone, as records and deletes come, one after the other. */
export class Graveyard {
  readonly #graves: ReadonlyMap<string, Grave>;
  readonly #heads: ReadonlyMap<string, Head>;
  readonly #keepsRows: boolean;
  /** null: the key was known to be gone, and is there again. */
  readonly #changed = new Map<string, NewGrave | null>();

  constructor(
    { graves, keepsRows }: { readonly graves: ReadonlyMap<string, Grave>; readonly keepsRows: boolean },
    heads: ReadonlyMap<string, Head>,
  ) {
    this.#graves = graves;
    this.#keepsRows = keepsRows;
    this.#heads = heads;
  }

  /** undefined: there is no grave, and nothing special about it. */
  decide(arrival: Coming, key: string, head: Head | undefined): Decision | undefined {
    const grave = this.#graveOf(key);
    if (arrival.operation === 'd') return decideDelete(arrival, { head, grave });
    return grave === undefined ? undefined : decideBirth(arrival, grave);
  }

  bury(key: string, { head, page, ...came }: Burial): void {
    const known = this.#graveOf(key);
    const wasThere = known === undefined ? head !== undefined : known.known === true;
    const grave = { ...came, version: came.version ?? head?.version ?? null, known: wasThere };
    const shown = this.#heads.get(key);
    const falls = known === undefined && shown !== undefined && shown.deletedAt === undefined;
    // The row says when its record was first known to be gone.
    this.#changed.set(key, {
      grave: known?.at === undefined ? grave : { ...grave, at: known.at },
      page: known?.at === undefined ? (this.#changed.get(key)?.page ?? page) : null,
      falls: falls || this.#changed.get(key)?.falls === true,
    });
  }

  /** The key is there again. */
  open(key: string): void {
    if (this.#graves.has(key)) this.#changed.set(key, null);
    else this.#changed.delete(key);
  }

  isGone(key: string): boolean {
    return this.#graveOf(key) !== undefined;
  }

  /** A record came behind the delete of its key. Returns the delete's event, if none of the key was known before. */
  know(key: string): number | undefined {
    const grave = this.#graveOf(key);
    if (grave === undefined || grave.known === true) return undefined;
    const { page = null, falls = false } = this.#changed.get(key) ?? {};
    this.#changed.set(key, { grave: { ...grave, known: true }, page, falls });
    return grave.event;
  }

  /** A late record is what the row of a key that is gone has to show. */
  fills(arrival: Coming, key: string, head: Head | undefined): boolean {
    if (!this.#keepsRows || arrival.operation === 'd' || this.#graveOf(key) === undefined) return false;
    const { fate } = decide(arrival, head);
    return fate === 'inserted' || fate === 'updated';
  }

  /** Nothing is written of the key: its row goes, or never was. */
  removes(key: string): boolean {
    return !this.#keepsRows && this.#graveOf(key) !== undefined;
  }

  /** Those that have gone, and those whose rows are written although they are gone. */
  dead(rows: ReadonlyMap<string, unknown>): readonly Dead[] {
    const dead = [...this.#changed].flatMap(([key, grave]): Dead[] => (grave === null ? [] : [{ key, ...grave }]));
    if (!this.#keepsRows) return dead;
    for (const key of rows.keys()) {
      const grave = this.#changed.has(key) ? undefined : this.#graves.get(key);
      if (grave !== undefined) dead.push({ key, grave, page: null, falls: false });
    }
    return dead;
  }

  born(): readonly string[] {
    return [...this.#changed].flatMap(([key, grave]) => (grave === null ? [key] : []));
  }

  #graveOf(key: string): Grave | undefined {
    const changed = this.#changed.get(key);
    if (changed !== undefined) return changed?.grave;
    // A row that is there, and does not say that it is gone, was brought back without its record: by a rebuild, or by somebody.
    const head = this.#heads.get(key);
    return head !== undefined && head.deletedAt === undefined ? undefined : this.#graves.get(key);
  }
}
