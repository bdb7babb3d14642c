import { InvalidInput } from '../core/errors.ts';
import type { PairFilter } from '../store/duplicates/pairs.ts';

/** As commander gives them. */
export interface FilterOptions {
  readonly rule?: string;
  readonly cluster?: string;
  readonly pair?: string;
  readonly found?: 'merge' | 'review';
  readonly from?: string;
  readonly to?: string;
}

export const filterOf = (options: FilterOptions): PairFilter => ({
  ...(options.rule === undefined ? {} : { rule: options.rule }),
  ...(options.cluster === undefined ? {} : { cluster: whole('--cluster', options.cluster) }),
  ...(options.pair === undefined ? {} : { pair: whole('--pair', options.pair) }),
  ...(options.found === undefined ? {} : { found: options.found }),
  ...(options.from === undefined ? {} : { from: probability('--from', options.from) }),
  ...(options.to === undefined ? {} : { to: probability('--to', options.to) }),
});

/** The number of a plan, a cluster or a pair. */
export function whole(option: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0 && number < 2 ** 31) return number;
  throw new InvalidInput(`${option}: expected a whole number from 1 on, found ${JSON.stringify(text)}`);
}

function probability(option: string, text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= 0 && number <= 1) return number;
  throw new InvalidInput(`${option}: expected a probability from 0 to 1, found ${JSON.stringify(text)}`);
}
