import type { Part } from '../../core/checkpoint.ts';
import type { Position, TimeRange } from '../../core/page.ts';
import { pageKey } from '../../core/page-key.ts';
import { parseWindow, sliceAt, wholePast } from '../../core/window.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';

/** A stream's run, as far as its positions depend on it. */
export interface ReadRun {
  readonly stream: CompiledStream;
  readonly syncId: string;
  readonly window: string;
  readonly range: TimeRange | null;
}

/** Where an open partition of a run stands, as its source sees it. */
export const positionOf = (run: ReadRun, part: Part): Position => ({
  cursor: part.cursor,
  parents: part.parents,
  range: rangeOf(run, part),
  key: keyOf(run, part),
});

/** Parents that the last complete run did not read have all their past before them. */
function rangeOf({ stream, window, range: whole }: ReadRun, { slice: index, unread }: Part): TimeRange | null {
  const { incremental, slice } = stream.definition;
  if (incremental === undefined) return whole;
  const range = sliceAt(whole, slice, index);
  const begins = unread === true && index === 0 && parseWindow(window).kind === 'day';
  return range !== null && begins ? wholePast(range, incremental.initial) : range;
}

/** Of a partition, however far it was read. */
const keyOf = ({ stream, syncId }: ReadRun, { slice, parents, restarts }: Part): string =>
  pageKey({
    syncId,
    stream: stream.name,
    slice,
    parents,
    cursor: null,
    definitionVersion: stream.definitionVersion,
    restarts,
  });
