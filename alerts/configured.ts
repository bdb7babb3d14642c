import type { Finding, Severity } from '../core/alert.ts';
import { fits } from '../core/alert-silence.ts';
import type { AlertRuleSetting, AlertSettings } from '../definitions/alerts.ts';
import { findingOf, type Found } from './find.ts';

type Place = Pick<Finding, 'rule' | 'partner' | 'stream' | 'subject'>;
type Patterns = { readonly [field in keyof Place]?: string | readonly string[] | undefined };

/** Each field that is given fits by one of its patterns. */
export const placeFits = (patterns: Patterns, place: Place): boolean =>
  (['rule', 'partner', 'stream', 'subject'] as const).every((field) => {
    const of = patterns[field];
    return of === undefined || [of].flat().some((pattern) => fits(pattern, place[field] ?? ''));
  });

/** Findings as an installation weighs them: those that it has turned off are left out. */
export function configuredFindings(found: readonly Found[], { rules, runbooks }: AlertSettings): readonly Finding[] {
  return found.flatMap((one): readonly Finding[] => {
    const finding = findingOf(one, runbooks);
    const severity = weightOf(finding, rules);
    return severity === 'off' ? [] : [{ ...finding, severity }];
  });
}

const weightOf = (finding: Finding, rules: readonly AlertRuleSetting[]): Severity | 'off' =>
  rules.findLast((setting) => placeFits(setting, finding))?.severity ?? finding.severity;

/** Whether few rows of a day are no news. */
export const isQuietDay = (day: string, { quietDays }: AlertSettings): boolean =>
  quietDays.some((quiet) => quiet === day || quiet === day.slice(5));
