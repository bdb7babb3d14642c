import type { AlertPlace, Finding } from '../core/alert.ts';
import { catalog, RUNBOOKS, type RuleName } from './catalog.ts';

/** What a rule says of a place; what is the same for all alerts of the rule is added by `findingOf`. */
export interface Found {
  readonly rule: RuleName;
  readonly partner?: string | null;
  readonly stream?: string | null;
  readonly subject?: string | null;
  readonly since: string;
  readonly summary: string;
  /** How long it must hold before anybody is told, where that is not the same for the whole rule. */
  readonly forMs?: number;
}

export function findingOf(found: Found, runbooks: string = RUNBOOKS): Finding {
  const { rule, partner = null, stream = null, subject = null, since, summary } = found;
  const place: AlertPlace = { rule, partner, stream, subject };
  const { severity, forMs, meaning, whatToDo } = catalog[rule];
  return {
    ...place,
    severity,
    forMs: found.forMs ?? forMs,
    since,
    summary: summary.length > MOST_CHARS ? `${summary.slice(0, MOST_CHARS - 1)}…` : summary,
    meaning,
    whatToDo: whatToDo(place),
    runbook: `${runbooks}#${rule}`,
  };
}

/** Reasons of runs may be long; the run has them whole. */
const MOST_CHARS = 600;
