import type { RowChanges, TargetRow } from '../targets/target.ts';
import type { AppliedEvent } from './changes-of.ts';
import { historyColumns } from '../core/history-columns.ts';
import { validTimes, type ValidFrom } from './valid-times.ts';
import { withListed, withVersion, type Came, type Version } from './versions.ts';

/** `versions`: each event is a version, in the order of the versions. `listings`: each complete listing says what holds from then on. */
export type HistoryTaking = 'versions' | 'listings';

export interface HistoryRules {
  readonly taking: HistoryTaking;
  readonly validFrom: ValidFrom;
}

/** Events of one key, and what the history shows of it. */
export interface KeyToWrite {
  readonly keyTexts: readonly string[];
  /** In any order. */
  readonly shown: readonly TargetRow[];
  /** What it showed, and is to be written anew with the rest. */
  readonly before?: readonly TargetRow[];
  /** In the order of their numbers. */
  readonly events: readonly AppliedEvent[];
}

type Written = Pick<RowChanges, 'deletes' | 'upserts'>;

/** Which rows of a key's history are to be written: those that differ, or all where one of them goes. */
export function historyRows(
  { keyTexts, shown, before: told = [], events }: KeyToWrite,
  { taking, validFrom }: HistoryRules,
): Written {
  const sorted = shown.toSorted((a, b) => numberOf(a) - numberOf(b));
  const take = taking === 'listings' ? withListed : withVersion;
  const known: readonly Version[] = [...told.toSorted((a, b) => numberOf(a) - numberOf(b)), ...sorted].map(versionOf);
  const versions = events.reduce((before, event) => take(before, cameOf(event)), known);
  if (versions === known && told.length === 0) return { deletes: [], upserts: [] };
  const rows = rowsOf(versions, validFrom);
  const left = new Set(versions.map(({ event }) => event));
  if (sorted.some(({ event }) => !left.has(event))) return { deletes: [keyTexts], upserts: rows };
  const before = new Map(sorted.map((row) => [row.event, row]));
  return { deletes: [], upserts: rows.filter((row) => !isSame(row, before.get(row.event))) };
}

const rowsOf = (versions: readonly Version[], validFrom: ValidFrom): readonly TargetRow[] => {
  const times = validTimes(versions, validFrom);
  return versions.map(({ received, receivedAt, gone, values, ...version }, i) => {
    const { from, to } = times[i] as (typeof times)[number];
    const own = [from, to, String(to === null && !gone), String(gone), String(i + 1), receivedAt];
    return { ...version, ...received, values: [...values, ...own] };
  });
};

const OWN = historyColumns.length;
const placeOf = (name: (typeof historyColumns)[number]['name']): number =>
  historyColumns.findIndex((column) => column.name === name) - OWN;
const [GONE, NUMBER, RECEIVED_AT] = [placeOf('is_deleted'), placeOf('version_no'), placeOf('received_at')];

const numberOf = ({ values }: TargetRow): number => Number(values.at(NUMBER));

const versionOf = ({ page, ordinal, values, ...row }: TargetRow): Version => ({
  ...row,
  received: { page, ordinal },
  receivedAt: values.at(RECEIVED_AT) as string,
  gone: values.at(GONE) === 'true',
  values: values.slice(0, -OWN),
});

function cameOf({ operation, arrival, row, receivedAt }: AppliedEvent): Came {
  if (row === null || receivedAt === undefined)
    throw new TypeError('events of a history come with their rows and times');
  const { event, page, ordinal, run, hash, values, extra } = row;
  // The row of a delete says no version.
  const { version } = arrival;
  const at = { received: { page, ordinal }, receivedAt };
  return { event, ...at, run, version, hash, values, extra, gone: operation === 'd', late: operation === 's' };
}

/** What an event says of its record never changes, so the rest of a row is compared. */
const isSame = (row: TargetRow, before: TargetRow | undefined): boolean =>
  before !== undefined &&
  row.page === before.page &&
  row.ordinal === before.ordinal &&
  row.values.slice(-OWN).every((text, i) => text === before.values.at(i - OWN));
