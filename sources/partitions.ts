import type { Begun, Part } from '../core/checkpoint.ts';

/** Values of parents for one call. */
export interface ParentBatch {
  readonly values: readonly string[];
  /** The last complete run did not read them: where the stream is incremental they are read from the beginning. */
  readonly unread: boolean;
}

/** Reads the next values of the parent's field; none at the end. */
export type ReadParents = (after: string | null) => Promise<ParentBatch>;

/** The partitions of a run in an order that stays: each slice of its range, and in each slice all batches of parents. */
export interface Partitions {
  /** The one that follows; null: the first. undefined: that was the last. */
  readonly next: (after: Begun | null) => Promise<Part | undefined>;
}

export function partitions({
  slices,
  parents,
}: {
  readonly slices: number;
  readonly parents: ReadParents | undefined;
}): Partitions {
  if (parents === undefined)
    return {
      next: async (after) => {
        const slice = after === null ? 0 : after.slice + 1;
        return slice < slices ? { slice, parents: [], cursor: null } : undefined;
      },
    };
  const firstFrom = async (slice: number, after: string | null): Promise<Part | undefined> => {
    const { values, unread } = await parents(after);
    return values.length === 0 ? undefined : { slice, parents: values, ...(unread ? { unread } : {}), cursor: null };
  };
  return {
    next: async (after) => {
      const here = await firstFrom(after?.slice ?? 0, after?.parents.at(-1) ?? null);
      if (here !== undefined || after === null) return here;
      return after.slice + 1 < slices ? firstFrom(after.slice + 1, null) : undefined;
    },
  };
}

/** Partitions that a source names take the place of parents: in their order, one by one. */
export const readNamed =
  (names: readonly string[]): ReadParents =>
  async (after) => {
    // One that is named twice would follow itself for ever.
    const each = [...new Set(names)];
    return { values: each.slice(after === null ? 0 : each.indexOf(after) + 1).slice(0, 1), unread: false };
  };

/** Most values that are asked for at once. */
const CHUNK = 1000;

/**
 * Parents in batches of one call each, out of larger ones: thousands of parents must not mean as many questions to the database.
 * `read` gives values of which either all were read before or none.
 */
export function inBatches(
  size: number,
  read: (after: string | null, limit: number) => Promise<ParentBatch>,
): ReadParents {
  const limit = Math.max(1, Math.floor(CHUNK / size)) * size;
  let ahead: (ParentBatch & { readonly after: string | null }) | undefined;
  return async (after) => {
    if (ahead === undefined || ahead.after !== after || ahead.values.length === 0)
      ahead = { ...(await read(after, limit)), after };
    const { values, unread } = ahead;
    const batch = values.slice(0, size);
    ahead = { values: values.slice(size), unread, after: batch.at(-1) ?? after };
    return { values: batch, unread };
  };
}
