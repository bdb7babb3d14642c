import type { Counts } from './counts.ts';
import type { Lane, Outcome } from './names.ts';

/** Names that metrics are told apart by: of partners, streams, limits. Never a key, a URL or a value of a record. */
export interface StreamLabels {
  readonly partner: string;
  readonly stream: string;
}

export const deferralReasons = ['limit', 'failure', 'outage', 'paused', 'job', 'approval'] as const;
export type DeferralReason = (typeof deferralReasons)[number];

/** What happens, told to whoever counts it. Counting must not throw, wait or change anything. */
export interface Metrics {
  /** A grant of the stream begins. A series that first shows with its first failure hides that failure from `increase()`. */
  streamSeen(of: StreamLabels): void;
  /** A request went out; `status` is undefined when no answer came. */
  requestSent(
    of: StreamLabels,
    answer: { readonly status: number; readonly durationMs: number; readonly bytes: number } | undefined,
  ): void;
  /** The partner said that it was asked too often, in whatever way it says so. */
  throttled(of: StreamLabels): void;
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
  webhookObserved(of: { readonly partner: string; readonly webhook: string }, seen: ObservedWebhook): void;
  /** All targets were looked at. */
  targetsObserved(): void;
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
  webhookObserved: nothing,
  targetsObserved: nothing,
};
