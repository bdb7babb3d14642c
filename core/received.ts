/** When a record came first. Pages of a stream are numbered one after the other, so this is a total order. */
export interface Received {
  /** Number of the page in the ledger. */
  readonly page: number;
  /** Place within the page. */
  readonly ordinal: number;
}

export const compareReceived = (a: Received, b: Received): number => a.page - b.page || a.ordinal - b.ordinal;
