import { streamOf } from '../../core/table-name.ts';
import type { DifferenceCounts, DifferenceKind, RowDifference } from '../../core/target-comparison.ts';

import type { PlaceInTarget } from '../../messages/apply-target.ts';
import type { Touched } from '../../store/log/touched-keys.ts';
import type { TargetStore } from '../../store/target-store.ts';
import type { KeyedRow, Standing, Target, TargetTable } from '../../targets/target.ts';
import { differenceOf, differingRows } from './differing-rows.ts';

/** Where the same table stands twice. */
export interface BothSides {
  readonly place: PlaceInTarget;
  readonly table: TargetTable;
  readonly streamId: number;
  /** By which definition the columns of `table` are. */
  readonly definitionVersion: string;
  /** The store's own database. */
  readonly store: Target;
  readonly target: Target;
}

export interface LookedAtRows {
  readonly counts: DifferenceCounts;
  /** The first of them. */
  readonly differences: readonly RowDifference[];
  /** Rows whose keys the log has spoken of since. */
  readonly inFlight: number;
  readonly leftOut: number;
  /** The event that the target stood at. */
  readonly targetEvent: number;
  /** Why it does not prove anything. */
  readonly doubts: readonly string[];
}

/** So many findings are kept; more are only counted. */
const MOST_KEPT = 10_000;
/** So many keys are held in memory at once. */
const MOST_TOUCHED = 200_000;
const LOOK_EVERY = 1000;

/**
 * Reads the rows of some buckets on both sides, each of one moment, and says which differ. A key that events of the log speak of since the target's moment is
 * in flight: for all others both sides have to say the same. undefined: another table came, or a complete listing has ended meanwhile, so that any row may be
 * in flight, and it is to be looked at again.
 */
export async function lookAtRows(
  log: Pick<TargetStore, 'findLog' | 'touchedKeys' | 'erasedAmong' | 'readUnfit'>,
  sides: BothSides,
  { buckets, mayGoOn }: { readonly buckets: readonly number[]; readonly mayGoOn: () => void },
): Promise<LookedAtRows | undefined> {
  const { table, streamId, place } = sides;
  const logNow = () => log.findLog(place.partner, streamOf(place.stream));
  const lastBefore = (await logNow())?.lastEvent ?? 0;
  const [ours, theirs] = [new Opened(sides.store, table, buckets), new Opened(sides.target, table, buckets)];
  try {
    // One after the other: where two comparisons hold one side each and wait for the other one, neither ends. Loads go on in between, so the moment of the
    // store's table is the earlier one: it has at least what the log had before. The end of the log is read last, so that it has what either side shows.
    await ours.begin();
    await theirs.begin();
    if (theirs.standing === undefined) return undefined;
    const targetEvent = theirs.standing.event;
    const after = Math.min(targetEvent, ours.standing?.event ?? lastBefore);
    const touched = await log.touchedKeys({ streamId, after, limit: MOST_TOUCHED });
    if (touched.isWhole) return undefined;
    const unfit = await log.readUnfit({ ...place, table: theirs.standing.id });
    const isSameMade = (await logNow())?.definitionVersion === sides.definitionVersion;
    const tally = new Tally({ touched, after, unfit: { ...unfit, events: new Set(unfit.events) }, isSameMade });
    let seen = 0;
    for await (const pair of differingRows(ours, theirs)) {
      if ((seen += 1) % LOOK_EVERY === 0) mayGoOn();
      tally.add(differenceOf(table, pair));
    }
    return await withoutErased(log, streamId, { ...tally.result(), targetEvent });
  } finally {
    await Promise.all([ours.end(), theirs.end()]);
  }
}

/** Rows of one side. What was read to fix its moment comes first. */
class Opened implements AsyncIterator<KeyedRow> {
  readonly #rows: AsyncIterator<KeyedRow>;
  #first: IteratorResult<KeyedRow> | undefined;
  standing: Standing;

  constructor(target: Target, table: TargetTable, buckets: readonly number[]) {
    const stands = (standing: Standing): void => {
      this.standing = standing;
    };
    this.#rows = target.some(table, { buckets, stands })[Symbol.asyncIterator]();
  }

  async begin(): Promise<void> {
    this.#first = await this.#rows.next();
  }

  async next(): Promise<IteratorResult<KeyedRow>> {
    const first = this.#first;
    this.#first = undefined;
    return first ?? this.#rows.next();
  }

  async end(): Promise<void> {
    await this.#rows.return?.();
  }
}

interface Known {
  readonly touched: Touched;
  readonly after: number;
  readonly unfit: { readonly count: number; readonly events: ReadonlySet<number> };
  /** The store's table was made to fit the definition that the table is read by. */
  readonly isSameMade: boolean;
}

class Tally {
  readonly #known: Known;
  readonly #counts: Record<DifferenceKind, number> = { missing: 0, extra: 0, different: 0 };
  readonly #differences: RowDifference[] = [];
  #inFlight = 0;
  #leftOut = 0;
  #otherMade = 0;

  constructor(known: Known) {
    this.#known = known;
  }

  add(difference: RowDifference): void {
    if (this.#isInFlight(difference)) this.#inFlight += 1;
    else if (this.#isLeftOut(difference)) this.#leftOut += 1;
    else if (this.#isOtherMade(difference)) this.#otherMade += 1;
    else {
      this.#counts[difference.kind] += 1;
      if (this.#differences.length < MOST_KEPT) this.#differences.push(difference);
    }
  }

  result(): Omit<LookedAtRows, 'targetEvent'> {
    const { touched, unfit } = this.#known;
    const doubts: string[] = [];
    if (touched.isCut)
      doubts.push(`more than ${MOST_TOUCHED.toLocaleString('en-US')} keys have changed since the target's last load`);
    if (this.#leftOut > 0)
      doubts.push(
        `${unfit.count.toLocaleString('en-US')} events no longer fit the definition and are left out: \`syncline targets list\` names some`,
      );
    if (this.#otherMade > 0)
      doubts.push(
        `the store's table was made by another version of the definition, which may be why ${this.#otherMade.toLocaleString('en-US')} rows differ: the next run and the next load make both fit`,
      );
    return {
      counts: this.#counts,
      differences: this.#differences,
      inFlight: this.#inFlight,
      leftOut: this.#leftOut,
      doubts,
    };
  }

  #isInFlight({ key, storeEvent, targetEvent }: RowDifference): boolean {
    const { touched, after } = this.#known;
    return (
      touched.isCut ||
      (key !== null && touched.keys.has(key)) ||
      (storeEvent !== null && storeEvent > after) ||
      (targetEvent !== null && targetEvent > after)
    );
  }

  /** Of the same event: one definition has a field in a column that another one has in `_extra`. */
  #isOtherMade({ storeEvent, targetEvent }: RowDifference): boolean {
    return !this.#known.isSameMade && storeEvent === targetEvent;
  }

  /** Beyond those that are told apart, any row that the store shows may be one. */
  #isLeftOut({ storeEvent }: RowDifference): boolean {
    const { count, events } = this.#known.unfit;
    return storeEvent !== null && (events.has(storeEvent) || count > events.size);
  }
}

/**
 * Erased records are no finding: their erasure says where it is not done yet, and nothing here may name them. One side may be of a moment before the erasure,
 * and the other one of after it.
 */
async function withoutErased(
  log: Pick<TargetStore, 'erasedAmong'>,
  streamId: number,
  looked: LookedAtRows,
): Promise<LookedAtRows> {
  const erased = await log.erasedAmong({ streamId, events: looked.differences.flatMap(eventsOf) });
  if (erased.size === 0) return looked;
  const isErased = (difference: RowDifference): boolean => eventsOf(difference).some((event) => erased.has(event));
  const counts = { ...looked.counts };
  for (const difference of looked.differences) if (isErased(difference)) counts[difference.kind] -= 1;
  const differences = looked.differences.filter((difference) => !isErased(difference));
  const isThere = looked.differences.some(({ targetEvent }) => targetEvent !== null && erased.has(targetEvent));
  const doubt = 'rows of erased records are still in the target: `syncline erase list` says which erasure is not done';
  return { ...looked, counts, differences, doubts: [...looked.doubts, ...(isThere ? [doubt] : [])] };
}

const eventsOf = ({ storeEvent, targetEvent }: RowDifference): readonly number[] =>
  [storeEvent, targetEvent].filter((event) => event !== null);
