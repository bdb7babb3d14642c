import { NoWayOn } from './no-way-on.ts';

export interface EndSigns {
  /** What the partner says outright, if it does. */
  readonly more: boolean | undefined;
  readonly records: number;
  readonly short: boolean;
}

/**
 * An outright "there is more" wins over counting. A number that the partner states ends nothing: totals are capped, count
 * what came twice, or fall while a listing is read. One request too many loses nothing, one too few does.
 */
export function isLastPage({ more, records, short }: EndSigns): boolean {
  if (more === false) return true;
  if (more === true) {
    if (records === 0) throw new NoWayOn('the partner says there is another page, but this one is empty: no way on');
    return false;
  }
  return records === 0 || short;
}
