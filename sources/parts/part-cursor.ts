/** A cursor that leads into an answer: to a part of it that was not read yet. */
export interface PartPlace {
  /** Of the page. */
  readonly cursor: string | null;
  /** Characters of its text that were read. */
  readonly at: number;
  /** SHA-256 of those, hex. */
  readonly hash: string;
}

/** No partner's cursor begins so. */
const MARK = '\u0001part ';

export const writePlace = (place: PartPlace): string => MARK + JSON.stringify(place);

/** undefined: the cursor is that of a page. */
export const readPlace = (cursor: string | null): PartPlace | undefined =>
  cursor?.startsWith(MARK) === true ? (JSON.parse(cursor.slice(MARK.length)) as PartPlace) : undefined;
