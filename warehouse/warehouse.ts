import type { BackfillPlan } from '../core/backfill-plan.ts';
import type { BackfillTally } from '../core/backfill-tally.ts';
import type { Checkpoint } from '../core/checkpoint.ts';
import type { Counts } from '../core/counts.ts';
import type { Kind, Lane, Outcome } from '../core/names.ts';
import type { TimeRange } from '../core/page.ts';
import type { Received } from '../core/received.ts';
import type { WindowRun } from '../core/window-runs.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { StreamReport } from '../messages/stream-report.ts';

export type { StreamReport } from '../messages/stream-report.ts';

/** The port to the warehouse and its ledger. Every write can happen twice and lands once. */

/** A record that fits, ready to be written. */
export interface StagedRecord {
  readonly ordinal: number;
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
  /** The call was skipped by a rule. */
  readonly skipped: boolean;
  /** The partner said that nothing has changed (304). */
  readonly notModified: boolean;
  /** Of a conditional request; they count once the run is complete. */
  readonly validators: Validators | null;
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

export interface OpenStream {
  readonly stream: CompiledStream;
  readonly syncId: string;
  readonly runId: string | null;
  readonly windowLabel: string;
  readonly kind: Kind;
  readonly lane: Lane;
}

export interface OpenedStream {
  readonly run: StreamRun;
  readonly report: StreamReport;
  readonly checkpoint: Checkpoint;
  /** The stored text, to be named as `before` by the next page. */
  readonly checkpointText: string;
  readonly range: TimeRange | null;
  /** Of the last complete run. */
  readonly validators: Validators | null;
  /** Pages without a record at the end of what was read so far, each of which named a next one. */
  readonly emptyPages: number;
  /** Most requests that one of the last five complete runs made; null: there was none. */
  readonly usualRequests: number | null;
}

/** Who wrote: audit columns, never part of a key. */
export interface Writer {
  readonly workflowRunId: string;
  readonly attempt: number;
}

export interface OpenRun {
  readonly runId: string;
  readonly partner: string;
  readonly kind: Kind;
  readonly windowLabel: string;
  readonly generation: number;
  readonly streams: readonly string[];
  readonly workflowRunId: string;
}

export interface OpenBackfill {
  readonly runId: string;
  readonly partner: string;
  readonly stream: string;
  readonly plan: BackfillPlan;
  readonly concurrency: number;
  readonly generation: number;
  readonly windows: number;
  readonly workflowRunId: string;
}

export const waitKinds = ['limit', 'failure', 'outage', 'paused'] as const;
export type WaitKind = (typeof waitKinds)[number];

export interface ExplainedWait {
  readonly syncId: string;
  readonly until: string;
  readonly cause: string;
  readonly kind: WaitKind;
}

export interface RetryBasis {
  readonly partner: string;
  readonly kind: Kind;
  readonly window: string;
  readonly generation: number;
  /** Those the run was to read. */
  readonly streams: readonly string[];
  /** Of each stream that has begun: the last reading. */
  readonly reports: readonly StreamReport[];
}

/** Requests of a grant that no commit is known to have counted. */
export interface UncountedRequests {
  readonly requests: number;
  /** Of commits of which nobody knows whether they came through. Each counted its requests if its last page is in the ledger as the writer's. */
  readonly unsure: readonly (Pick<StagedPage, 'pageKey' | 'fetchedAt'> & { readonly requests: number })[];
  readonly writer: Writer;
}

export const entryStates = ['held', 'replayed', 'dismissed'] as const;

export interface QuarantineEntry {
  /** `17.3`: page and place where the record was first seen; unique within the stream. */
  readonly id: string;
  readonly status: (typeof entryStates)[number];
  readonly path: string;
  readonly reason: string;
}

export interface FinishStream {
  readonly stream: CompiledStream;
  readonly run: StreamRun;
  /** There was nothing to ask for (no parents): the run ends without a page. */
  readonly nothingToRead?: boolean;
}

export interface Warehouse {
  /** For one page: when it was received (ISO), how many characters it has and how many records. */
  lineWriter(page: { readonly receivedAt: string; readonly chars: number; readonly records: number }): LineWriter;
  /** Records the run, or finds it again. */
  openRun(input: OpenRun): Promise<void>;
  closeRun(input: { readonly runId: string; readonly outcome: Outcome; readonly reason: string | null }): Promise<void>;

  /** How a run ended; null while it has not, or when there is none. */
  runOutcome(runId: string): Promise<{ readonly outcome: Outcome; readonly reason: string | null } | null>;

  /** Records a backfill as a run of its own, or finds it again. */
  openBackfill(input: OpenBackfill): Promise<void>;
  /** For people to see: the ledger of its windows is what counts. */
  noteBackfill(runId: string, tally: BackfillTally): Promise<void>;
  /** All runs of some windows of a stream, the oldest first. */
  windowRuns(input: {
    readonly partner: string;
    readonly stream: string;
    readonly windows: readonly string[];
  }): Promise<readonly WindowRun[]>;

  /** Makes the target fit, and finds or begins the stream's run. A run that failed goes on from its checkpoint. */
  openStream(input: OpenStream): Promise<OpenedStream>;
  /**
   * Commits pages in one transaction: ledger rows, events, quarantine, target rows, checkpoint. Pages already in the
   * ledger change nothing. Throws RetryLater when the run stands elsewhere (another owner went on), GiveUp when a page
   * came round again.
   */
  commitPages(input: {
    readonly stream: CompiledStream;
    readonly run: StreamRun;
    readonly writer: Writer;
    readonly pages: readonly StagedPage[];
    readonly requests: number;
  }): Promise<Counts>;
  /** Counts the requests that no commit has counted. The one write that a repetition would double: it is tried once. */
  bookRequests(run: StreamRun, uncounted: UncountedRequests): Promise<void>;
  /** Ends a run whose checkpoint is done: outcome, watermark, the swap of a `replace`. Repeating it changes nothing. */
  finishStream(input: FinishStream): Promise<StreamReport>;
  failStream(input: {
    readonly syncId: string;
    readonly stream: string;
    readonly reason: string;
  }): Promise<StreamReport | null>;
  streamReport(syncId: string): Promise<StreamReport | null>;
  /** How entries of the quarantine stand. */
  quarantineEntries(run: StreamRun, ids: readonly string[]): Promise<readonly QuarantineEntry[]>;
  /** A run that has ended, to read one of its streams once more. */
  retryBasis(runId: string): Promise<RetryBasis | undefined>;
  /** Shows until when a run waits. */
  deferStream(run: StreamRun, until: string | null): Promise<void>;
  /** Why it waits until then; forgotten when it goes on. */
  explainDeferral(wait: ExplainedWait): Promise<void>;

  /**
   * Distinct values of a parent's field in its target, after `after`, in order; without empty ones, which would ask for
   * everything. A batch holds only parents that the child stream's last complete run has read, or only others.
   */
  parentValues(input: {
    readonly parent: CompiledStream;
    readonly field: string;
    readonly after: string | null;
    readonly limit: number;
    /** The child stream's run; null: it makes no difference which parents were read before. */
    readonly run: Pick<StreamRun, 'streamId' | 'runNo'> | null;
  }): Promise<{ readonly values: readonly string[]; readonly unread: boolean }>;
}
