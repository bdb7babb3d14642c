/** Names of fields that a stranger may see. Where an API keys objects by id or by person, a name is a value. */

/** Of one stream. More new ones at once are no fields: they are values that stand in the place of names. */
const MOST = 25;
const identifier = /^(?!.*\d{4})[A-Za-z_][A-Za-z0-9_-]{0,39}$/;

export const looksLikeName = (name: string): boolean => identifier.test(name);

/** The names that may be shown, and how many others there are. */
export function shownNames(names: readonly string[]): { readonly shown: ReadonlySet<string>; readonly hidden: number } {
  const shown = names.length > MOST ? [] : names.filter(looksLikeName);
  return { shown: new Set(shown), hidden: names.length - shown.length };
}

/** A dotted path into a record: steps that the definition does not name are hidden, and places in arrays are all alike. */
export const shownStep = (path: string, known: ReadonlySet<string>): string =>
  path === ''
    ? 'the record itself'
    : path
        .split('.')
        .map((step) => (/^\d+$/.test(step) ? '[]' : known.has(step) ? step : '{…}'))
        .join('.');
