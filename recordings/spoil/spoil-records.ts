/**
 * The mistakes of a partner in a text. undefined: the text has no place for the mistake, or nobody could see it there, so that it would prove
 * nothing of whoever reads the text.
 */
export interface Spoiler {
  /** One record twice. */
  readonly doubled: Spoil;
  /** A field that was never there. */
  readonly field: Spoil;
  /** Without the second half of its records. */
  readonly short: Spoil;
  /** One of the records is none. */
  readonly malformed: Spoil;
  /** It states more records than there are. */
  readonly total: Spoil;
  /** It ends within a record. */
  readonly garbage: Spoil;
}

export type Spoil = (text: string) => string | undefined;

/** The text with other records; undefined: it has none, or they are to stay. */
export type ChangeRecords<R> = (
  text: string,
  change: (records: readonly R[]) => readonly R[] | undefined,
) => string | undefined;

/** What is the same in all formats, by what differs. */
export function recordSpoils<R>(
  changed: ChangeRecords<R>,
  malformed: (record: R) => R,
): Pick<Spoiler, 'doubled' | 'short' | 'malformed'> {
  return {
    // Side by side: the last record of a page is where some listings go on.
    doubled: (text) => changed(text, (records) => [...records.slice(0, 1), ...records]),
    short: (text) =>
      changed(text, (records) => (records.length < 2 ? undefined : records.slice(0, Math.ceil(records.length / 2)))),
    // Neither the first nor the last one: there it would be a sign that the whole text is broken.
    malformed: (text) =>
      changed(text, (records) => {
        const at = records.length >> 1;
        return records.length < 3 ? undefined : records.map((record, i) => (i === at ? malformed(record) : record));
      }),
  };
}

/** By how many a number of records is too large. */
export const LIE = 7;

/** A field that no partner has. */
export const NEW_FIELD = 'chaos_field';

export const never = (): undefined => undefined;

/** So many characters of a text, and one more where that is half of one. */
export const beginningOf = (text: string, length: number): string =>
  text.slice(0, /[\uD800-\uDBFF]/.test(text[length - 1] ?? '') ? length + 1 : length);
