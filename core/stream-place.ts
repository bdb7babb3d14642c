/** Where a stream's run belongs. */
export interface StreamPlace {
  readonly partner: string;
  /** Workflow id of the partner's run, if it is part of one. */
  readonly runId: string | null;
  /** Workflow id of the stream's run. */
  readonly syncId: string;
}
