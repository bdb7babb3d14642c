import { createHash } from 'node:crypto';
import { isPerEvent } from '../core/is-per-event.ts';
import type { ReadRow, TargetTable } from '../targets/target.ts';

const BUCKETS = 65_536;

/** Rows of a table in buckets by their keys: two tables are equal where their buckets are, whatever the order and number of rows. */
export class RowDigests {
  readonly counts = new Uint32Array(BUCKETS);
  readonly #sums = new Uint32Array(2 * BUCKETS);

  add({ bucket, hash }: Pick<RowId, 'bucket' | 'hash'>): void {
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    // Both wrap around.
    this.#sums[2 * bucket] = (this.#sums[2 * bucket] as number) + Number.parseInt(hash.slice(0, 8), 16);
    this.#sums[2 * bucket + 1] = (this.#sums[2 * bucket + 1] as number) + Number.parseInt(hash.slice(8, 16), 16);
  }

  /** Groups of buckets that differ, each of about so many rows at most. */
  differing(other: RowDigests, rows: number): ReadonlySet<number>[] {
    const groups: Set<number>[] = [];
    let room = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      if (this.#equals(other, bucket)) continue;
      const size = Math.max(this.counts[bucket] as number, other.counts[bucket] as number);
      if (groups.length === 0 || room < size) {
        groups.push(new Set());
        room = rows;
      }
      groups.at(-1)?.add(bucket);
      room -= size;
    }
    return groups;
  }

  #equals(other: RowDigests, bucket: number): boolean {
    return (
      this.counts[bucket] === other.counts[bucket] &&
      this.#sums[2 * bucket] === other.#sums[2 * bucket] &&
      this.#sums[2 * bucket + 1] === other.#sums[2 * bucket + 1]
    );
  }
}

export interface RowId {
  readonly key: string;
  readonly bucket: number;
  /** Over all that the row says. */
  readonly hash: string;
}

export function rowId(
  table: Pick<TargetTable, 'rowPer' | 'keys'>,
  { event, values, extra, deletedAt }: ReadRow,
): RowId {
  const key = isPerEvent(table) ? String(event) : JSON.stringify(values.slice(0, table.keys));
  const hash = createHash('md5')
    .update(JSON.stringify(deletedAt === undefined ? [event, values, extra] : [event, values, extra, deletedAt]))
    .digest('hex');
  return { key, bucket: createHash('md5').update(key).digest().readUInt16LE(), hash };
}
