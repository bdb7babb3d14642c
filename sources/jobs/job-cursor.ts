import { GiveUp } from '../../core/errors.ts';

/** How far an export job is, as its cursor says it. Numbers that only grow make each cursor one that never was before. */
export type JobState =
  /** To be ordered, after it was looked for so many times. */
  { readonly step: 'create'; readonly looked: number } | JobAtWork | JobResult;

/** Ordered; `read` files of its result were read, those before it was asked for the addresses of the others. */
export interface JobAtWork extends Ordered {
  readonly step: 'poll';
  readonly read: number;
  /** Where the file is gone on with whose address is asked for. */
  readonly cursor?: string | null;
}

/** Its result is being read. */
export interface JobResult extends Ordered {
  readonly step: 'result';
  /** Files that were read. */
  readonly read: number;
  /** Addresses of the next ones; none where the stream's own request reads the result. */
  readonly files: readonly string[];
  /** How many there are in all. */
  readonly of: number;
  /** Where the listing of the result goes on; null: at its first page. */
  readonly cursor: string | null;
}

interface Ordered {
  readonly id: string;
  /** When it was ordered, epoch ms. */
  readonly since: number;
  /** How often the job was asked for the addresses of its files. */
  readonly asked: number;
  /** How often in a row without a file being read in between. */
  readonly inVain: number;
}

/** Addresses that are refused as soon as they are given out are not refused for their age. */
export const MOST_IN_VAIN = 5;

/** As many addresses as a cursor holds: it is kept with every page. */
export const MOST_FILES = 20;

export const first: JobState = { step: 'create', looked: 0 };

export const writeState = (state: JobState): string => JSON.stringify(state);

/** Throws GiveUp where the stream was no job when its cursor was stored. */
export function readState(cursor: string | null): JobState {
  if (cursor === null) return first;
  try {
    const state = JSON.parse(cursor) as JobState;
    if (['create', 'poll', 'result'].includes(state.step)) return state;
  } catch {
    // Told below: the parser's message quotes the cursor.
  }
  throw new GiveUp('the stored cursor is not one of an export job: start a new run (syncline sync --force)');
}
