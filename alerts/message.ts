import { placeWords, type AlertRow } from '../core/alert.ts';
import type { Cause } from './dispatch.ts';

/** What a channel is told: how things stand when it is sent. */
export interface AlertMessage {
  /** The same for every attempt to send it: a receiver can leave out what it has. */
  readonly id: string;
  readonly cause: Cause;
  /** ISO. */
  readonly at: string;
  readonly open: readonly AlertRow[];
  readonly resolved: readonly AlertRow[];
}

/** `[PAGE] acme.orders: run-failed (and 2 more)`. */
export function titleOf({ cause, open, resolved }: AlertMessage): string {
  const [first] = open.length > 0 ? open.toSorted(bySeverity) : resolved;
  if (first === undefined) return '[TEST] Syncline';
  const state = cause === 'test' ? 'TEST' : open.length === 0 ? 'OVER' : first.severity.toUpperCase();
  const more = open.length + resolved.length - 1;
  const note = cause === 'repeat' ? ', still open' : cause === 'escalation' ? ', escalated' : '';
  return `[${state}] ${placeWords(first)}: ${first.rule}${more > 0 ? ` (and ${more} more)` : ''}${note}`;
}

const bySeverity = (a: AlertRow, b: AlertRow): number => a.severity.localeCompare(b.severity);

/** The whole message for people: of each alert what, since when, what it means, what to do, and how to silence it. */
export const textOf = (message: AlertMessage): string =>
  [...message.open.toSorted(bySeverity).map(openWords), ...message.resolved.map(overWords)].join('\n\n');

const openWords = (alert: AlertRow): string =>
  linesOf(alert)
    .map(({ label, text }) => `${label}${text}`)
    .join('\n');

/** An open alert in lines, each with what it is about. */
export const linesOf = (alert: AlertRow): readonly { readonly label: string; readonly text: string }[] => [
  { label: 'What:     ', text: alert.summary },
  { label: 'Since:    ', text: sinceWords(alert) },
  { label: 'Means:    ', text: alert.meaning },
  { label: 'Do:       ', text: alert.whatToDo },
  { label: 'Runbook:  ', text: alert.runbook },
  { label: 'Silence:  ', text: silenceCommand(alert) },
];

const sinceWords = ({ since, openedAt }: AlertRow): string =>
  Math.abs(Date.parse(openedAt) - Date.parse(since)) < 60_000
    ? minute(since)
    : `${minute(since)}, told since ${minute(openedAt)}`;

export const overWords = ({ summary, resolvedAt }: AlertRow): string =>
  `Over since ${minute(resolvedAt ?? '')}: ${summary}`;

/** What to type to hear of it no more for a time. */
export const silenceCommand = ({ id }: Pick<AlertRow, 'id'>): string =>
  `\`syncline alerts silence ${id} --for 2h --reason …\``;

const minute = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`;

/** What `syncline alerts test` sends: it stands for an alert, and says that it is none. */
export function testMessage(
  id: string,
  { at, runbook }: { readonly at: string; readonly runbook: string },
): AlertMessage {
  const alert: AlertRow = {
    id: 0,
    rule: 'test',
    severity: 'ticket',
    partner: null,
    stream: null,
    subject: 'test',
    since: at,
    openedAt: at,
    lastSeenAt: at,
    resolvedAt: null,
    silenced: null,
    summary: 'This is a test by `syncline alerts test`: nothing is wrong',
    meaning: 'The channel works.',
    whatToDo: 'Nothing.',
    runbook,
  };
  return { id, cause: 'test', at, open: [alert], resolved: [] };
}
