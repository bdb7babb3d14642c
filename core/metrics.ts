import type { Counts } from './counts.ts';
import type { Lane, Outcome } from './names.ts';

/** Names that metrics are told apart by: of partners, streams, limits. Never a key, a URL or a value of a record. */
export interface StreamLabels {
  readonly partner: string;
  readonly stream: string;
}

export const deferralReasons = ['limit', 'failure', 'outage', 'paused', 'job', 'approval'] as const;
export type DeferralReason = (typeof deferralReasons)[number];

/**
 * Why something is tried again: no answer in time, no connection, a fault of the partner, an answer that has to be asked for again, a partner that
 * is down, our own database that is away.
 */
export const retryReasons = ['timeout', 'connection', 'server', 'again', 'outage', 'database'] as const;
export type RetryReason = (typeof retryReasons)[number];

/** What happens, told to whoever counts it. Counting must not throw, wait or change anything. */
export interface Metrics {
  /** A grant of the stream begins. A series that first shows with its first failure hides that failure from `increase()`. */
  streamSeen(of: StreamLabels): void;
  /** A request went out; `status` is undefined when no answer came. */
  requestSent(
    of: StreamLabels,
    answer: { readonly status: number; readonly durationMs: number; readonly bytes: number } | undefined,
  ): void;
  /** The partner said that it was asked too often, in whatever way it says so. `declared`: within all limits that its definition declares. */
  throttled(of: StreamLabels, how: { readonly declared: boolean }): void;
  retried(of: StreamLabels, reason: RetryReason): void;
  /** From wanting to send until the request was on the wire. */
  permitWaited(of: { readonly partner: string; readonly lane: Lane }, waitedMs: number): void;
  pagesCommitted(of: StreamLabels, pages: number, counts: Counts): void;
  deferred(of: StreamLabels, reason: DeferralReason): void;
  streamEnded(of: StreamLabels, outcome: Outcome): void;
  limitsObserved(partner: string, seen: ObservedLimits): void;
  targetObserved(of: StreamLabels & { readonly target: string }, seen: ObservedTarget): void;
  /** How much of a stream waits for what it requires. */
  /** `broken`: places where rules of the stream do not hold. */
  rulesObserved(of: StreamLabels, seen: { readonly broken: number }): void;
  waitingObserved(of: StreamLabels, seen: { readonly records: number; readonly overdue: number }): void;
  /** How much has stayed behind of every kind, by the last report of the janitor; null: there is none. */
  leftoversObserved(seen: { readonly reportAtMs: number | null; readonly kinds: ReadonlyMap<string, number> }): void;
  webhookObserved(of: { readonly partner: string; readonly webhook: string }, seen: ObservedWebhook): void;
  streamObserved(of: StreamLabels, seen: ObservedStream): void;
  reconcileObserved(of: StreamLabels, seen: ObservedReconcile): void;
  /** What comparisons with the store say of the tables of a target. */
  comparisonsObserved(target: string, seen: ObservedComparisons): void;
  /** The queue of a partner, of grants that wait for a worker or for the queue's rate. */
  queueObserved(partner: string, seen: { readonly waiting: number; readonly oldestSecs: number }): void;
  /** This process asks for work of a role; `name` is that of the partner or the target. */
  roleServed(of: { readonly role: 'workflows' | 'partner' | 'target'; readonly name: string }): void;
  scheduleObserved(of: { readonly partner: string; readonly schedule: string }, seen: ObservedSchedule): void;
  /** All targets were looked at. */
  targetsObserved(): void;
}

/** How a stream stands in the store, whichever process brought it there. */
export interface ObservedStream {
  /** Epoch ms as of which its data is; null: no run has ended well yet. */
  readonly freshAtMs: number | null;
  /** How old its data may be; 0: its definition promises nothing. */
  readonly promiseMs: number;
  /** Epoch ms when a run last ended ok; null: none did. */
  readonly lastOkMs: number | null;
  /** Records in quarantine. */
  readonly quarantined: number;
}

/** What reconciliations say of a stream. */
export interface ObservedReconcile {
  /** Findings that are open, of every kind. */
  readonly open: readonly (readonly [kind: string, count: number])[];
  /** One of them proves nothing. */
  readonly unproven: boolean;
  /** Epoch ms when the last one ended well; null: none has. */
  readonly endedAtMs: number | null;
  /** How long ago that may be, by its schedules; 0: it has none. */
  readonly withinMs: number;
}

/** What comparisons say of the tables of a target. */
export interface ObservedComparisons {
  /** Rows that differ, of every kind. */
  readonly differ: readonly (readonly [kind: string, count: number])[];
  /** Tables whose last comparison failed. */
  readonly failed: number;
  /** Epoch ms when the table was last proven that was proven the longest ago; null: one never was. */
  readonly provenAtMs: number | null;
  /** How long ago that may be, by the target's schedule; 0: it has none. */
  readonly withinMs: number;
}

/** How a schedule stands in Temporal. */
export interface ObservedSchedule {
  readonly paused: boolean;
  /** Slots that came to nothing since the schedule was made: Temporal was away for longer than `catchUp`. */
  readonly missedSlots: number;
  /** Slots that were left out because the run before had not ended. */
  readonly skippedSlots: number;
  /** Epoch ms; null: there is none. */
  readonly nextMs: number | null;
}

/** How a webhook stands. */
export interface ObservedWebhook {
  /** Since its last delivery. */
  readonly silentSecs: number;
  /** How long it may be silent; 0: nothing says it. */
  readonly expectedSecs: number;
  /** That wait for a person. */
  readonly failedDeliveries: number;
  readonly failedHints: number;
}

/** How a stream stands in a target beside the store's own tables. */
export interface ObservedTarget {
  readonly behindEvents: number;
  /** Since the first event that waits; 0: none does. */
  readonly behindSecs: number;
  /** The last load failed. */
  readonly failing: boolean;
  /** Events that the table lacks, since they fit the definition no longer. */
  readonly leftOutEvents: number;
}

export interface ObservedLimits {
  /** 1 is all of it. */
  readonly usedShares: readonly { readonly limit: string; readonly share: number }[];
  readonly limits: readonly {
    readonly limit: string;
    /** In its own units. */
    readonly left: number;
    /** Epoch ms; null: it has no reset of its own. */
    readonly resetsAtMs: number | null;
    /** Epoch ms when nothing will be left at the present pace; null: not before the reset. */
    readonly goneAtMs: number | null;
  }[];
  /** Nobody may send now: blocked by the partner, or its circuit is open. */
  readonly blocked: boolean;
}

const nothing = (): void => {};

/** For whoever does not count. */
export const noMetrics: Metrics = {
  streamSeen: nothing,
  requestSent: nothing,
  throttled: nothing,
  permitWaited: nothing,
  pagesCommitted: nothing,
  deferred: nothing,
  streamEnded: nothing,
  limitsObserved: nothing,
  targetObserved: nothing,
  rulesObserved: nothing,
  waitingObserved: nothing,
  leftoversObserved: nothing,
  webhookObserved: nothing,
  retried: nothing,
  streamObserved: nothing,
  reconcileObserved: nothing,
  comparisonsObserved: nothing,
  queueObserved: nothing,
  roleServed: nothing,
  scheduleObserved: nothing,
  targetsObserved: nothing,
};
