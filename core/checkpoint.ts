import type { Round } from './round.ts';

/** A partition of a run that is being read. */
export interface Part {
  /** Index of the slice of the run's range. */
  readonly slice: number;
  /** Values of the parents in its calls; empty for streams without a parent. */
  readonly parents: readonly string[];
  /** Its parents have not been read to their end by the run before: they are read from the beginning. */
  readonly unread?: boolean;
  /** Cursor of the next page; null is the first page. */
  readonly cursor: string | null;
  /** The cursor lies behind the end by what the partner states: a refusal there is the end. */
  readonly beyond?: boolean;
  /** What the partner said so far how many records it has. */
  readonly stated?: number;
  /** How often it was begun anew, since its cursor had died. */
  readonly restarts?: number;
  /** Of the page before: what it held (`core/page-mark.ts`), and how many pages in a row held it. */
  readonly last?: { readonly mark: string; readonly times: number };
  /** Of one page further back, to find a round (`core/round.ts`). */
  readonly round?: Round;
}

/** Which partition was begun last: the others follow it in an order that stays. */
export type Begun = Pick<Part, 'slice' | 'parents'>;

/** Calls per parent that the partner refused for good, and what it said of the first. */
export interface Refused {
  readonly count: number;
  readonly first: string;
}

/** Where a stream's run stands: partitions that were begun and have not ended, the first of them in the fields of its own. */
export interface Checkpoint extends Part {
  /** Those that are read beside the first. */
  readonly beside?: readonly Part[];
  /** The partition begun last; left out where it is the first. */
  readonly begun?: Begun;
  /** Sum of the totals that the partner stated for finished partitions; null when it stated none. */
  readonly expected: number | null;
  readonly done: boolean;
  /** The first reason to believe that a partition did not end where it seemed to, or did not come whole. */
  readonly doubt?: string;
  readonly refused?: Refused;
  /** From where the next run is to go on, once this one is complete. */
  readonly kept?: string;
}

export const start: Checkpoint = { slice: 0, parents: [], cursor: null, expected: null, done: false };

/**
 * As text it is kept in the database, and changed only together with the page that moved it. Where several partitions are open, or one
 * was begun anew, it has another form: a worker of before would forget all but the first, and that it was.
 */
export function writeCheckpoint(at: Checkpoint): string {
  const { expected, done, doubt, refused, kept, beside, begun, ...part } = at;
  const { slice, parents, unread, cursor, beyond, stated, restarts, last, round } = part;
  const first: Part = definedOf({ slice, parents, unread, cursor, beyond, stated, restarts, last, round });
  if (beside === undefined && begun === undefined && restarts === undefined)
    return JSON.stringify({ ...first, expected, done, doubt, refused, kept });
  return JSON.stringify({
    slice: null,
    parents: null,
    open: [first, ...(beside ?? [])],
    begun,
    expected,
    done,
    doubt,
    refused,
    kept,
  });
}

interface Written extends Omit<Checkpoint, 'slice' | 'parents'> {
  readonly open?: readonly [Part, ...Part[]];
}

export function readCheckpoint(text: string): Checkpoint {
  const { open, ...written } = JSON.parse(text) as Written & Checkpoint;
  if (open === undefined) return written;
  const [first, ...beside] = open;
  return { ...written, ...first, ...(beside.length === 0 ? {} : { beside }) };
}

/** JSON leaves out what is undefined, and types do not. */
const definedOf = (part: { readonly [name in keyof Part]: Part[name] | undefined }): Part => part as Part;

/** Adds a finished partition's total, if the partner stated one. */
export const expecting = (expected: number | null, total: number | undefined): number | null =>
  total === undefined ? expected : (expected ?? 0) + total;
