import { expecting, type Begun, type Checkpoint, type Part } from './checkpoint.ts';
import type { NextPage } from './page.ts';
import { timesInARow } from './progress.ts';
import { roundAfter } from './round.ts';

/** A run's partitions as they are read side by side. */
export interface Reading extends Pick<Checkpoint, 'expected' | 'doubt' | 'refused' | 'kept'> {
  /** In the order in which they were begun. */
  readonly open: readonly Part[];
  /** The last one that was begun; null: none. */
  readonly begun: Begun | null;
}

/** `isBegun`: a run that stands at its very beginning has begun its first partition, since there is only one to begin with. */
export function readingOf(at: Checkpoint): Reading {
  const { beside = [], begun, expected, done, doubt, refused, kept, ...first } = at;
  const whole = {
    expected,
    ...(doubt === undefined ? {} : { doubt }),
    ...(refused === undefined ? {} : { refused }),
    ...(kept === undefined ? {} : { kept }),
  };
  if (done) return { ...whole, open: [], begun: begun ?? placeOf(first) };
  const untouched = first.slice === 0 && first.parents.length === 0 && first.cursor === null && beside.length === 0;
  if (untouched && begun === undefined) return { ...whole, open: [], begun: null };
  return { ...whole, open: [first, ...beside], begun: begun ?? placeOf(first) };
}

const placeOf = ({ slice, parents }: Part): Begun => ({ slice, parents });

/** `open` holds one at least, or the run is done. */
export function checkpointOf({ open, begun, ...whole }: Reading): Checkpoint {
  const [first, ...beside] = open;
  if (first === undefined) return { ...whole, slice: begun?.slice ?? 0, parents: [], cursor: null, done: true };
  const isLast = begun === null || (begun.slice === first.slice && sameTexts(begun.parents, first.parents));
  return {
    ...whole,
    ...first,
    ...(beside.length === 0 ? {} : { beside }),
    ...(isLast ? {} : { begun }),
    done: false,
  };
}

const sameTexts = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text, i) => text === b[i]);

export const withPart = (at: Reading, part: Part): Reading => ({
  ...at,
  open: [...at.open, part],
  begun: placeOf(part),
});

/** The partition from its first page again, since its cursor has died. What it had seen and what it was told counts no more. */
export function begunAnew(at: Reading, part: Part): { readonly reading: Reading; readonly part: Part } {
  const { slice, parents, unread, restarts = 0 } = part;
  const anew: Part = {
    slice,
    parents,
    ...(unread === true ? { unread } : {}),
    cursor: null,
    restarts: restarts + 1,
  };
  const { kept: _dead, ...rest } = at;
  return { part: anew, reading: { ...rest, open: at.open.map((other) => (other === part ? anew : other)) } };
}

export interface PageOfPart {
  readonly next: NextPage;
  /** `core/page-mark.ts`. */
  readonly mark: string | null;
  /** Pages are found by counting: what is deleted meanwhile moves the rest, so that the largest total counts. */
  readonly counted: boolean;
  /** The partner refused its call for good, and the others go on. */
  readonly refused?: string | undefined;
}

/** What a page of an open partition leaves: where that goes on (undefined: it has ended), and how the run stands. */
export function afterPage(
  at: Reading,
  part: Part,
  { next, mark, counted, refused }: PageOfPart,
): { readonly reading: Reading; readonly part: Part | undefined } {
  const doubt = at.doubt ?? next.doubt;
  const stated = counted ? largest(part.stated, next.total) : (next.total ?? part.stated);
  const following = next.cursor === null ? undefined : followed(part, next.cursor, { next, mark, stated });
  const { refused: before } = at;
  return {
    part: following,
    reading: {
      ...at,
      open: at.open.flatMap((other) => (other === part ? (following ?? []) : other)),
      expected: following === undefined ? expecting(at.expected, stated) : at.expected,
      ...(doubt === undefined ? {} : { doubt }),
      ...(next.keep === undefined ? {} : { kept: next.keep }),
      ...(refused === undefined
        ? {}
        : { refused: { count: (before?.count ?? 0) + 1, first: before?.first ?? refused } }),
    },
  };
}

function followed(
  part: Part,
  cursor: string,
  { next, mark, stated }: Pick<PageOfPart, 'next' | 'mark'> & { readonly stated: number | undefined },
): Part {
  const { slice, parents, unread, restarts } = part;
  return {
    slice,
    parents,
    ...(unread === true ? { unread } : {}),
    cursor,
    ...(restarts === undefined ? {} : { restarts }),
    ...(next.beyond === true ? { beyond: true } : {}),
    ...(stated === undefined ? {} : { stated }),
    ...seenBy(part, mark),
  };
}

/** An empty page holds nothing to compare with. What is further back is kept in mind from the second page on: most listings have one. */
function seenBy(part: Part, mark: string | null): Pick<Part, 'last' | 'round'> {
  const { last, round } = part;
  if (mark === null) return { ...(last === undefined ? {} : { last }), ...(round === undefined ? {} : { round }) };
  return {
    last: { mark, times: timesInARow(part, mark) },
    ...(last === undefined ? {} : { round: roundAfter(round, mark) }),
  };
}

const largest = (a: number | undefined, b: number | null): number | undefined => (b === null ? a : Math.max(a ?? 0, b));
