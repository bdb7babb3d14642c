import { ageText } from './freshness.ts';
import { neededWords, type Need } from './need.ts';

/** A wait of one record, and what became of it. Times are ISO. */
export interface Wait {
  /** Number of its `w` event. */
  readonly event: number;
  readonly needs: readonly Need[];
  readonly since: string;
  readonly overdueAt: string;
  readonly overdue: boolean;
  readonly status: 'waiting' | 'released' | 'dropped' | 'refused' | 'undone';
  readonly settledAt: string | null;
  /** What its release came to. */
  readonly fate: 'inserted' | 'updated' | 'unchanged' | 'stale' | 'quarantined' | null;
  /** The event that it was logged as. */
  readonly settledEvent: number | null;
  /** The event of another record, or of one of its own stream, that released it. */
  readonly by: { readonly stream: string; readonly event: number } | null;
  readonly person: string | null;
  readonly reason: string | null;
}

/** `original (payments 4711) and customer (customers 12)`. */
export const needWords = (needs: readonly Need[]): string =>
  needs.map((need) => `${need.name} (${neededWords(need)})`).join(' and ') || 'nothing';

/** Why it waits and what became of that, in plain words. */
export function waitWords(wait: Wait, nowMs: number): string {
  const { needs, since, overdue, status } = wait;
  const why = `waits for ${needWords(needs)}`;
  if (status !== 'waiting') return `${why.replace('waits', 'waited')}; ${outcome(wait)}`;
  const age = ageText(Math.max(0, nowMs - Date.parse(since)));
  return `${why} since ${minute(since)}, for ${age}${overdue ? ', which is longer than it may' : ''}`;
}

function outcome({ status, settledAt, fate, settledEvent, by, person, reason }: Wait): string {
  const when = settledAt === null ? '' : ` ${minute(settledAt)}`;
  if (status === 'dropped') return `dropped${when} by ${person}${reason === null ? '' : ` (${reason})`}`;
  if (status === 'undone') return `its run was undone${when}`;
  const released = `${releaseWords({ by, person, reason })}${when}`;
  if (status === 'refused') return `${released}, and did not fit any more: it is in quarantine`;
  if (settledEvent !== null) return `${released}, as event ${settledEvent}`;
  return `${released}: ${fate === 'unchanged' ? 'the same was known already' : 'newer was known already'}`;
}

/** `released by event 12 of payments`. */
export function releaseWords({ by, person, reason }: Pick<Wait, 'by' | 'person' | 'reason'>): string {
  if (by !== null) return `released by event ${by.event} of ${by.stream}`;
  return person === null
    ? 'released by a run of its stream, since its needs were there'
    : `released by ${person}${reason === null ? '' : ` (${reason})`}`;
}

const minute = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`;

/** `2 records have waited for longer than they may, the first since …`: why a run is not `ok`. */
export const overdueWords = (
  { records, since }: { readonly records: number; readonly since: string },
  place: { readonly partner: string; readonly stream: string },
): string =>
  `${records === 1 ? '1 record waits' : `${records} records wait`} for what it requires for longer than it may, since ${minute(since)}: ` +
  `\`syncline waiting list ${place.partner} ${place.stream}\``;

/** What the partner answered when it was asked for a need. */
export interface AskedFor {
  readonly need: Pick<Need, 'stream' | 'field' | 'value'>;
  /** ISO. */
  readonly at: string;
  readonly status: number;
  readonly refused: string | null;
  readonly times: number;
}

/** `payments 4711 was asked for …: not there (404)`. */
export function askedWords({ need, at, status, refused, times }: AskedFor): string {
  const asked = `${neededWords(need)} was asked for ${times === 1 ? 'once' : `${times} times`}, the last time ${minute(at)}`;
  if (refused !== null) return `${asked}: refused (${status}): ${refused}`;
  return `${asked}: ${status === 404 || status === 410 ? 'not there' : 'the answer did not bring it to its table'} (${status})`;
}

/** Why a run is not `ok`: the partner gave something else than what it was asked for. No key is named here: reasons of runs outlive an erasure. */
export const refusedWords = (count: number, place: { readonly partner: string; readonly stream: string }): string =>
  `${count === 1 ? 'the answer to 1 call' : `the answers to ${count} calls`} for what its records require could not be taken: ` +
  `\`syncline waiting list ${place.partner} ${place.stream}\`, and \`waiting show\` for each`;
