/** A cursor that leads into an answer: to a part of it that was not read yet. */
export interface PartPlace {
  /** Of the page. */
  readonly cursor: string | null;
  /** Which of its files; left out: the first. */
  readonly file?: number;
  /** Bytes of that file that were read. */
  readonly byte: number;
  /** SHA-256 of all that was read, hex. */
  readonly hash: string;
}

/** No partner's cursor begins so. */
const MARK = '\u0001part ';

export const writePlace = (place: PartPlace): string => MARK + JSON.stringify(place);

/** undefined: the cursor is that of a page. */
export const readPlace = (cursor: string | null): PartPlace | undefined =>
  cursor?.startsWith(MARK) === true ? (JSON.parse(cursor.slice(MARK.length)) as PartPlace) : undefined;
