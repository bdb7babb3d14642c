import type { Pagination } from '../../../definitions/definition.ts';
import type { ReceivedPage } from '../next-page.ts';
import { isLastPage } from './is-last-page.ts';
import { NoWayOn } from './no-way-on.ts';
import { fieldAt, readKey } from './read-fields.ts';
import { readMore } from './read-flags.ts';

export function nextByKeyset(
  { field, ...flags }: Extract<Pagination, { type: 'keyset' }>,
  { body, records }: ReceivedPage,
): string | null {
  const more = readMore(body, flags);
  if (isLastPage({ more, records: records.length, short: false })) return null;
  const key = readKey(fieldAt(records.at(-1), field), field);
  if (key === null) throw new NoWayOn(`the last record of the page has no ${field}: the next page cannot be asked for`);
  return key;
}
