import type { Pagination } from '../../../definitions/definition.ts';
import type { ReceivedPage } from '../next-page.ts';
import { NoWayOn } from './no-way-on.ts';
import { fieldAt, readToken } from './read-fields.ts';
import { storableUrl } from './storable-url.ts';
import { tagged } from './tagged-cursor.ts';

/** The cursor from which the next run is to go on, where the partner names one on this page. */
export function readKept(pagination: Pagination, page: ReceivedPage): string | undefined {
  if (!('keep' in pagination) || pagination.keep === undefined) return undefined;
  const { keep } = pagination;
  const path = typeof keep === 'string' ? keep : keep.path;
  try {
    const value = readToken(fieldAt(page.body, path), path);
    if (value === null) return undefined;
    // The URL of a page that found nothing new names itself.
    if (pagination.type === 'nextUrl') return storableUrl(value, page, { mayNameItself: true });
    return tagged(pagination, 'kept', value);
  } catch (error) {
    // The next run goes on from where this one did, and reads more than it must.
    if (error instanceof NoWayOn) return undefined;
    throw error;
  }
}
