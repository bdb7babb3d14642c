import { whatWasHeld, type EntryOfKey } from '../core/entry-of-key.ts';
import type { LivedEvent } from '../core/life.ts';
import { readableVersion, whatHappened } from '../core/life-words.ts';
import { visible } from '../core/visible.ts';
import type { Output } from './output.ts';
import type { Trace } from './read-trace.ts';

interface Line {
  readonly page: number;
  readonly ordinal: number;
  readonly event: number | null;
  readonly at: string;
  readonly what: string;
  /** Where it came from. */
  readonly from: Readonly<Record<string, string | number | null>>;
}

/**
 * Events and what was in quarantine, in the order in which they were committed: what happened, and below it where that came from. Both in
 * one row would be wider than screens are.
 */
export function printLife(output: Output, { life, entries, waits }: Pick<Trace, 'life' | 'entries' | 'waits'>): void {
  const lines: Line[] = [
    ...life.map((event, at) => ({
      ...placeOf(life, at),
      event: event.event,
      at: event.receivedAt,
      what: whatHappened(event, { entry: replayedFrom(event, entries), waits, nowMs: Date.now() }),
      from: {
        run: event.source.run,
        window: event.source.window,
        page: event.source.page,
        'pushed by': event.source.pushed?.by ?? null,
        push: event.source.pushed?.request ?? null,
        request: event.source.requestId,
        version: event.version === null ? null : readableVersion(event.version),
      },
    })),
    ...entries.map((entry) => ({
      ...entry.place,
      event: null,
      at: entry.at,
      what: whatWasHeld(entry),
      from: { run: entry.run, window: entry.window, page: entry.page, request: entry.requestId },
    })),
  ];
  const width = Math.max(5, ...lines.map(({ event }) => String(event ?? '').length));
  output.say(`${'event'.padStart(width)}  ${'received (UTC)'.padEnd(19)}  what it did, and where it came from`);
  for (const { event, at, what, from } of lines.toSorted((a, b) => a.page - b.page || a.ordinal - b.ordinal)) {
    output.say(visible(`${String(event ?? '–').padStart(width)}  ${second(at)}  ${what}`));
    const known = Object.entries(from).filter(([, value]) => value !== null);
    output.say(visible(`${' '.repeat(width + 2)}${known.map(([name, value]) => `${name} ${value}`).join(', ')}`));
  }
}

/** Among what came: one that had to wait stands where it was released. */
function placeOf(life: readonly LivedEvent[], at: number): { readonly page: number; readonly ordinal: number } {
  const { page, ordinal } = life[at] as LivedEvent;
  const latest = Math.max(...life.slice(0, at + 1).map((event) => event.page));
  return latest > page ? { page: latest, ordinal: Infinity } : { page, ordinal };
}

/** The id of the entry that a replayed event came from. */
export const replayedFrom = ({ source, received }: LivedEvent, entries: readonly EntryOfKey[]): string | undefined =>
  source.batch === 'replay'
    ? entries.find((entry) => entry.received.page === received.page && entry.received.ordinal === received.ordinal)?.id
    : undefined;

/** What the record said first, and what each event made of it. */
export function printValues(output: Output, life: readonly LivedEvent[]): void {
  for (const [at, { event, operation, changes, payload }] of life.entries()) {
    if (operation === 'd' || operation === 'r') continue;
    output.say(`event ${event}`);
    if (at === 0 || changes.length === 0) output.say(`  ${visible(payload)}`);
    for (const { field, before, after } of at === 0 ? [] : changes)
      output.say(visible(`  ${field}: ${before ?? '(none)'} → ${after ?? '(none)'}`));
  }
}

export function printPlaces(output: Output, { targets }: Pick<Trace, 'targets'>): void {
  for (const { target, table, says, why } of targets)
    output.say(visible(`${target}${table === null ? '' : ` (${table})`}: ${says}${why === null ? '' : ` (${why})`}`));
}

const second = (iso: string): string => iso.slice(0, 19).replace('T', ' ');
