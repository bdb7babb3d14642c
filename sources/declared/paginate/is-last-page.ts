import { GiveUp } from '../../../core/errors.ts';

export interface EndSigns {
  /** What the partner says outright, if it does. */
  readonly hasMore: boolean | undefined;
  readonly records: number;
  readonly short: boolean;
}

/**
 * An outright "there is more" wins over counting. A number that the partner states ends nothing: totals are capped, count
 * what came twice, or fall while a listing is read. One request too many loses nothing, one too few does.
 */
export function isLastPage({ hasMore, records, short }: EndSigns): boolean {
  if (hasMore === false) return true;
  if (hasMore === true) {
    if (records === 0) throw new GiveUp('the partner says there is another page, but this one is empty: no way on');
    return false;
  }
  return records === 0 || short;
}
