import type { Head } from './decide.ts';
import type { StagedRecord } from './staged.ts';

/** A place of a field, and why a record is held. */
export const CHANGED = 'its key is known with other content, and the stream is immutable: `syncline trace` shows both';

/**
 * Records of an immutable stream whose key is known with other content: by the table, or by what came before them. What readers have seen stays as it is,
 * whatever versions say.
 */
export function changedRecords(
  records: readonly StagedRecord[],
  heads: ReadonlyMap<string, Pick<Head, 'hash'>>,
): ReadonlySet<StagedRecord> {
  const known = new Map<string, string>();
  const changed = new Set<StagedRecord>();
  for (const record of records) {
    const { key, hash } = record;
    if (key === null) continue;
    const first = heads.get(key)?.hash ?? known.get(key);
    if (first === undefined) known.set(key, hash);
    else if (first !== hash) changed.add(record);
  }
  return changed;
}
