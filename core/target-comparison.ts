/**
 * How a row of a table in a target differs from the store's. `missing`: only the store has it. `extra`: only the target has it. `different`: both have it, and
 * they say different things.
 */
export const differenceKinds = ['missing', 'extra', 'different'] as const;
export type DifferenceKind = (typeof differenceKinds)[number];

/** A row that differs, by its key and never by what it says. */
export interface RowDifference {
  readonly kind: DifferenceKind;
  /** As the log writes it; null: the stream has none, and the event tells which row it is. */
  readonly key: string | null;
  /** Numbers of the events that the rows stand for; null: there is no row. */
  readonly storeEvent: number | null;
  readonly targetEvent: number | null;
}

export type DifferenceCounts = Readonly<Record<DifferenceKind, number>>;
