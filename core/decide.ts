import { compareVersions } from './version.ts';

/** The newest known event of a key. */
export interface Head {
  readonly version: string | null;
  /** 32 hex digits. */
  readonly hash: string;
  /** Number of the event within its stream. */
  readonly event: number;
}

export interface Arrival {
  readonly version: string | null;
  readonly hash: string;
}

export const fates = ['inserted', 'updated', 'unchanged', 'stale'] as const;
export type Fate = (typeof fates)[number];

export interface Decision {
  readonly fate: Fate;
  /** Same version as the newest known, other content: the later arrival wins, and it is counted. */
  readonly conflict: boolean;
}

const inserted: Decision = { fate: 'inserted', conflict: false };

/** What becomes of a record that arrives while `head` is the newest known event of its key. */
export function decide(arrival: Arrival, head: Head | undefined): Decision {
  if (head === undefined) return inserted;
  if (arrival.hash === head.hash) return { fate: 'unchanged', conflict: false };
  // Without a version arrival decides, also over rows from when the definition still declared one.
  const order = arrival.version === null ? 1 : compareVersions(arrival.version, head.version);
  if (order < 0) return { fate: 'stale', conflict: false };
  return { fate: 'updated', conflict: order === 0 };
}
