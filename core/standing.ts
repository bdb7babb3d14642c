import type { LivedEvent } from './life.ts';

/** The row of a key in the store's own table. */
export interface StoredRow {
  /** The event it stands for. */
  readonly event: number;
  /** ISO. */
  readonly loadedAt: string;
  /** An `append` has one for each content that came. */
  readonly rows: number;
  /** The row is kept although its record is gone, since then, ISO. */
  readonly deletedAt?: string | undefined;
}

/** The last of these events that a table has which has all up to `upTo`; undefined: none. */
export function lastHolding(life: readonly LivedEvent[], upTo: number): LivedEvent | undefined {
  let last: LivedEvent | undefined;
  for (const event of life)
    if (event.from !== null && event.from <= upTo && (last === undefined || (last.from ?? 0) <= event.from))
      last = event;
  return last;
}

/** `there`, `gone`, `unknown` (its events do not tell), or `other`: the table is not what the log says. */
export interface Standing {
  readonly state: 'there' | 'gone' | 'other' | 'unknown';
  /** The event that the table has. */
  readonly event: number | null;
  readonly says: string;
}

/** How a key stands in the store's own table, which has all that the log has. */
export function standingInStore(life: readonly LivedEvent[], row: StoredRow | undefined): Standing {
  const last = lastHolding(life, Number.MAX_SAFE_INTEGER);
  const gone = last?.operation === 'd';
  const look = '`syncline rebuild … --dry-run` compares the table with the log';
  if (row === undefined) {
    if (last === undefined) return { state: 'unknown', event: null, says: 'no row' };
    if (gone) return { state: 'gone', event: last.event, says: `no row: the record is gone since event ${last.event}` };
    return { state: 'other', event: null, says: `no row, although event ${last.event} says that it is there: ${look}` };
  }
  const rows = row.rows === 1 ? 'the row stands' : `${row.rows.toLocaleString('en-US')} rows, the newest stands`;
  const says = `${rows} for event ${row.event}, loaded ${row.loadedAt.slice(0, 19).replace('T', ' ')} UTC`;
  if (gone && row.deletedAt !== undefined)
    return {
      state: 'gone',
      event: row.event,
      says: `the row is kept, and says that its record is gone since ${row.deletedAt.slice(0, 19).replace('T', ' ')} UTC (event ${last.event})`,
    };
  if (gone && last.event > row.event)
    return {
      state: 'other',
      event: row.event,
      says: `${says}, although event ${last.event} says that it is gone: ${look}`,
    };
  return { state: 'there', event: row.event, says };
}

/** What a target with a cursor of its own has of a key. `leftOut`: events that it has passed over. */
export function standingInTarget(
  life: readonly LivedEvent[],
  { cursor, leftOut }: { readonly cursor: number; readonly leftOut: readonly number[] },
): Standing & { readonly waits: number | null } {
  const newest = lastHolding(life, Number.MAX_SAFE_INTEGER);
  const last = lastHolding(life, cursor);
  // Until then the target has what it had before a run was undone.
  const anew = life.findLast(({ fate, event }) => fate === 'anew' && event > cursor);
  const waits = newest !== undefined && (newest.from ?? 0) > cursor ? newest.event : (anew?.event ?? null);
  const later = waits === null ? '' : `; event ${waits} waits to be loaded`;
  if (last === undefined)
    return {
      state: 'unknown',
      event: null,
      waits,
      says: waits === null ? 'has nothing of it' : `has nothing of it yet${later}`,
    };
  if (leftOut.includes(last.event))
    return {
      state: 'other',
      event: null,
      waits,
      says: `event ${last.event} is left out, since it fits the definition no longer${later}`,
    };
  const gone = last.operation === 'd';
  return {
    state: gone ? 'gone' : 'there',
    event: last.event,
    waits,
    says: `${gone ? `it is gone since event ${last.event}` : `has it as of event ${last.event}`}${later}`,
  };
}
