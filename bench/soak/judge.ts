import { keptFor } from './kept.ts';
import type { ProcessSample } from './process-sample.ts';
import { median, trendOf, type Series, type Trend } from './trend.ts';

/** What was measured at the end of a week. */
export interface WeekSample {
  readonly processes: Readonly<Record<string, ProcessSample>>;
  readonly store: Readonly<Record<string, number>>;
}

/** What grows because it is meant to, and why. */
export const meantToGrow: Readonly<Record<string, string>> = {
  'database MB': 'holds all of the following',
  'rows syncline.runs': 'each run stays',
  'rows syncline.stream_runs': 'each run stays',
  'rows syncline.backfills': 'each run stays',
  'rows syncline.events': 'the newest version of each record stays; the partner has more of them each week',
  'rows syncline.pages': 'a page stays while an event of it does',
  'rows syncline.tombstones': 'that a record is gone is known for as long as it is gone',
  // As many as came within their time; `beyondTheirTime` finds those that stay for longer.
  ...Object.fromEntries(Object.entries(keptFor).map(([table, { why }]) => [`rows ${table}`, why])),
  'rows syncline.quarantine_sightings': 'they go with the rows of the quarantine',
  'rows syncline.alert_notices': 'they go with their alerts',
};

const isCompared = (name: string): boolean => name.startsWith('rows soak.');

/** Each thing that was measured, over the weeks: `growing` are leaks. */
export function judge(weeks: readonly WeekSample[]): {
  readonly trends: readonly Trend[];
  readonly growing: readonly Trend[];
} {
  const trends = seriesOf(weeks).map(trendOf);
  return { trends, growing: trends.filter((trend) => trend.grows && meantToGrow[trend.name] === undefined) };
}

function seriesOf(weeks: readonly WeekSample[]): readonly Series[] {
  const columns = new Map<string, { readonly floor: number; readonly values: number[] }>();
  weeks.forEach(({ processes, store }, week) => {
    const note = (name: string, value: number, floor: number): void => {
      // What was not there in the weeks before was zero.
      const column = columns.get(name) ?? { floor, values: Array.from({ length: week }, () => 0) };
      column.values.push(value);
      columns.set(name, column);
    };
    for (const [role, sample] of Object.entries(processes)) {
      note(`${role} RSS MB`, sample.rssMb, 24);
      note(`${role} heap MB`, sample.heapMb, 3);
      note(`${role} heap of threads MB`, sample.threadsHeapMb, 8);
      note(`${role} external MB`, sample.externalMb, 3);
      note(`${role} native MB`, sample.nativeMb, 16);
      note(`${role} threads`, sample.threads, 3);
      note(`${role} open sockets`, sample.sockets, 4);
      note(`${role} open files`, sample.files, 2);
      note(`${role} other descriptors`, sample.fds - sample.sockets - sample.files, 3);
      for (const [kind, n] of Object.entries(sample.resources)) note(`${role} ${kind}`, n, 4);
    }
    for (const [name, n] of Object.entries(store))
      if (!isCompared(name)) note(name, n, name.startsWith('rows') ? 20 : 4);
    for (const column of columns.values()) if (column.values.length === week) column.values.push(0);
  });
  return [...columns].map(([name, { floor, values }]) => ({
    name,
    values,
    slack: Math.max(floor, 0.1 * median(values)),
  }));
}
