import crypto from 'node:crypto';

export interface PagePlace {
  /** Workflow id of the stream's run: names partner, stream, window and generation. */
  readonly syncId: string;
  readonly stream: string;
  readonly slice: number;
  readonly parents: readonly string[];
  readonly cursor: string | null;
  readonly definitionVersion: string;
  /** How often the partition was begun anew: its pages are others then. */
  readonly restarts?: number | undefined;
}

/**
 * The idempotency key of a page: a pure function of its place, never of run id, attempt, clock or chance. As UUID text
 * (the first 128 bits of a SHA-256), so that it is small in the ledger.
 */
export function pageKey(place: PagePlace): string {
  const { syncId, stream, slice, parents, cursor, definitionVersion, restarts = 0 } = place;
  const known = [syncId, stream, slice, parents, cursor, definitionVersion];
  return hashToUuid(JSON.stringify(restarts === 0 ? known : [...known, restarts]));
}

export const hashToUuid = (text: string): string =>
  sha128(text).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** The first 128 bits of a SHA-256, 32 hex digits. */
export const sha128 = (text: string): string => sha256(text).slice(0, 32);

/** Node 20.12 and newer have a one-shot hash, which takes half the time on texts as short as records. */
const sha256: (text: string) => string =
  typeof crypto.hash === 'function'
    ? (text) => crypto.hash('sha256', text, 'hex')
    : (text) => crypto.createHash('sha256').update(text).digest('hex');
