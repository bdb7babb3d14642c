import { exactDuration, formatDuration, SECOND } from './duration.ts';
import { waitWords, type GrantEnd, type GrantWait } from './grant-waits.ts';

interface Waited {
  readonly reason: GrantWait;
  readonly ms: number;
}

/** Shorter waits are how things work, and say nothing. */
const LEAST_MS = 10;

/** `40ms`, `16.1s`, `4m 12s`. */
export const waitText = (ms: number): string => (ms < SECOND ? formatDuration(ms) : exactDuration(ms));

/** `2s for the declared rate, 40ms for a free worker, or the rate of its queue`; '' where nothing was waited for. */
export const waitedWords = (waits: readonly Waited[]): string =>
  waits
    .filter(({ ms }) => ms >= LEAST_MS)
    .map(({ reason, ms }) => `${waitText(ms)} for ${waitWords[reason]}`)
    .join('; ');

type ShownEnd = GrantEnd | 'lost' | 'open';

const endWords: Readonly<Record<ShownEnd, string>> = {
  more: 'it had had its share, and the next one went on',
  done: 'all was read',
  deferred: 'waits',
  failed: 'failed',
  stopped: 'stopped: the run was cancelled, or its worker left',
  lost: 'no end is known: its worker was killed, or lost the database',
  open: 'goes on',
};

/** How a grant ended, in words. Times are ISO. */
export function grantEndWords(grant: {
  readonly ended: ShownEnd;
  readonly until: string | null;
  readonly cause: string | null;
}): string {
  const { ended, until, cause } = grant;
  const when = until === null ? '' : ` until ${until.slice(0, 19).replace('T', ' ')}`;
  return `${endWords[ended]}${when}${cause === null ? '' : `: ${cause}`}`;
}
