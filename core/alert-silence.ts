import { alertKey, type AlertPlace, type Severity, type Silenced } from './alert.ts';
import { InvalidInput } from './errors.ts';

/** What is to be silenced or routed. What is left out fits everything; `*` stands for any characters. */
export interface AlertMatch {
  /** Of one alert, by its key. */
  readonly key?: string | undefined;
  readonly rule?: string | undefined;
  readonly severity?: Severity | undefined;
  readonly partner?: string | undefined;
  readonly stream?: string | undefined;
  readonly subject?: string | undefined;
}

export interface Silence extends Silenced {
  readonly match: AlertMatch;
  /** ISO. */
  readonly since: string;
}

export type Matchable = AlertPlace & { readonly severity: Severity };

export function matches(match: AlertMatch, alert: Matchable): boolean {
  if (match.key !== undefined && match.key !== alertKey(alert)) return false;
  if (match.severity !== undefined && match.severity !== alert.severity) return false;
  return (['rule', 'partner', 'stream', 'subject'] as const).every(
    (field) => match[field] === undefined || fits(match[field], alert[field] ?? ''),
  );
}

/** The one of several that holds longest. */
export const silenceOn = (silences: readonly Silence[], alert: Matchable): Silence | undefined =>
  silences.filter(({ match }) => matches(match, alert)).toSorted((a, b) => b.until.localeCompare(a.until))[0];

/** `partner acme, rule rows-unusual`. */
export const matchWords = (match: AlertMatch): string =>
  Object.entries(match)
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => (field === 'key' ? `alert ${value}` : `${field} ${value}`))
    .join(', ');

/** A silence of everything would be a way to hear of nothing any more. */
export function checkMatch(match: AlertMatch): void {
  const named = Object.values(match).filter((value) => value !== undefined && value !== '' && !/^\*+$/.test(value));
  if (named.length === 0)
    throw new InvalidInput(
      'silence: expected an alert, a rule, a severity, a partner, a stream or a subject, found none',
    );
}

/** Whether a text is what a pattern says, in which * stands for any characters. */
export function fits(pattern: string, text: string): boolean {
  if (!pattern.includes('*')) return pattern === text;
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(text);
}
