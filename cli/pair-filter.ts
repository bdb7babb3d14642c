import { givenFilter, wholeNumber, type GivenFilter } from '../store/duplicates/given-filter.ts';
import type { PairFilter } from '../store/duplicates/pairs.ts';

/** As commander gives them. */
export type FilterOptions = GivenFilter;

export const filterOf = (options: FilterOptions): PairFilter => givenFilter(options, (name) => `--${name}`);

/** The number of a plan, a cluster or a pair. */
export const whole = wholeNumber;
