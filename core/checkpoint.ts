/** Where a stream's run stands. Kept in the database as text, and changed only together with the page that moved it. */
export interface Checkpoint {
  /** Index of the slice of the run's range. */
  readonly slice: number;
  /** Values of the parents in the present call; empty for streams without a parent, and before the first batch. */
  readonly parents: readonly string[];
  /** The present parents have not been read to their end by the run before: they are read from the beginning. */
  readonly unread?: boolean;
  /** Cursor of the next page; null is the first page of the partition. */
  readonly cursor: string | null;
  /** The cursor lies behind the end by what the partner states: a refusal there is the end. */
  readonly beyond?: boolean;
  /** What the partner said so far how many records the present partition has. */
  readonly stated?: number;
  /** Of the page before in the same partition: what it held (`core/page-mark.ts`), and how many pages in a row held it. */
  readonly last?: { readonly mark: string; readonly times: number };
  /** Sum of the totals that the partner stated for finished partitions; null when it stated none. */
  readonly expected: number | null;
  readonly done: boolean;
  /** The first reason to believe that a partition did not end where it seemed to, or did not come whole. */
  readonly doubt?: string;
}

export const start: Checkpoint = { slice: 0, parents: [], cursor: null, expected: null, done: false };

export const writeCheckpoint = (at: Checkpoint): string => {
  const { slice, parents, unread, cursor, beyond, stated, last, expected, done, doubt } = at;
  return JSON.stringify({ slice, parents, unread, cursor, beyond, stated, last, expected, done, doubt });
};

export const readCheckpoint = (text: string): Checkpoint => JSON.parse(text) as Checkpoint;

/** Adds a finished partition's total, if the partner stated one. */
export const expecting = (expected: number | null, total: number | undefined): number | null =>
  total === undefined ? expected : (expected ?? 0) + total;
