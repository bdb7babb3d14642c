/** What made the end of a listing doubtful, as kinds: the text itself may hold what the partner said. */

export const doubtKinds = {
  repeats: 'a page held the same records as the page before it',
  circle: 'the pages went round in a circle: a page came again, with others in between',
  'same-next': 'an answer named its own page as the next one',
  empty: 'a page was empty, although the answers said that others follow',
  'no-next': 'the answer said that there is another page, and did not say where',
  'more-announced': 'an answer announced more than it brought, and no way to get it',
  errors: 'an answer had errors beside its records: some of them did not come',
  unreadable: 'what should name the next page could not be read',
  job: 'an export named other files after some of them were read',
  other: 'it could not be told whether the listing was complete',
} as const;
export type DoubtKind = keyof typeof doubtKinds;

/** By how they begin, or by words that stand around what was found. */
const signs: readonly (readonly [RegExp, Exclude<DoubtKind, 'other'>])[] = [
  [/^page \d+ holds the records of the page before it/, 'repeats'],
  [/^page \d+ holds the records of a page before it, not for the first time/, 'circle'],
  [/\b\d+ pages in a row hold the same records/, 'repeats'],
  [/the partner names the same page again as the next one/, 'same-next'],
  [/^page \d+ is empty, but the partner says that /, 'empty'],
  [/^the page is empty, and its field ".*" announces another one/s, 'empty'],
  [/the partner says there is another page, but /, 'no-next'],
  [/^the header \S+ (names a next page|states more than came)/, 'more-announced'],
  [/^the answer's field ".*" (announces another page|states more than came)/s, 'more-announced'],
  [/^the answer has .* at ".*" beside its records/s, 'errors'],
  [
    /^the Link header cannot be read|is not text: it cannot be the URL of the next page|the last record of the page has no /s,
    'unreadable',
  ],
  [/^the export job named \d+ files after /, 'job'],
];

/** Undefined: a run failed for something else, of which the calls tell. */
export function doubtOf({
  doubt,
  failed,
}: {
  readonly doubt: string;
  readonly failed: boolean;
}): DoubtKind | undefined {
  const kind = signs.find(([sign]) => sign.test(doubt))?.[1];
  return kind ?? (failed ? undefined : 'other');
}
