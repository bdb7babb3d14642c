export interface WatchAlertsInput {
  /** ms between two looks. */
  readonly everyMs: number;
}

/** What a look found. */
export interface AlertsLook {
  readonly open: number;
  readonly silenced: number;
  /** Messages that are on their way. */
  readonly pending: number;
  /** What could not be looked at, in words; empty: nothing. */
  readonly troubles: readonly string[];
}

export type WatchAlerts = (input: WatchAlertsInput) => Promise<void>;

export interface DeliverAlertInput {
  readonly delivery: number;
  readonly channel: string;
}

export type AlertDelivered = 'sent' | 'dropped';

export type DeliverAlert = (input: DeliverAlertInput) => Promise<AlertDelivered>;
