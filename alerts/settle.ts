import { alertKey, type Finding } from '../core/alert.ts';
import { catalog } from './catalog.ts';

/** An alert that is not over, as the store has it. */
export interface StandingAlert {
  readonly id: number;
  readonly key: string;
  readonly rule: string;
  readonly partner: string | null;
  readonly firstSeenMs: number;
  /** null: it does not hold for long enough yet. */
  readonly openedMs: number | null;
  readonly lastSeenMs: number;
}

/** What changes by a look. */
export interface Settled {
  /** Not known before; `opens`: somebody is to be told at once. */
  readonly add: readonly { readonly key: string; readonly finding: Finding; readonly opens: boolean }[];
  /** Still there, perhaps in other words. */
  readonly keep: readonly { readonly id: number; readonly finding: Finding; readonly opens: boolean }[];
  readonly resolve: readonly number[];
  /** Gone before anybody was told. */
  readonly drop: readonly number[];
}

/** `isKnown`: whether this look could see what an alert is about; of others nothing is concluded. */
export function settle(
  standing: readonly StandingAlert[],
  findings: readonly Finding[],
  { nowMs, isKnown = () => true }: { readonly nowMs: number; readonly isKnown?: (alert: StandingAlert) => boolean },
): Settled {
  const found = new Map(findings.map((finding) => [alertKey(finding), finding]));
  const known = new Map(standing.map((alert) => [alert.key, alert]));
  const missing = standing.filter((alert) => !found.has(alert.key) && isKnown(alert));
  const gone = missing.filter(({ rule, lastSeenMs }) => nowMs - lastSeenMs >= clearMs(rule));
  return {
    add: [...found]
      .filter(([key]) => !known.has(key))
      .map(([key, finding]) => ({ key, finding, opens: finding.forMs === 0 })),
    keep: [...found].flatMap(([key, finding]) => {
      const alert = known.get(key);
      if (alert === undefined) return [];
      return [{ id: alert.id, finding, opens: alert.openedMs === null && nowMs - alert.firstSeenMs >= finding.forMs }];
    }),
    resolve: gone.filter(({ openedMs }) => openedMs !== null).map(({ id }) => id),
    drop: missing.filter(({ openedMs }) => openedMs === null).map(({ id }) => id),
  };
}

/** A rule that is no more clears at once. */
const clearMs = (rule: string): number =>
  (catalog as Readonly<Record<string, { clearMs: number } | undefined>>)[rule]?.clearMs ?? 0;
