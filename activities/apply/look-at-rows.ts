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
  log: Pick<TargetStore, 'touchedKeys' | 'erasedAmong' | 'readUnfit'>,
  sides: BothSides,
  { buckets, mayGoOn }: { readonly buckets: readonly number[]; readonly mayGoOn: () => void },
): Promise<LookedAtRows | undefined> {
  const { table, streamId } = sides;
  const [ours, theirs] = [new Opened(sides.store, table, buckets), new Opened(sides.target, table, buckets)];
  try {
    // Both moments are fixed once the first rows have come. The end of the log is read after that, so that it has what either side shows.
    await Promise.all([ours.begin(), theirs.begin()]);
    if (theirs.standing === undefined) return undefined;
    const targetEvent = theirs.standing.event;
    const after = Math.min(targetEvent, ours.standing?.event ?? targetEvent);
    const touched = await log.touchedKeys({ streamId, after, limit: MOST_TOUCHED });
    if (touched.isWhole) return undefined;
    const unfit = await log.readUnfit({ ...sides.place, table: theirs.standing.id });
    const tally = new Tally({ touched, after, unfit: { ...unfit, events: new Set(unfit.events) } });
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
}

class Tally {
  readonly #known: Known;
  readonly #counts: Record<DifferenceKind, number> = { missing: 0, extra: 0, different: 0 };
  readonly #differences: RowDifference[] = [];
  #inFlight = 0;
  #leftOut = 0;

  constructor(known: Known) {
    this.#known = known;
  }

  add(difference: RowDifference): void {
    if (this.#isInFlight(difference)) this.#inFlight += 1;
    else if (this.#isLeftOut(difference)) this.#leftOut += 1;
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

  /** Beyond those that are told apart, any row that the store shows may be one. */
  #isLeftOut({ storeEvent }: RowDifference): boolean {
    const { count, events } = this.#known.unfit;
    return storeEvent !== null && (events.has(storeEvent) || count > events.size);
  }
}

/** Erased records are no finding: their erasure says where it is not done yet, and nothing here may name them. */
async function withoutErased(
  log: Pick<TargetStore, 'erasedAmong'>,
  streamId: number,
  looked: LookedAtRows,
): Promise<LookedAtRows> {
  const events = looked.differences.flatMap(({ kind, targetEvent }) =>
    kind === 'extra' && targetEvent !== null ? [targetEvent] : [],
  );
  const erased = await log.erasedAmong({ streamId, events });
  if (erased.size === 0) return looked;
  const differences = looked.differences.filter(({ targetEvent }) => targetEvent === null || !erased.has(targetEvent));
  const extra = looked.counts.extra - (looked.differences.length - differences.length);
  const doubt = 'rows of erased records are still in the target: `syncline erase list` says which erasure is not done';
  return { ...looked, counts: { ...looked.counts, extra }, differences, doubts: [...looked.doubts, doubt] };
}
