import { expecting, type Checkpoint } from '../../core/checkpoint.ts';
import type { NextPage } from '../../core/page.ts';

/** Reads the next values of the parent's field; empty at the end. */
export type ReadParents = (after: string | null) => Promise<readonly string[]>;

/** The partitions of a run: each slice of its range, and in each slice all batches of parents, one after the other. */
export interface Partitions {
  /** Fills in the first batch of parents where a checkpoint has none yet. */
  readonly begin: (at: Checkpoint) => Promise<Checkpoint>;
  /** Where the run stands after a page. */
  readonly after: (at: Checkpoint, next: NextPage) => Promise<Checkpoint>;
}

export function partitions(input: { readonly slices: number; readonly parents: ReadParents | undefined }): Partitions {
  const { slices, parents } = input;

  const firstOf = async (at: Checkpoint, slice: number): Promise<Checkpoint> => {
    if (slice >= slices) return { ...at, parents: [], cursor: null, done: true };
    if (parents === undefined) return { ...at, slice, parents: [], cursor: null };
    const batch = await parents(null);
    return batch.length === 0
      ? { ...at, slice, parents: [], cursor: null, done: true }
      : { ...at, slice, parents: batch, cursor: null };
  };

  return {
    begin: async (at) => (at.done || parents === undefined || at.parents.length > 0 ? at : firstOf(at, at.slice)),
    after: async (at, next) => {
      if (next.cursor !== null) return { ...at, cursor: next.cursor };
      const doubt = at.doubt ?? next.doubt;
      const expected = expecting(at.expected, next.total);
      const ended = { ...at, expected, ...(doubt === undefined ? {} : { doubt }) };
      const batch = parents === undefined ? [] : await parents(at.parents.at(-1) ?? null);
      return batch.length > 0 ? { ...ended, parents: batch, cursor: null } : firstOf(ended, at.slice + 1);
    },
  };
}
