/** Names the run of a stream for one window: it is the workflow's id, and the ledger's. */
export interface StreamIds {
  /** `sync/acme/payments/2026-11-24`. */
  streamSyncId(run: {
    readonly partner: string;
    readonly stream: string;
    readonly window: string;
    readonly generation: number;
  }): string;
}
