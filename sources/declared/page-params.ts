import { GiveUp } from '../../core/errors.ts';
import type { Pagination, StreamDefinition } from '../../definitions/definition.ts';
import { cursorParameter } from '../../definitions/mentions.ts';
import { assertNever } from '../../core/assert-never.ts';
import { untagged } from './paginate/tagged-cursor.ts';
import type { Param } from './build-request.ts';

/** The parameters that ask for the page at `cursor`; the first page (`null`) also has its size, offset or number. */
export function pageParams(stream: StreamDefinition, cursor: string | null): Param[] {
  const { pagination } = stream;
  if (!('in' in pagination)) return [];
  const { in: place } = pagination;
  if (pagination.type === 'token' && cursor !== null) {
    const { value, keptAs = cursorParameter(stream) } = untagged(pagination, cursor);
    return paramAt(place, keptAs, value);
  }
  return [...paramAt(place, cursorParameter(stream), cursorValue(pagination, cursor)), ...sizeParam(pagination)];
}

/** What the request for a page names it by; null: the first one needs no name. A cursor that is a URL is the request itself. */
export function cursorValue(pagination: Pagination, cursor: string | null): string | number | null {
  switch (pagination.type) {
    case 'none':
    case 'nextUrl':
    case 'link':
      return null;
    case 'token': {
      if (cursor === null) return pagination.first ?? null;
      // One that was kept of the last run has a parameter of its own.
      const { value, keptAs } = untagged(pagination, cursor);
      return keptAs === undefined ? value : null;
    }
    case 'keyset':
      return cursor ?? pagination.first ?? null;
    case 'function':
      return cursor;
    case 'offset':
      return readOffset(cursor);
    case 'page':
      return readPageCursor(cursor, pagination.first).number;
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

function sizeParam(pagination: Pagination): Param[] {
  if (pagination.type === 'offset') return paramAt(pagination.in, pagination.limitAs, pagination.limit);
  return pagination.type === 'page' ? paramAt(pagination.in, pagination.sizeAs, pagination.size) : [];
}

const paramAt = (place: Param['in'], as: string | undefined, value: string | number | null): Param[] =>
  as === undefined || value === null ? [] : [{ in: place, as, value }];
