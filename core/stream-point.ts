/** What one run of a stream brought, or all runs of one day where it is read many times a day. */
export interface Point {
  /** `2026-11-24`: the day whose data was read; of many runs a day, the day they were made on. */
  readonly day: string;
  /** ISO; when it ended. */
  readonly at: string;
  readonly rows: number;
  readonly requests: number;
  /** Requests that brought a page, or were refused. */
  readonly pages: number;
  /** Calls that were passed over: refused for good, or skipped by a rule. */
  readonly refused: number;
  readonly bytes: number;
  readonly durationMs: number;
  /** The partner said that nothing has changed: no row is what was to be expected. */
  readonly notModified: boolean;
}
