import type { Pagination } from '../../../definitions/definition.ts';

type ByToken = Extract<Pagination, { type: 'token' }>;

/**
 * A token of a page and one that was kept of the last run are sent as parameters of different names by some partners: then the cursor
 * says which of them it is.
 */
export const tagged = ({ keep }: ByToken, tag: 'page' | 'kept', token: string): string =>
  typeof keep === 'object' ? `${tag}:${token}` : token;

/** What is sent of a cursor; `keptAs`: the parameter that carries one which was kept of the last run. */
export function untagged(
  { keep }: ByToken,
  cursor: string,
): { readonly value: string; readonly keptAs: string | undefined } {
  if (typeof keep !== 'object') return { value: cursor, keptAs: undefined };
  const value = cursor.slice(cursor.indexOf(':') + 1);
  return { value, keptAs: cursor.startsWith('kept:') ? keep.as : undefined };
}
