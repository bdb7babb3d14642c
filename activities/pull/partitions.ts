import { expecting, type Checkpoint } from '../../core/checkpoint.ts';
import type { NextPage } from '../../core/page.ts';
import { timesInARow } from '../../core/progress.ts';

/** Values of parents for one call. */
export interface ParentBatch {
  readonly values: readonly string[];
  /** The last complete run did not read them: where the stream is incremental they are read from the beginning. */
  readonly unread: boolean;
}

/** Reads the next values of the parent's field; none at the end. */
export type ReadParents = (after: string | null) => Promise<ParentBatch>;

/** The partitions of a run: each slice of its range, and in each slice all batches of parents, one after the other. */
export interface Partitions {
  /** Fills in the first batch of parents where a checkpoint has none yet. */
  readonly begin: (at: Checkpoint) => Promise<Checkpoint>;
  /** Where the run stands after a page; `mark` tells what it held. */
  readonly after: (at: Checkpoint, next: NextPage, mark: string | null) => Promise<Checkpoint>;
}

export function partitions(input: {
  readonly slices: number;
  readonly parents: ReadParents | undefined;
  /** Pages are found by counting: what is deleted meanwhile moves the rest, so that the largest total counts. */
  readonly counted: boolean;
}): Partitions {
  const { slices, parents, counted } = input;

  const firstOf = async (at: Run, slice: number): Promise<Checkpoint> => {
    const { expected, doubt } = at;
    const whole = { expected, ...(doubt === undefined ? {} : { doubt }) };
    if (slice >= slices) return { ...whole, slice: slices - 1, parents: [], cursor: null, done: true };
    if (parents === undefined) return { ...whole, slice, parents: [], cursor: null, done: false };
    const batch = await parents(null);
    return batch.values.length === 0
      ? { ...whole, slice, parents: [], cursor: null, done: true }
      : { ...whole, slice, ...firstPageOf(batch), done: false };
  };

  return {
    begin: async (at) => (at.done || parents === undefined || at.parents.length > 0 ? at : firstOf(at, at.slice)),
    after: async (at, next, mark) => {
      const doubt = at.doubt ?? next.doubt;
      const stated = counted ? largest(at.stated, next.total) : (next.total ?? at.stated);
      if (next.cursor !== null) {
        const { slice, parents: values, unread, expected } = at;
        return {
          slice,
          parents: values,
          ...(unread === true ? { unread } : {}),
          cursor: next.cursor,
          ...(next.beyond === true ? { beyond: true } : {}),
          ...(stated === undefined ? {} : { stated }),
          ...(mark === null ? {} : { last: { mark, times: timesInARow(at, mark) } }),
          expected,
          done: false,
          ...(doubt === undefined ? {} : { doubt }),
        };
      }
      const ended = { expected: expecting(at.expected, stated), ...(doubt === undefined ? {} : { doubt }) };
      const batch = await parents?.(at.parents.at(-1) ?? null);
      return batch !== undefined && batch.values.length > 0
        ? { ...ended, slice: at.slice, ...firstPageOf(batch), done: false }
        : firstOf(ended, at.slice + 1);
    },
  };
}

/** What a checkpoint says of the run as a whole. */
type Run = Pick<Checkpoint, 'expected' | 'doubt'>;

const firstPageOf = ({ values, unread }: ParentBatch): Pick<Checkpoint, 'parents' | 'unread' | 'cursor'> => ({
  parents: values,
  ...(unread ? { unread } : {}),
  cursor: null,
});

const largest = (a: number | undefined, b: number | null): number | undefined => (b === null ? a : Math.max(a ?? 0, b));
