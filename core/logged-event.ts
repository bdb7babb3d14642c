import type { Received } from './received.ts';

/**
 * What an event says. `u`: a record came. `s`: one came that is older than what was known, and changes nothing. `d`: the record of a
 * key is gone. `e`: a complete listing has ended. `w`: a record came that waits for another one, and changes nothing; once that one is
 * there, the record comes as `u` or `s`, received where it came first. `x`: what was here was erased. `r`: a run was undone, or taken back, and
 * what the log says of the key is decided anew from the events that it names. In upper case the first five count no more: their run was undone,
 * or what they say was known without it.
 */
export const operations = ['u', 's', 'd', 'e', 'w', 'x', 'r', 'U', 'S', 'D', 'E', 'W'] as const;
export type Operation = (typeof operations)[number];

/** Whether an event counts no more. */
export const isUndone = (operation: Operation): boolean => /[A-Z]/.test(operation);

/** One event of a stream's log, as it came. */
export interface LoggedEvent {
  readonly event: number;
  readonly operation: Operation;
  readonly page: number;
  readonly ordinal: number;
  /** Where the record first came: another place only if it was replayed. */
  readonly received: Received;
  /** Number of the run that its page belongs to. */
  readonly run: number;
  /** As they were known when it came: what was decided then was decided by these. */
  readonly key: string | null;
  readonly version: string | null;
  /** 32 hex digits. */
  readonly hash: string;
  /** Values of the parents of the call it came with. */
  readonly parents: readonly string[];
  readonly payload: string;
  /** When the record first came, as `core/micros.ts` writes times; left out where nobody asks. */
  readonly receivedAt?: string;
  /** Of a delete: when it was received, ISO, to the microsecond. */
  readonly deletedAt?: string | undefined;
}
