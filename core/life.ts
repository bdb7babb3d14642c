import { fieldChanges, type FieldChange } from './field-changes.ts';
import { isUndone, type LoggedEvent } from './logged-event.ts';
import { compareVersions } from './version.ts';

/** An event with where it came from. */
export interface TracedEvent extends LoggedEvent {
  /** ISO. */
  readonly receivedAt: string;
  readonly source: EventSource;
}

export interface EventSource {
  /** `page`, `push`, `replay`, `fetch`, `sweep` or `duplicates`; null: the ledger does not have the batch. */
  readonly batch: string | null;
  /** As `syncline runs show` takes it. */
  readonly run: string | null;
  readonly window: string | null;
  /** Number of the page within its run; of a replayed record, of the page it came with first. */
  readonly page: number | null;
  /** Who pushed it, with which request; null: it was asked for. */
  readonly pushed: { readonly by: string; readonly request: string } | null;
  /** The partner's. */
  readonly requestId: string | null;
  /** Of a `replace`: the event that ended the run's listing; 0: it was never swapped in; null: it has not ended, or did before that was logged. */
  readonly sweep: number | null;
  readonly running: boolean;
}

/**
 * What an event did to what was known of its key. `came`: what was known before has not been looked at. `same`: the content that was known,
 * logged once more. `waits`: what it requires was not there. `undone`: it counts no more, since a run was undone. `anew`: a run was undone, or that was
 * taken back, and other tables decide the key anew.
 */
export const fatesOfLife = [
  'first',
  'came',
  'changed',
  'same',
  'again',
  'stale',
  'gone',
  'waits',
  'undone',
  'anew',
] as const;
export type FateOfLife = (typeof fatesOfLife)[number];

/** `pending`: once the listing has ended. `never`: the listing was given up. `nothing`: it changes nothing. */
export type Holds = 'yes' | 'pending' | 'never' | 'nothing';

export interface LivedEvent extends TracedEvent {
  readonly fate: FateOfLife;
  readonly changes: readonly FieldChange[];
  /** Other content with the version that was known. */
  readonly conflict: boolean;
  readonly holds: Holds;
  /** The event from which on tables have it; null: from none. */
  readonly from: number | null;
}

export type Disposition = 'merge' | 'append' | 'replace';

export interface Life {
  /** Of one key, oldest first. */
  readonly events: readonly TracedEvent[];
  /** Nothing of the key is in the log before them. */
  readonly whole: boolean;
  readonly disposition: Disposition;
}

/** Tells each event by what was known before it. */
export function lifeOf({ events, whole, disposition }: Life): readonly LivedEvent[] {
  let known: TracedEvent | undefined;
  let gone = false;
  return events.map((event): LivedEvent => {
    const standing = holding(event, disposition);
    const plain = { ...event, ...standing, changes: [], conflict: false };
    if (isUndone(event.operation)) return { ...plain, fate: 'undone', holds: 'nothing', from: null };
    if (event.operation === 'r') return { ...plain, fate: 'anew', holds: 'nothing', from: null };
    if (event.operation === 'w') return { ...plain, fate: 'waits', holds: 'nothing', from: null };
    if (event.operation === 's' || isOlder(event, known, disposition))
      return { ...plain, fate: 'stale', holds: 'nothing', from: null };
    if (event.operation === 'd') {
      if (isLateDelete(event, known, disposition)) return { ...plain, fate: 'stale', holds: 'nothing', from: null };
      const before = gone;
      gone = true;
      return before ? { ...plain, fate: 'same' } : { ...plain, fate: 'gone' };
    }
    const before = known;
    const wasGone = gone;
    // Of a listing that is given up the next one knows nothing.
    if (standing.holds !== 'never') {
      known = event;
      gone = false;
    }
    const changes = before === undefined ? [] : fieldChanges(before.payload, event.payload);
    if (wasGone) return { ...plain, fate: 'again', changes };
    if (before === undefined) return { ...plain, fate: whole ? 'first' : 'came' };
    if (before.hash === event.hash) return { ...plain, fate: 'same' };
    const conflict =
      disposition === 'merge' && event.version !== null && compareVersions(event.version, before.version) === 0;
    return { ...plain, fate: 'changed', changes, conflict };
  });
}

/** Events from before there were operations say `u` also where the record was older. */
const isOlder = (event: TracedEvent, known: TracedEvent | undefined, disposition: Disposition): boolean =>
  disposition === 'merge' &&
  event.operation === 'u' &&
  event.version !== null &&
  known !== undefined &&
  known.hash !== event.hash &&
  compareVersions(event.version, known.version) < 0;

/** A delete of a version that was known to be followed by another one. */
const isLateDelete = (event: TracedEvent, known: TracedEvent | undefined, disposition: Disposition): boolean =>
  disposition === 'merge' &&
  event.version !== null &&
  known !== undefined &&
  compareVersions(event.version, known.version) < 0;

/** A listing of a `replace` takes effect as a whole, when its end is logged. */
function holding(
  { event, source }: TracedEvent,
  disposition: Disposition,
): { readonly holds: Holds; readonly from: number | null } {
  if (disposition !== 'replace') return { holds: 'yes', from: event };
  const { sweep, running } = source;
  if (sweep === 0) return { holds: 'never', from: null };
  if (sweep !== null) return { holds: 'yes', from: sweep };
  return running ? { holds: 'pending', from: null } : { holds: 'yes', from: event };
}
