/** A value by which a record is known to others: of one of its fields, or its key, whose field is ''. */
export interface Offer {
  readonly field: string;
  /** As the key of a record is written (core/key-text.ts). */
  readonly value: string;
}

/** A record that another one has to have before it may be told to a table. */
export interface Need extends Offer {
  /** As the definition calls it. */
  readonly name: string;
  /** The needed record's. */
  readonly stream: string;
}

/** What tells needs apart, whoever has them. */
export const needId = ({ stream, field, value }: Omit<Need, 'name'>): string => `${stream} ${field} ${value}`;

/** `payments 4711`, `payments with ref 4711`. */
export const neededWords = ({ stream, field, value }: Omit<Need, 'name'>): string =>
  field === '' ? `${stream} ${value}` : `${stream} with ${field} ${value}`;
