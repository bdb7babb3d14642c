import { decide, type Head } from './decide.ts';
import { decideBirth, decideDelete, type Grave } from './grave.ts';
import type { Received } from './received.ts';

/** An event of the log that brought a record of a key, or said that it is gone. */
export interface PastEvent {
  readonly event: number;
  readonly isDelete: boolean;
  readonly version: string | null;
  /** 32 hex digits. */
  readonly hash: string;
  readonly received: Received;
  /** When it was received, ISO. */
  readonly at: string;
  /** A complete listing did not have it: what it says is what the row had. */
  readonly swept: boolean;
  /** It was taken out as a duplicate: what it says is what the row had. */
  readonly removed?: boolean;
  /** From the quarantine. */
  readonly replayed: boolean;
}

/** What the log would say of an event. `nothing`: what it says was known, and it would not have been logged. */
export type Meaning = 'u' | 's' | 'd' | 'nothing';

export interface Told {
  readonly means: Meaning;
  /** Of a sweep: the version and hash that it would have found. */
  readonly found?: { readonly version: string | null; readonly hash: string };
}

const nothing: Told = { means: 'nothing' };

/** What is known of one key, as the events of the log are decided one after the other: as `core/fold.ts` did when they came. */
export class KeyPast {
  #head: Head | undefined;
  #grave: Grave | undefined;

  /** What is known of a record that is gone; undefined: it is there, or was never seen. */
  get grave(): Grave | undefined {
    return this.#grave;
  }

  /** What the event means, by what is known. */
  look(event: PastEvent): Told {
    return event.isDelete ? this.#lookAtDelete(event) : this.#lookAtRecord(event);
  }

  /** It means that, whoever says so; what is known from now on. */
  take(event: PastEvent, means: Meaning): void {
    const { version, hash, received } = event;
    if (means === 'd') this.#bury(event);
    // A record that came behind its delete: whoever needs it need not wait.
    if (means === 's' && !event.isDelete && this.#grave !== undefined) this.#grave = { ...this.#grave, known: true };
    if (means !== 'u') return;
    this.#grave = undefined;
    this.#head = { version, hash, event: event.event, received };
  }

  #lookAtRecord({ version, hash, received, replayed }: PastEvent): Told {
    // Of two with the same version the later arrival counts, also where one of them had to wait.
    const arrival = { version, hash, received, ...(replayed ? {} : { late: true as const }) };
    const { fate } = this.#grave === undefined ? decide(arrival, this.#head) : decideBirth(arrival, this.#grave);
    if (fate === 'unchanged') return nothing;
    return { means: fate === 'stale' ? 's' : 'u' };
  }

  #lookAtDelete(event: PastEvent): Told {
    const [head, grave] = [this.#head, this.#grave];
    // A listing has nothing to say of what is not there.
    if (event.swept || event.removed === true)
      return head === undefined || grave !== undefined ? nothing : { means: 'd', found: this.#found(event) };
    const { fate } = decideDelete(event, { head, grave });
    return fate === 'unchanged' ? nothing : { means: 'd' };
  }

  /** One that is older than what is known changes nothing, and is in the log all the same. */
  #bury(event: PastEvent): void {
    const [head, grave] = [this.#head, this.#grave];
    const { version, hash } = this.#found(event);
    const { received, swept, removed = false, at } = event;
    if (decideDelete({ version, hash, received }, { head, grave }).fate !== 'deleted') return;
    this.#grave = {
      version: version ?? (grave === undefined ? (head?.version ?? null) : null),
      ...{ hash, event: event.event, received, swept, removed },
      known: grave === undefined ? head !== undefined : grave.known === true,
      // The row says when its record was first known to be gone.
      at: grave?.at ?? at,
    };
  }

  #found({ swept, removed, version, hash }: PastEvent): { readonly version: string | null; readonly hash: string } {
    const head = this.#head;
    return (swept || removed === true) && head !== undefined
      ? { version: head.version, hash: head.hash }
      : { version, hash };
  }
}
