import { keyPart, keyText } from '../../core/key-text.ts';
import type { DifferenceKind, RowDifference } from '../../core/target-comparison.ts';
import type { KeyedRow, TargetTable } from '../../targets/target.ts';

/** Rows of one key, as two tables have it; undefined: there is none. */
export interface RowPair {
  readonly kind: DifferenceKind;
  readonly store: KeyedRow | undefined;
  readonly target: KeyedRow | undefined;
}

/** Pairs of rows that differ. Both sides come in the order of the digests of their keys, so that one row of each is in memory. */
export async function* differingRows(
  store: AsyncIterator<KeyedRow>,
  target: AsyncIterator<KeyedRow>,
): AsyncGenerator<RowPair> {
  let [ours, theirs] = await Promise.all([next(store), next(target)]);
  while (ours !== undefined || theirs !== undefined) {
    if (theirs === undefined || (ours !== undefined && ours.keyDigest < theirs.keyDigest)) {
      yield { kind: 'missing', store: ours, target: undefined };
      ours = await next(store);
    } else if (ours === undefined || theirs.keyDigest < ours.keyDigest) {
      yield { kind: 'extra', store: undefined, target: theirs };
      theirs = await next(target);
    } else {
      if (said(ours) !== said(theirs)) yield { kind: 'different', store: ours, target: theirs };
      [ours, theirs] = await Promise.all([next(store), next(target)]);
    }
  }
}

async function next(rows: AsyncIterator<KeyedRow>): Promise<KeyedRow | undefined> {
  const { done, value } = await rows.next();
  return done === true ? undefined : value;
}

const said = ({ event, values, extra, deletedAt }: KeyedRow): string =>
  JSON.stringify([event, values, extra, deletedAt ?? null]);

/** The pair by its key, as the log writes that, and by its events. */
export function differenceOf(table: Pick<TargetTable, 'columns' | 'keys'>, pair: RowPair): RowDifference {
  const row = (pair.store ?? pair.target) as KeyedRow;
  const parts = row.values.slice(0, table.keys).map((text, i) => {
    const type = table.columns[i]?.type ?? 'text';
    // As booleans stand in keys.
    return type === 'boolean' ? (text === 'true' ? 't' : 'f') : keyPart(type, text ?? '');
  });
  return {
    kind: pair.kind,
    key: keyText(parts),
    storeEvent: pair.store?.event ?? null,
    targetEvent: pair.target?.event ?? null,
  };
}
