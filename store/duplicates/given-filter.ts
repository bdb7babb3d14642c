import { InvalidInput } from '../../core/errors.ts';
import type { PairFilter } from './pairs.ts';

/** As a person gives it, on a command line or in a form: texts. */
export interface GivenFilter {
  readonly rule?: string | undefined;
  readonly cluster?: string | undefined;
  readonly pair?: string | undefined;
  readonly found?: 'merge' | 'review' | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** `called`: how an error names what was given, such as `--cluster`. */
export const givenFilter = (of: GivenFilter, called: (name: string) => string): PairFilter => ({
  ...(of.rule === undefined ? {} : { rule: of.rule }),
  ...(of.cluster === undefined ? {} : { cluster: wholeNumber(called('cluster'), of.cluster) }),
  ...(of.pair === undefined ? {} : { pair: wholeNumber(called('pair'), of.pair) }),
  ...(of.found === undefined ? {} : { found: of.found }),
  ...(of.from === undefined ? {} : { from: probability(called('from'), of.from) }),
  ...(of.to === undefined ? {} : { to: probability(called('to'), of.to) }),
});

/** The number of a plan, a cluster or a pair. */
export function wholeNumber(called: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0 && number < 2 ** 31) return number;
  throw new InvalidInput(`${called}: expected a whole number from 1 on, found ${JSON.stringify(text)}`);
}

function probability(called: string, text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= 0 && number <= 1) return number;
  throw new InvalidInput(`${called}: expected a probability from 0 to 1, found ${JSON.stringify(text)}`);
}
