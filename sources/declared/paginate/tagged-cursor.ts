import type { Pagination } from '../../../definitions/definition.ts';

type ByToken = Extract<Pagination, { type: 'token' }>;

/**
 * A token of a page and one that was kept of the last run are sent as parameters of different names by some partners: then the cursor
 * says which of them it is.
 */
export const tagged = ({ keep }: ByToken, tag: 'page' | 'kept', token: string): string =>
  typeof keep === 'object' ? `${tag}:${token}` : token;

/** The parameter that carries a cursor, and its value. */
export function untagged({ keep, as }: ByToken, cursor: string): { readonly as: string; readonly value: string } {
  if (typeof keep !== 'object') return { as, value: cursor };
  const value = cursor.slice(cursor.indexOf(':') + 1);
  return { as: cursor.startsWith('kept:') ? keep.as : as, value };
}
