import { decide, type Arrival, type Head } from '../core/decide.ts';
import type { Operation } from '../core/logged-event.ts';
import type { Changes, RowChanges, TargetRow } from '../targets/target.ts';

/** An event of the log, as a table takes it. */
export interface AppliedEvent {
  readonly event: number;
  readonly operation: Operation;
  /** Text of the key; null: the stream has none. */
  readonly key: string | null;
  /** Texts of the key's columns. */
  readonly keyTexts: readonly string[];
  readonly arrival: Arrival;
  /** What the row says; null where nothing came. For a history a deletion has one too: its key, and no values. */
  readonly row: TargetRow | null;
  /** When it was received, as `core/micros.ts` writes times; only histories ask. */
  readonly receivedAt?: string;
}

/**
 * How a table takes events. `newest`: one row per key, the newest version of it. `each`: every record is a row. `listed`: the events are
 * those of one complete listing, which stands for itself: what it says holds, whatever the table has.
 */
export type Taking = 'newest' | 'each' | 'listed';

export interface Range {
  /** The cursor that the table stands at. */
  readonly from: number;
  /** The last event that was looked at. */
  readonly to: number;
  /** In the order of their numbers. */
  readonly events: readonly AppliedEvent[];
  /** What the table shows of their keys; those it does not show are left out. Only `newest` asks. */
  readonly heads: ReadonlyMap<string, Head>;
}

export const noChanges: RowChanges = { clears: false, deletes: [], upserts: [] };

/** What a range of the log means for a table. Pure: two ranges one after the other mean what both together mean. */
export function changesOf({ from, to, events, heads }: Range, taking: Taking): Changes {
  const rows = new Map<string, AppliedEvent>();
  const gone = new Map<string, readonly string[]>();
  let loose: AppliedEvent[] = [];
  for (const event of events) {
    const { operation, key, keyTexts, row } = event;
    if (operation === 'd' && key !== null) {
      if (taking === 'newest' && isKnown(event, headOf(key, { rows, gone, heads }))) continue;
      rows.delete(key);
      if (taking === 'each') loose = loose.filter((other) => other.key !== key);
      gone.set(key, keyTexts);
    } else if (operation === 'u' && row !== null) {
      if (key === null || taking === 'each') loose.push(event);
      else if (taking === 'listed' || isNews(event, headOf(key, { rows, gone, heads }))) {
        rows.set(key, event);
        gone.delete(key);
      }
    }
  }
  const upserts = [...loose, ...rows.values()].map(({ row }) => row as TargetRow);
  return { from, to, clears: false, deletes: [...gone.values()], upserts };
}

/** Whether it makes a difference what the table shows. One that nothing was written to shows nothing. */
export const asksHeads = ({ from, events }: Omit<Range, 'heads'>, taking: Taking): boolean =>
  taking === 'newest' && from > 0 && events.some(({ key }) => key !== null);

interface Standing extends Pick<Range, 'heads'> {
  readonly rows: ReadonlyMap<string, AppliedEvent>;
  readonly gone: ReadonlyMap<string, unknown>;
}

function headOf(key: string, { rows, gone, heads }: Standing): Head | undefined {
  const row = rows.get(key);
  if (row !== undefined) {
    const { version, hash, received } = row.arrival;
    return { version, hash, received, event: row.event };
  }
  return gone.has(key) ? undefined : heads.get(key);
}

/** The table has taken the event already: that is what makes a range that is applied again change nothing. */
const isKnown = ({ event }: AppliedEvent, head: Head | undefined): boolean => head !== undefined && event <= head.event;

function isNews(event: AppliedEvent, head: Head | undefined): boolean {
  if (isKnown(event, head)) return false;
  const { fate } = decide(event.arrival, head);
  return fate === 'inserted' || fate === 'updated';
}
