/** A row of a stream's table, without any of its values. */
export interface RowRef {
  /** `crm.contacts`: partner and stream. */
  readonly stream: string;
  /** Its primary key as text (targets/postgres/row-id.ts). */
  readonly row: string;
}

/** By stream and row, as code points, as `collate "C"` has it: the order that pairs and entities go by. */
export const compareRows = (a: RowRef, b: RowRef): number =>
  compareCodePoints(a.stream, b.stream) || compareCodePoints(a.row, b.row);

function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (x !== y) return inOrder(x) - inOrder(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points beyond all others of 16 bits, and have smaller numbers than some of them. */
const inOrder = (unit: number): number => (unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit);

/** How alike two rows are in a field: the level's name, and what it says in bits (log2 of the Bayes factor). */
export interface FieldLevel {
  readonly level: string;
  readonly weight: number;
}

/** Two rows that may be the same. `left` comes before `right`. */
export interface FoundPair {
  readonly left: RowRef;
  readonly right: RowRef;
  /** Name of the exact rule, or `score`. */
  readonly rule: string;
  /** Bits: log2 of the odds. */
  readonly weight: number;
  readonly probability: number;
  /** By field; no values. */
  readonly levels: Readonly<Record<string, FieldLevel>>;
}
