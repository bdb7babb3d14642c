import { assertNever } from './assert-never.ts';
import type { FieldChange } from './field-changes.ts';
import type { LivedEvent } from './life.ts';
import { releaseWords, waitWords, type Wait } from './wait-words.ts';

/** So many fields are named; the rest is counted. */
const NAMED = 6;

/** `amount_minor, status`, or `a, b, c, d, e, f and 4 more`. Names only, no value. */
export function fieldNames(changes: readonly FieldChange[]): string {
  const names = changes.map(({ field }) => field || 'the record');
  const more = names.length - NAMED;
  return names.slice(0, NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** What an event did, in plain words. */
export function whatHappened(event: LivedEvent, { entry, waits = [], nowMs = 0 }: Circumstances = {}): string {
  const wait = waits.find((each) => each.event === event.event);
  if (event.fate === 'waits' && wait !== undefined) return `came, and ${waitWords(wait, nowMs)}`;
  const waited = waits.find((each) => each.settledEvent === event.event);
  return [
    deed(event),
    ...circumstances(event, entry),
    ...(waited === undefined ? [] : [`it had waited as event ${waited.event}, ${releaseWords(waited)}`]),
  ].join('; ');
}

export interface Circumstances {
  /** The id of the quarantine's entry that it was replayed from. */
  readonly entry?: string | undefined;
  /** Of its key. */
  readonly waits?: readonly Wait[];
  readonly nowMs?: number;
}

function deed({ fate, changes, source, operation }: LivedEvent): string {
  switch (fate) {
    case 'first':
      return 'came first';
    case 'came':
      return 'came; older events of its key were not read';
    case 'changed':
      return changes.length === 0
        ? 'changed nothing in the record itself: its parent has other values'
        : `changed ${fieldNames(changes)}`;
    case 'same':
      if (operation === 'd') return 'deleted once more, in a newer version: it was gone already';
      return 'logged once more, with the same content';
    case 'again':
      return changes.length === 0 ? 'came again' : `came again, with another ${fieldNames(changes)}`;
    case 'stale':
      return operation === 'd'
        ? 'a delete that is older than what was known: kept, changed nothing'
        : 'older than what was known: kept, changed nothing';
    case 'undone':
      return 'no longer counts: its run was undone, or it repeats what was known without the undone run';
    case 'anew':
      return 'a run with this key was undone, or its undoing was taken back: tables have found its row anew';
    case 'waits':
      return 'came, and waits for another record';
    case 'gone':
      if (source.batch === 'duplicates')
        return `removed as a duplicate by ${source.run ?? '(unknown)'}: it comes back when its record changes`;
      return source.batch === 'sweep'
        ? `gone: the complete listing of run ${source.run ?? '(unknown)'} did not name it`
        : 'gone: the partner says that it was deleted';
    default:
      return assertNever(fate);
  }
}

function circumstances({ conflict, holds, operation, source }: LivedEvent, entry: string | undefined): string[] {
  const said: string[] = [];
  if (conflict) said.push('the version is the same as before, and the later arrival counts');
  if (source.batch === 'replay')
    said.push(entry === undefined ? 'replayed from quarantine' : `replayed from quarantine, where it was ${entry}`);
  if (source.batch === 'repair') said.push('a reconciliation found that it differed, so it was read again');
  if (source.batch === 'fetch') said.push('it was fetched by its id, because another record waited for it');
  if (source.batch === 'sweep' && operation === 'u')
    said.push('logged by the end of a listing, because the table showed another event');
  if (holds === 'pending') said.push('tables have it once the listing of its run has ended');
  if (holds === 'never') said.push('its listing was never swapped in, so no table has it');
  return said;
}

const padded = /^0+(?=\d)/;
/** Parts of a version are padded so that they sort as texts; people read them without. Only texts of our own shape are touched. */
export const readableVersion = (version: string): string =>
  version
    .replaceAll('\u0001', ' ')
    .split(' ')
    .map((part) => {
      if (/^\d{20}(?:\.\d+)?$/.test(part)) return part.replace(padded, '');
      return /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{9}Z$/.test(part) ? part.replace(/\.?0+Z$/, 'Z') : part;
    })
    .join(' ');
