import { readPageCursor } from '../page-params.ts';
import type { Pagination } from '../../../definitions/definition.ts';

/**
 * How many records make a full page: what was asked for, or what the pages before had where a partner gives fewer. `least`: so many of them
 * must have come to tell.
 */
export function usualSize(
  { size, first }: Pick<Extract<Pagination, { type: 'page' }>, 'size' | 'first'>,
  cursor: string | null,
  least: number,
): number {
  const { number, received } = readPageCursor(cursor, first);
  const before = number - first;
  return before < least ? size : Math.min(size, received / before);
}
