import type { Need, Offer } from './need.ts';
import type { Received } from './received.ts';

/** A record that fits, ready to be written. */
export interface StagedRecord {
  readonly ordinal: number;
  /** `d`: it says that the record of its key is gone. */
  readonly operation?: 'd' | undefined;
  /** Text of the primary key; null when the stream has none. */
  readonly key: string | null;
  readonly version: string | null;
  /** 32 hex digits over the canonical JSON. */
  readonly hash: string;
  /** Which of its page's lines is the record's own. */
  readonly line: number;
  /** Of a replayed record, as the warehouse finds it under the stream's lock. */
  readonly received?: Received;
  readonly superseded?: boolean;
  readonly late?: true;
  /** What has to be there first; left out where nothing has. */
  readonly needs?: readonly Need[];
  /** By which others may find it; left out where nobody looks. */
  readonly offers?: readonly Offer[];
}

/** What a line is made of. */
export interface LineOf extends Omit<StagedRecord, 'line' | 'received' | 'superseded'> {
  readonly eventTime: string | null;
  /** Exactly as it came. */
  readonly payload: string;
  /** The values of the stream's `columns`, then `_extra`. */
  readonly columns: readonly (string | null)[];
  /** None of the texts holds a backslash or a control character. */
  readonly plain: boolean;
  /** What is plain is ASCII, too. */
  readonly ascii: boolean;
}

/** Writes the records of a page in the form that a warehouse loads, before its transaction begins. */
export interface LineWriter {
  add(line: LineOf): StagedRecord;
  finish(): PageLines;
}

/** The records of a page as the warehouse loads them. */
export interface PageLines {
  /** The record of a line, exactly as it came. */
  payload(line: number): string;
  /** Gives the memory back: the page is committed and nobody looks at it any more. */
  release(): void;
}

export interface RejectedRecord {
  readonly ordinal: number;
  readonly key: string | null;
  readonly path: string;
  readonly reason: string;
  readonly hash: string;
  readonly payload: string;
  /** Left out where it cannot be read, or the stream has none. */
  readonly version?: string;
}

/** RFC 9110 §13.1: what lets the next run ask whether anything has changed. */
export interface Validators {
  readonly urlHash: string;
  readonly etag: string | null;
  readonly lastModified: string | null;
}

export interface StagedPage {
  /** UUID text of the idempotency key. */
  readonly pageKey: string;
  /** 1, 2, … within the run. */
  readonly pageNo: number;
  readonly slice: number;
  readonly parents: readonly string[];
  readonly cursorIn: string | null;
  readonly cursorOut: string | null;
  readonly status: number;
  readonly requestId: string | null;
  readonly bytes: number;
  /** ISO time. */
  readonly fetchedAt: string;
  /** Checkpoint texts before and after the page: a page is only taken where the run stands. */
  readonly before: string;
  readonly after: string;
  /** Greatest value of the incremental field, sortable. */
  readonly highMark: string | null;
  /** When its request left, ISO, by the earlier of our clock and the partner's. */
  readonly askedAt: string;
  /** A number of 64 bits for each record's key; null where nothing is compared with them. */
  readonly keys: readonly string[] | null;
  readonly records: readonly StagedRecord[];
  readonly lines: PageLines;
  readonly rejected: readonly RejectedRecord[];
  /** Its partition is read from here again: what came of it before is counted no more. */
  readonly anew?: boolean;
  /** The partner refused the call of this parent for good. */
  readonly refused?: boolean;
  /** The call was skipped by a rule. */
  readonly skipped: boolean;
  /** The partner said that nothing has changed (304). */
  readonly notModified: boolean;
  /** Of a conditional request; they count once the run is complete. */
  readonly validators: Validators | null;
  /** Its record was asked for by what names it, since others wait for it. */
  readonly fetched?: boolean;
  /** Its records were found to differ, and are read again. */
  readonly repair?: boolean;
  /** Who pushed it; left out where it was asked for. */
  readonly caller?: string;
  /** The page replays the quarantine: ids of its entries, by ordinal. */
  readonly replays?: readonly string[];
}

export interface StreamRun {
  readonly streamId: number;
  readonly runNo: number;
  /** Workflow id of the stream's run. */
  readonly syncId: string;
  /** Where a `replace` is gathered, if not under the name that it would have today. */
  readonly shadow?: string;
}

/** Who wrote: audit columns, never part of a key. */
export interface Writer {
  readonly workflowRunId: string;
  readonly attempt: number;
}
