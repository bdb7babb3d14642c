import { sha128 } from './page-key.ts';

/**
 * What a page holds, told by how many records it has and by the first and the last of them: enough to see that it is the
 * page before once more, at a small part of the cost of looking at all. null for an empty page.
 */
export function pageMark(records: readonly unknown[]): string | null {
  if (records.length === 0) return null;
  return sha128(JSON.stringify([records.length, records[0], records.at(-1)]));
}
