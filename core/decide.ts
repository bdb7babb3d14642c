import { compareReceived, type Received } from './received.ts';
import { compareVersions } from './version.ts';

/** The newest known event of a key. */
export interface Head {
  readonly version: string | null;
  /** 32 hex digits. */
  readonly hash: string;
  /** Number of the event within its stream. */
  readonly event: number;
  /** Only known where something is replayed. */
  readonly received?: Received | undefined;
  /** The row is kept, and says since when its record is gone: ISO, to the microsecond. */
  readonly deletedAt?: string | undefined;
}

export interface Arrival {
  readonly version: string | null;
  readonly hash: string;
  /** Of a replayed record. Others are received now, after all that is known. */
  readonly received?: Received | undefined;
  /** Of a replayed record: a newer one of its key came since, and may have made no event because it was known already. */
  readonly superseded?: boolean;
  /** It had to wait for its turn: of two with the same version the one received later counts. */
  readonly late?: true;
}

export const fates = ['inserted', 'updated', 'unchanged', 'stale', 'deleted'] as const;
export type Fate = (typeof fates)[number];

export interface Decision {
  readonly fate: Fate;
  /** Same version as the newest known, other content: the later arrival wins, and it is counted. */
  readonly conflict: boolean;
  /**
   * Stale, and later than the newest event of its key: only the record that came again unchanged is newer, and that made
   * none. In the log it would look like the newest.
   */
  readonly silent?: true;
}

const inserted: Decision = { fate: 'inserted', conflict: false };
const stale: Decision = { fate: 'stale', conflict: false };
const silent: Decision = { ...stale, silent: true };

/** What becomes of a record that arrives while `head` is the newest known event of its key. */
export function decide(arrival: Arrival, head: Head | undefined): Decision {
  if (head === undefined) return arrival.superseded === true ? silent : inserted;
  if (arrival.hash === head.hash) return { fate: 'unchanged', conflict: false };
  if (arrival.version === null) return byReceived(arrival, head);
  const order = compareVersions(arrival.version, head.version);
  if (order < 0) return stale;
  if (order === 0 && arrival.superseded === true) return silent;
  if (order === 0 && arrival.late === true && isEarlier(arrival, head)) return { fate: 'stale', conflict: true };
  return { fate: 'updated', conflict: order === 0 };
}

/** Without a version the one received later is newer, also than rows from when the definition still declared one. */
function byReceived(arrival: Arrival, head: Head): Decision {
  if (isEarlier(arrival, head)) return stale;
  return arrival.superseded === true ? silent : { fate: 'updated', conflict: false };
}

const isEarlier = ({ received }: Arrival, head: Head): boolean =>
  received !== undefined && head.received !== undefined && compareReceived(received, head.received) < 0;
