import type { Column } from './column.ts';

/** What must hold among the rows of a stream's table: docs/ledgers.md. */
export interface LedgerRule {
  readonly name: string;
  /** Rows with the same values in these columns belong together. */
  readonly per: readonly Column[];
  /** Of which column the sum must hold; undefined: there may be one row. */
  readonly sum?: Column | undefined;
  readonly bounds: readonly Bound[];
}

export interface Bound {
  readonly how: 'is' | 'atMost' | 'atLeast';
  /** A decimal in plain digits; or a field of the record that each of the rows needs, times a decimal. */
  readonly limit: string | { readonly stream: string; readonly field: string; readonly times: string };
}

/** Rows of one table that do not hold together. */
export interface BrokenRule {
  readonly rule: string;
  /** The values that they share. */
  readonly of: string;
  /** The sum, or how many rows there are. */
  readonly found: string;
  /** `at most 10`, `one`. */
  readonly allowed: string;
  /** Some of their keys. */
  readonly keys: readonly string[];
}

/** `one_reversal: 2 rows for p1, allowed is one: r1, r2`. */
export const brokenWords = ({ rule, of, found, allowed, keys }: BrokenRule): string =>
  `${rule}: ${allowed === 'one' ? `${found} rows` : `the sum is ${found}`} for ${of}, allowed is ${allowed}: ${keys.join(', ')}`;

/** Why a run is not `ok`. No key is named here: reasons of runs outlive an erasure. */
export function brokenRulesWords(
  broken: readonly { readonly rule: string; readonly places: number }[],
  place: { readonly partner: string; readonly stream: string },
): string {
  const said = broken.map(({ rule, places }) => `${rule} (${places === 1 ? '1 place' : `${places} places`})`);
  return `its rows break ${said.join(', ')}: \`syncline anomalies list ${place.partner} ${place.stream}\``;
}
