/** Where a stream's run stands. Kept in the database as text, and changed only together with the page that moved it. */
export interface Checkpoint {
  /** Index of the slice of the run's range. */
  readonly slice: number;
  /** Values of the parents in the present call; empty for streams without a parent, and before the first batch. */
  readonly parents: readonly string[];
  /** Cursor of the next page; null is the first page of the partition. */
  readonly cursor: string | null;
  /** Sum of the totals that the partner stated for finished partitions; null when it stated none. */
  readonly expected: number | null;
  readonly done: boolean;
  /** The first reason to believe that a partition did not end where it seemed to. */
  readonly doubt?: string;
}

export const start: Checkpoint = { slice: 0, parents: [], cursor: null, expected: null, done: false };

export const writeCheckpoint = ({ slice, parents, cursor, expected, done, doubt }: Checkpoint): string =>
  JSON.stringify({ slice, parents, cursor, expected, done, doubt });

export const readCheckpoint = (text: string): Checkpoint => JSON.parse(text) as Checkpoint;

/** Adds a finished partition's total, if the partner stated one. */
export const expecting = (expected: number | null, total: number | null): number | null =>
  total === null ? expected : (expected ?? 0) + total;
