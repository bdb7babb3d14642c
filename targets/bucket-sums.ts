import { createHash } from 'node:crypto';

/** Rows are counted and summed in so many buckets by their keys: 16 bits of a digest. Two lists of them take 1.5 MB, however many rows there are. */
export const BUCKETS = 65_536;

/** Between the fields of a row's text. Fields that may hold it themselves say how long they are. */
export const FIELD_END = '\u0001';

/** What a row adds to the sum of its bucket: 60 bits, so that a database adds a billion of them without a sign. */
export const SUM_DIGITS = 15;
export const BUCKET_DIGITS = 4;

/** How many rows a table has in each bucket, and the sum over all that they say: two tables with the same sums hold the same rows, in whatever order. */
export class BucketSums {
  readonly #counts = new Uint32Array(BUCKETS);
  readonly #sums = new BigUint64Array(BUCKETS);
  #rows = 0;

  get rows(): number {
    return this.#rows;
  }

  add(bucket: number, { rows, sum }: { readonly rows: number; readonly sum: bigint }): void {
    this.#rows += rows;
    this.#counts[bucket] = (this.#counts[bucket] as number) + rows;
    // It wraps around.
    this.#sums[bucket] = (this.#sums[bucket] as bigint) + sum;
  }

  addRow(bucket: number, text: string): void {
    const digest = createHash('md5').update(text).digest('hex');
    this.add(bucket, { rows: 1, sum: BigInt(`0x${digest.slice(0, SUM_DIGITS)}`) });
  }

  /** The buckets that differ. */
  differing(other: BucketSums): readonly number[] {
    const found: number[] = [];
    for (let bucket = 0; bucket < BUCKETS; bucket++)
      if (this.#counts[bucket] !== other.#counts[bucket] || this.#sums[bucket] !== other.#sums[bucket])
        found.push(bucket);
    return found;
  }
}
