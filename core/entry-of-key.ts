import type { Received } from './received.ts';

/** A record of a key that did not fit, with where it came from. Times are ISO. */
export interface EntryOfKey {
  /** As `quarantine show` takes it. */
  readonly id: string;
  /** The first time it came. */
  readonly place: Received;
  /** The last time: a replay counts it as received then. */
  readonly received: Received;
  readonly path: string;
  readonly reason: string;
  readonly status: 'held' | 'replayed' | 'dismissed' | 'undone';
  readonly at: string;
  readonly lastSeenAt: string;
  readonly settledAt: string | null;
  readonly supersededAt: string | null;
  readonly count: number;
  /** Number of the page within its run. */
  readonly page: number | null;
  readonly requestId: string | null;
  readonly run: string | null;
  readonly window: string | null;
}

const minute = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`;

/** What became of it, in plain words, without a value. */
export function whatWasHeld(entry: EntryOfKey): string {
  const { id, path, reason, count, lastSeenAt } = entry;
  const said = [`did not fit: ${path || 'the record'}: ${reason} (quarantine ${id})`];
  if (count > 1) said.push(`came ${count.toLocaleString('en-US')} times, last ${minute(lastSeenAt)}`);
  return [...said, ...outcome(entry)].join('; ');
}

function outcome({ status, settledAt, supersededAt }: EntryOfKey): string[] {
  const when = settledAt === null ? '' : ` ${minute(settledAt)}`;
  if (status === 'replayed') return [`replayed${when}`];
  if (status === 'undone') return ['its run was undone'];
  if (status === 'dismissed') return [`dismissed${when}`];
  return supersededAt === null
    ? ['held: it waits for a replay']
    : ['held, but a newer record of its key has come since: a replay changes nothing'];
}
