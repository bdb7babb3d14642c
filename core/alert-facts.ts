import type { LeftoverKind } from './leftover.ts';
import type { Outcome } from './names.ts';
import type { DifferenceCounts } from './target-comparison.ts';

/** What the rules of alerts look at, as one look at the store, the definitions and Temporal found it. Times are ISO, JSON throughout. */
export interface AlertFacts {
  readonly nowMs: number;
  readonly streams: readonly StreamFacts[];
  /** Definitions that do not load. */
  readonly broken: readonly { readonly partner: string; readonly problem: string }[];
  readonly approvals: readonly ApprovalFacts[];
  /** Limits that have reached a share of what they allow, in the period that is not over. */
  readonly limits: readonly LimitFacts[];
  readonly circuits: readonly { readonly partner: string; readonly since: string; readonly error: string }[];
  readonly pauses: readonly PauseFacts[];
  readonly targets: readonly TargetFacts[];
  readonly webhooks: readonly WebhookFacts[];
  readonly schedules: readonly ScheduleFacts[];
  /** Task queues that no worker asks for work. */
  readonly unserved: readonly UnservedFacts[];
  /** What waits for a person by the last report of the janitor, the longest first. */
  readonly left: readonly LeftFacts[];
  /** Channels that did not take what was to be delivered. */
  readonly channels: readonly ChannelFacts[];
  /** What reconciliations say of streams. */
  readonly reconciled: readonly ReconcileFacts[];
  /** Reconciliations that schedules are to start. */
  readonly dues: readonly ReconcileDueFacts[];
  /** What comparisons with the store say of tables in targets. */
  readonly compared: readonly CompareFacts[];
  /** Comparisons that schedules are to start. */
  readonly compareDues: readonly CompareDueFacts[];
  /** Names of duplicates.yaml for which the last joining of new rows has failed. */
  readonly failedJoins: readonly { readonly name: string; readonly at: string }[];
  /** What was unusual in the last run, or the last day, of a stream. */
  readonly unusual: readonly (Unusual & { readonly partner: string; readonly stream: string })[];
}

export interface StreamFacts {
  readonly partner: string;
  readonly stream: string;
  /** The last run that ended; null: none has. */
  readonly last: { readonly outcome: Outcome; readonly reason: string | null; readonly finishedAt: string } | null;
  /** ms; what the definition promises; null: nothing. */
  readonly promiseMs: number | null;
  /** When the last run began that brought the stream up to date; null: none has. */
  readonly freshAt: string | null;
  /** When the stream was first known; null: nothing of it was read yet. */
  readonly knownSince: string | null;
  /** Records that wait for longer than they may. */
  readonly overdue: { readonly records: number; readonly since: string } | null;
  readonly quarantine: QuarantineFacts | null;
  readonly brokenRules: readonly { readonly rule: string; readonly places: number }[];
}

export interface QuarantineFacts {
  readonly held: number;
  /** Held that came within the last 24 hours. */
  readonly lastDay: number;
  /** The most that came within one of the seven days before. */
  readonly mostBefore: number;
  /** When the first of the last day came. */
  readonly since: string;
}

export interface ApprovalFacts {
  readonly id: number;
  readonly partner: string;
  readonly stream: string;
  readonly gone: number;
  readonly of: number;
  readonly askedAt: string;
  readonly until: string;
}

export interface LimitFacts {
  readonly partner: string;
  readonly bucket: string;
  /** In percent: 80 or 100. */
  readonly level: number;
  /** With the forecast. */
  readonly message: string;
  readonly raisedAt: string;
}

export interface PauseFacts {
  readonly partner: string;
  readonly target: string;
  readonly words: string;
  readonly resume: string;
  readonly at: string;
}

export interface TargetFacts {
  readonly target: string;
  readonly partner: string;
  /** `orders`, or `orders.history`. */
  readonly stream: string;
  readonly behind: number;
  readonly behindSince: string | null;
  readonly error: string | null;
  /** A person has paused the target. */
  readonly paused: boolean;
  /** Somebody had changed the table; null: nobody has. */
  readonly changed: { readonly how: string; readonly at: string; readonly anewAt: string | null } | null;
}

export interface WebhookFacts {
  readonly partner: string;
  readonly webhook: string;
  /** ms since the last delivery; null: nothing came in the last 30 days. */
  readonly silentMs: number | null;
  /** How long it may be silent; null: nothing says it. */
  readonly expectedMs: number | null;
  /** `expect` of the definition says so; otherwise past silences do. */
  readonly declared: boolean;
  readonly failedDeliveries: number;
  readonly failedHints: number;
}

export interface ScheduleFacts {
  readonly partner: string;
  readonly name: string;
  readonly state: 'ok' | 'paused' | 'absent';
  /** When this state was first seen. */
  readonly since: string;
  /** Paused by its definition: nothing that anybody has to be told. */
  readonly declaredPaused: boolean;
  readonly note: string | null;
  /** Slots that passed without a run in the last 24 hours, and since when. */
  readonly missed: { readonly slots: number; readonly since: string } | null;
  /** Slots left out since another run was still going, in the last 24 hours. */
  readonly skipped: { readonly slots: number; readonly since: string } | null;
}

export interface ReconcileFacts {
  readonly partner: string;
  readonly stream: string;
  /** Findings that are open. */
  readonly differs: {
    readonly id: string;
    readonly open: readonly (readonly [kind: string, count: number])[];
    readonly since: string;
  } | null;
  readonly unproven: { readonly id: string; readonly reason: string; readonly since: string } | null;
  /** The last one to end has failed. */
  readonly failed: { readonly id: string; readonly reason: string; readonly since: string } | null;
}

export interface ReconcileDueFacts {
  readonly partner: string;
  readonly stream: string;
  readonly schedule: string;
  /** How long ago the last one may have ended, ms. */
  readonly withinMs: number;
  /** When the last one ended well; null: none has. */
  readonly lastAt: string | null;
  /** When the schedule was first seen to be at work. */
  readonly knownSince: string;
  /** Since when one is going; null: none is. */
  readonly runningSince: string | null;
}

export interface CompareFacts {
  readonly target: string;
  readonly partner: string;
  /** `orders`, or `orders.history`. */
  readonly stream: string;
  readonly differs: {
    readonly comparison: number;
    readonly counts: DifferenceCounts;
    readonly since: string;
  } | null;
  /** The last one to end has failed. */
  readonly failed: { readonly comparison: number; readonly reason: string; readonly at: string } | null;
}

export interface CompareDueFacts {
  readonly target: string;
  readonly partner: string;
  readonly stream: string;
  /** How long ago the last one may have ended, ms. */
  readonly withinMs: number;
  /** When the last one ended that proved something; null: none has. */
  readonly lastAt: string | null;
  /** When the schedule was first seen to be at work, or the stream was first read. */
  readonly knownSince: string;
  /** Why the last one proves nothing; null: it does. */
  readonly doubt: string | null;
  /** Since when one is going; null: none is. */
  readonly runningSince: string | null;
}

export interface UnservedFacts {
  readonly role: 'workflows' | 'partner' | 'target';
  /** Of a partner or a target. */
  readonly name: string;
  readonly queue: string;
  readonly since: string;
}

export interface LeftFacts {
  readonly kind: LeftoverKind;
  readonly place: string;
  /** When a report named it first, and all after it did. */
  readonly firstAt: string;
}

export interface ChannelFacts {
  readonly channel: string;
  readonly since: string;
  readonly attempts: number;
  readonly error: string;
}

export const unusualKinds = ['rows', 'no-rows', 'refusals', 'retries', 'latency', 'size'] as const;
export type UnusualKind = (typeof unusualKinds)[number];

/** One value of a run (or of a day of many runs) that is far from what is usual for the stream. */
export interface Unusual {
  readonly kind: UnusualKind;
  /** When the run, or the day, ended. */
  readonly at: string;
  readonly value: number;
  readonly usual: number;
  /** `the last 8 Tuesdays`. */
  readonly comparedWith: string;
}
