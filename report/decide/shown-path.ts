/** Paths of an API as anybody may see them: only what the definition writes out, and `{…}` where ids of records may stand. */

const HIDDEN = '{…}';
/** Longer ones, and those that mix letters with many digits, may be keys that somebody wrote out. */
const plain = /^(?!.*\d{5})[A-Za-z0-9._~-]{1,32}$/;

/** Segments of a template in which nothing is filled in. */
export const literalsOf = (template: string): readonly string[] =>
  segmentsOf(template).filter((segment) => plain.test(segment));

export const templateShown = (template: string): string => shownPath(template, new Set(literalsOf(template)));

export function shownPath(path: string, literals: ReadonlySet<string>): string {
  const shown = segmentsOf(path).map((segment) => (literals.has(segment) ? segment : HIDDEN));
  return `/${shown.join('/')}`;
}

/** Without the query: names of its parameters could be values, too. */
const segmentsOf = (path: string): readonly string[] =>
  withoutQuery(path)
    .split('/')
    .filter((segment) => segment !== '');

/** A `?` inside of braces begins a part that may be left out. */
const withoutQuery = (path: string): string => path.replace(/(?<!\{)\?.*$/s, '');
