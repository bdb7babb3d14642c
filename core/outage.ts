import { formatDuration } from './duration.ts';
import { RetryLater, WarehouseUnavailable } from './errors.ts';

/** What an answer says of the partner's health, whatever else it says. */
export interface JudgedAnswer {
  readonly status: number;
  readonly action: string;
  /** The wait the answer names, if any. */
  readonly resumeAt?: string;
}

/**
 * Whether an answer counts against the partner's health: 5xx and 408 that are to be tried again. Not 4xx, nor 429 or a 503 that
 * names its wait: those partners are up and tell us what to do.
 */
export function isPartnerFailure({ status, action, resumeAt }: JudgedAnswer): boolean {
  if (action === 'retry') return status >= 500 || status === 408;
  return action === 'throttled' && status >= 500 && resumeAt === undefined;
}

/** Whether an error of sending counts: not reached, broken off, timed out. Not our own database, a certificate or a URL. */
export const isTransportFailure = (error: unknown): boolean =>
  error instanceof RetryLater && !(error instanceof WarehouseUnavailable) && error.at.status === undefined;

export interface Trouble {
  readonly partner: string;
  /** ms since it began. */
  readonly sinceMs: number;
  /** ms until the next call; 0: now. */
  readonly nextMs: number;
  readonly lastError: string;
}

/** The last error in plain words and when the next call goes out: for runs, logs and the Temporal UI. */
export function describeTrouble({ partner, sinceMs, nextMs, lastError }: Trouble): string {
  const next = nextMs > 0 ? `asks again in ${formatDuration(nextMs)}` : 'is asking again';
  return `${partner} has not been answering for ${formatDuration(sinceMs)} (${lastError}); Syncline ${next}, with one call`;
}

/** What a person can do about the last error. */
export function adviseOn(partner: string, lastError: string): string {
  const [, cure] = cures.find(([pattern]) => pattern.test(lastError)) ?? ['', UNKNOWN];
  return `Syncline goes on by itself when the partner answers. ${cure} \`syncline partners check ${partner}\` asks it as soon as a call may go out, and shows the answer.`;
}

const UNKNOWN = 'If it lasts, look at the partner’s status page and ask their support.';

/** Node's error codes (nodejs.org/api/errors.html, common system errors) and what classify says of a status. */
const cures: readonly (readonly [RegExp, string])[] = [
  [/\b(ENOTFOUND|EAI_AGAIN)\b/, 'The host’s name is not found: check `baseUrl` and the DNS of this machine.'],
  [/\bECONNREFUSED\b/, 'Nothing listens there: check host and port of `baseUrl`, else the partner is down.'],
  [
    /\b(EHOSTUNREACH|ENETUNREACH|EACCES|EPERM)\b/,
    'No way leads there: check network, proxy and firewall of this machine.',
  ],
  [
    /\b(ETIMEDOUT|ESOCKETTIMEDOUT|UND_ERR_CONNECT_TIMEOUT|ECONNABORTED)\b|timed out|\b(408|504|524)\b/i,
    'The partner is too slow: if its answers are merely long, raise `timeout` or ask for smaller pages.',
  ],
  [/\b(ECONNRESET|EPIPE|broke off)\b/, 'The connection is cut: a proxy or firewall on the way, or the partner itself.'],
  [/\banswered 5\d\d\b/, 'The fault is at the partner: look at their status page and ask their support.'],
];
