import type { LineWriter, Validators, StagedPage, StreamRun, Writer } from '../core/staged.ts';
import type {
  OpenRun,
  OpenBackfill,
  ExplainedWait,
  RetryBasis,
  UncountedRequests,
  QuarantineEntry,
} from '../store/ledger/ledger.ts';
import type { BackfillTally } from '../core/backfill-tally.ts';
import type { Checkpoint } from '../core/checkpoint.ts';
import type { Counts } from '../core/counts.ts';
import type { Kind, Lane, Outcome } from '../core/names.ts';
import type { TimeRange } from '../core/page.ts';
import type { PollHint } from '../core/poll-hint.ts';
import type { WindowRun } from '../core/window-runs.ts';
import type { CompiledNeed, CompiledStream } from '../definitions/compiled.ts';
import type { PrunedStream } from '../messages/prune.ts';
import type { StreamReport } from '../messages/stream-report.ts';
import type { AskedNeed } from '../store/waiting/asked-needs.ts';

export interface Pruning {
  /** Counts only. */
  readonly dryRun: boolean;
  readonly signal?: AbortSignal;
  readonly progress?: (lines: number) => void;
}

export type { StreamReport } from '../messages/stream-report.ts';

/** The port to the warehouse and its ledger. Every write can happen twice and lands once. */

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
  /** When the partner wants the first page to be asked for again. */
  readonly pollHint: PollHint | null;
  /** Pages without a record at the end of what was read so far, each of which named a next one. */
  readonly emptyPages: number;
  /** Most requests that one of the last five complete runs made; null: there was none. */
  readonly usualRequests: number | null;
  /** The ledger says that it waits for a time that has not come: it was woken; absent: it does not. */
  readonly rests?: boolean;
  /** It had failed, or was cancelled, and goes on; absent: it had not. */
  readonly reopened?: boolean;
}

export interface FinishStream {
  readonly stream: CompiledStream;
  readonly run: StreamRun;
  /** There was nothing to ask for (no parents): the run ends without a page. */
  readonly nothingToRead?: boolean;
  /** What a person should know besides. */
  readonly remark?: string | undefined;
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
  /** What the run's records wait for, and it may ask for now (landing/lacking-needs.ts). */
  lackingNeeds(input: {
    readonly stream: CompiledStream;
    readonly streamId: number;
    readonly need: CompiledNeed;
    readonly syncId: string;
  }): Promise<readonly string[]>;
  /** Keeps what the partner said of a needed record that it was asked for. */
  noteAsked(asked: AskedNeed): Promise<void>;
  /** Runs that commit what a run has fetched for its records, and that have not ended. */
  openFetches(syncId: string): Promise<readonly { readonly syncId: string; readonly stream: string }[]>;
  /** Forgets what was asked for and nobody waits for any more. */
  forgetAsked(input: { readonly partner: string; readonly syncId: string }): Promise<void>;
  /** Keeps when the partner wants to be asked again; null: it does not say. */
  notePollHint(run: StreamRun, hint: PollHint | null): Promise<void>;
  /** Shows until when a run waits. */
  deferStream(run: StreamRun, until: string | null): Promise<void>;
  /** Why it waits until then; forgotten when it goes on. */
  explainDeferral(wait: ExplainedWait): Promise<void>;

  /** Removes what the stream need not keep any longer: docs/retention.md. Stopped at any moment, it goes on where it is repeated. */
  pruneStream(stream: CompiledStream, pruning: Pruning): Promise<PrunedStream>;

  /**
   * Distinct values of a parent's fields in its target (`core/parent-values.ts`), after `after`, in order; without empty ones, which would ask for
   * everything. A batch holds only parents that the child stream's last complete run has read, or only others.
   */
  parentValues(input: {
    readonly parent: CompiledStream;
    readonly fields: readonly string[];
    readonly after: string | null;
    readonly limit: number;
    /** The child stream's run; null: it makes no difference which parents were read before. */
    readonly run: Pick<StreamRun, 'streamId' | 'runNo'> | null;
    /** Only those that no complete run before this one has read with these values. */
    readonly onlyNew?: boolean;
  }): Promise<{ readonly values: readonly string[]; readonly unread: boolean }>;
}
