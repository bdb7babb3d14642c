import { alertKey, type Finding, type Settled, type StandingAlert } from '../core/alert.ts';
import { catalog } from './catalog.ts';

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
