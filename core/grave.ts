import type { Decision } from './decide.ts';
import { compareReceived, type Received } from './received.ts';
import { compareVersions } from './version.ts';

/** What is known of a key whose record is gone. It outlives updates that are older, however late they come. */
export interface Grave {
  /** Of the delete, or of the record that it found; null: neither had one. */
  readonly version: string | null;
  /** Of what said that it is gone. 32 hex digits. */
  readonly hash: string;
  /** Number of the `d` event. */
  readonly event: number;
  readonly received?: Received | undefined;
  /** A complete listing did not have it: the same version may come back. */
  readonly swept?: boolean | undefined;
  /** It was taken out as a duplicate: the record that it was then says nothing new, however often it comes. */
  readonly removed?: boolean | undefined;
  /** A record of the key was there, or came behind its delete: who needs it need not wait. */
  readonly known?: boolean | undefined;
  /** When it was received, ISO; a grave that is being dug has none yet. */
  readonly at?: string | undefined;
}

interface Came {
  readonly version: string | null;
  readonly hash: string;
  readonly received?: Received | undefined;
  readonly superseded?: boolean;
}

const stale: Decision = { fate: 'stale', conflict: false };
const unchanged: Decision = { fate: 'unchanged', conflict: false };
const deleted: Decision = { fate: 'deleted', conflict: false };

/** What becomes of a record whose key is known to be gone: it is late, or the key is born again. */
export function decideBirth(came: Came, grave: Grave): Decision {
  if (grave.removed === true && came.hash === grave.hash) return { ...stale, silent: true };
  const order = orderOf(came, grave);
  if (order < 0 || (order === 0 && came.version !== null && grave.swept !== true)) return stale;
  return came.superseded === true ? { ...stale, silent: true } : { fate: 'inserted', conflict: false };
}

/** What becomes of a delete. `head`: what the table shows of its key; undefined: nothing. */
export function decideDelete(
  came: Came,
  { head, grave }: { readonly head?: Came | undefined; readonly grave?: Grave | undefined },
): Decision {
  if (grave !== undefined) {
    if (came.hash === grave.hash || came.version === null) return unchanged;
    const order = compareVersions(came.version, grave.version);
    return order > 0 ? deleted : order < 0 ? stale : unchanged;
  }
  return head !== undefined && orderOf(came, head) < 0 ? stale : deleted;
}

/** A delete without a version, in a stream that has some, counts from when it came. */
function orderOf(came: Came, known: Pick<Came, 'version' | 'received'>): number {
  if (came.version !== null) return compareVersions(came.version, known.version);
  if (known.version !== null || came.received === undefined || known.received === undefined) return 1;
  return compareReceived(came.received, known.received);
}
