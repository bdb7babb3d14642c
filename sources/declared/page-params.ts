import { GiveUp } from '../../core/errors.ts';
import type { Pagination } from '../../definitions/definition.ts';
import { assertNever } from '../../core/assert-never.ts';
import { untagged } from './paginate/tagged-cursor.ts';
import type { Param } from './build-request.ts';

/** The parameters that ask for the page at `cursor`; the first page (`null`) also has its size, offset or number. */
export function pageParams(pagination: Pagination, cursor: string | null): Param[] {
  switch (pagination.type) {
    case 'none':
    case 'nextUrl':
    case 'link':
      return [];
    case 'token':
      return cursor === null ? [] : [{ in: pagination.in, ...untagged(pagination, cursor) }];
    case 'keyset':
    case 'function':
      return cursor === null ? [] : [{ in: pagination.in, as: pagination.as, value: cursor }];
    case 'offset':
      return [
        { in: pagination.in, as: pagination.as, value: readOffset(cursor) },
        ...sizeParam(pagination.limitAs, pagination.limit, pagination.in),
      ];
    case 'page':
      return [
        { in: pagination.in, as: pagination.as, value: readPageCursor(cursor, pagination.first).number },
        ...sizeParam(pagination.sizeAs, pagination.size, pagination.in),
      ];
    default:
      return assertNever(pagination);
  }
}

/** Records received before this page. */
export function readOffset(cursor: string | null): number {
  return cursor === null ? 0 : wholeNumber(cursor);
}

/**
 * A page cursor is the number of the page and, behind a colon, the records received before it: a partner may give fewer
 * than `size`, so that the number alone does not tell whether the declared total is reached.
 */
export function readPageCursor(cursor: string | null, first: number): { number: number; received: number } {
  if (cursor === null) return { number: first, received: 0 };
  const [number = '', received = ''] = cursor.split(':');
  return { number: wholeNumber(number), received: wholeNumber(received) };
}

export const writePageCursor = (page: { readonly number: number; readonly received: number }): string =>
  `${page.number}:${page.received}`;

function wholeNumber(text: string): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw new GiveUp('the stored cursor does not fit the pagination of this stream');
  return value;
}

function sizeParam(as: string | undefined, value: number, place: Param['in']): Param[] {
  return as === undefined ? [] : [{ in: place, as, value }];
}
