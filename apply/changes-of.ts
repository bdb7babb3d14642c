import type { Arrival, Head } from '../core/decide.ts';
import { KeyedRows } from '../core/keyed-rows.ts';
import type { Operation } from '../core/logged-event.ts';
import type { UnfitEvent } from '../core/unfit-events.ts';
import type { Burial, Changes, RowChanges, TargetRow } from '../targets/target.ts';

/** An event of the log, as a table takes it. */
export interface AppliedEvent {
  readonly event: number;
  readonly operation: Operation;
  /** Text of the key; null: the stream has none. */
  readonly key: string | null;
  /** Texts of the key's columns. */
  readonly keyTexts: readonly string[];
  readonly arrival: Arrival;
  /** What the row says; null where nothing came. Of a delete: what is known of the record, its key. */
  readonly row: TargetRow | null;
  /** Of a delete: when it was received, ISO. */
  readonly deletedAt?: string | undefined;
  /** When it was received, as `core/micros.ts` writes times; only histories ask. */
  readonly receivedAt?: string;
  /** Of an `r`: what the key is decided by anew. */
  readonly repair?: Repaired;
}

export interface Repaired {
  /** In the order of their numbers. */
  readonly events: readonly AppliedEvent[];
  /** Those of them that fit the definition no longer. */
  readonly unfit: readonly UnfitOfKey[];
  /** The log lacks some events below this number: what a history has of those stays. */
  readonly from: number;
}

/** An event that fits no longer, and the key it came with. */
export type UnfitOfKey = UnfitEvent & { readonly key: string | null };

/**
 * How a table takes events. `newest`: one row per key, the newest version of it. `kept`: the same, and the row of what is gone stays, and
 * says so. `each`: every record is a row. `listed`: the events are those of one complete listing, which stands for itself: what it says
 * holds, whatever the table has.
 */
export type Taking = 'newest' | 'kept' | 'each' | 'listed';

export interface Range {
  /** The cursor that the table stands at. */
  readonly from: number;
  /** The last event that was looked at. */
  readonly to: number;
  /** In the order of their numbers. */
  readonly events: readonly AppliedEvent[];
  /** What the table shows of their keys; those it does not show are left out. Only `newest` and `kept` ask. */
  readonly heads: ReadonlyMap<string, Head>;
}

export const noChanges: RowChanges = { clears: false, deletes: [], upserts: [] };

/** What a range of the log means for a table. Pure: two ranges one after the other mean what both together mean. */
export function changesOf(range: Range, taking: Taking): Changes {
  return taking === 'newest' || taking === 'kept' ? newestOf(range, taking === 'kept') : allOf(range, taking);
}

/** Whether it makes a difference what the table shows. One that nothing was written to shows nothing. */
export const asksHeads = ({ from, events }: Omit<Range, 'heads'>, taking: Taking): boolean =>
  (taking === 'newest' || taking === 'kept') && from > 0 && events.some(({ key }) => key !== null);

function newestOf({ from, to, events, heads }: Range, keepsRows: boolean): Changes {
  const upserts: TargetRow[] = [];
  const keyed = new KeyedRows<AppliedEvent>(heads, keepsRows);
  const texts = new Map<string, readonly string[]>();
  const anew = new Set<string>();
  const take = (item: AppliedEvent): void => {
    const { event, operation, key, keyTexts, arrival, row, deletedAt, repair } = item;
    if (repair !== undefined && key !== null) {
      keyed.reset(key);
      anew.add(key);
      texts.set(key, keyTexts);
      for (const each of repair.events) take(each);
    }
    if (operation !== 'u' && operation !== 's' && operation !== 'd') return;
    if (row === null && operation !== 'd') return;
    if (key === null) upserts.push(row as TargetRow);
    else {
      keyed.take({ key, event, operation, arrival, item, deletedAt });
      if (operation === 'd') texts.set(key, keyTexts);
    }
  };
  for (const item of events) take(item);
  const deletes: (readonly string[])[] = [];
  const buries: Burial[] = [];
  for (const [key, { written, gone }] of keyed.rows) {
    if (anew.has(key) || (gone !== null && !keepsRows)) deletes.push(texts.get(key) as readonly string[]);
    if (written === null) {
      if (gone !== null && keepsRows) buries.push({ key: texts.get(key) as readonly string[], at: gone });
      continue;
    }
    const row = written.item.row as TargetRow;
    upserts.push(gone === null ? row : { ...row, deletedAt: gone });
  }
  return { from, to, clears: false, deletes, upserts, ...(buries.length === 0 ? {} : { buries }) };
}

function allOf({ from, to, events }: Range, taking: 'each' | 'listed'): Changes {
  const rows = new Map<string, TargetRow>();
  const gone = new Map<string, readonly string[]>();
  let loose: AppliedEvent[] = [];
  for (const event of events.flatMap((each) => [each, ...(each.repair?.events ?? [])])) {
    const { operation, key, keyTexts, row } = event;
    if ((operation === 'd' || operation === 'r') && key !== null) {
      rows.delete(key);
      if (taking === 'each') loose = loose.filter((other) => other.key !== key);
      gone.set(key, keyTexts);
    } else if (operation === 'u' && row !== null) {
      if (key === null || taking === 'each') loose.push(event);
      else {
        rows.set(key, row);
        gone.delete(key);
      }
    }
  }
  const upserts = [...loose.map(({ row }) => row as TargetRow), ...rows.values()];
  return { from, to, clears: false, deletes: [...gone.values()], upserts };
}
