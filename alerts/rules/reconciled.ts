import type { AlertFacts } from '../../core/alert-facts.ts';
import { ageText } from '../../core/freshness.ts';
import { formatDuration } from '../../core/duration.ts';
import type { Found } from '../find.ts';

/** What reconciliations found, or did not come to. */
export const reconcileEnds = ({ reconciled }: AlertFacts): readonly Found[] =>
  reconciled.flatMap(({ partner, stream, differs, unproven, failed }): readonly Found[] => {
    const place = { partner, stream };
    return [
      ...(differs === null
        ? []
        : [
            {
              rule: 'reconcile-differs' as const,
              ...place,
              since: differs.since,
              summary: `${partner}.${stream} differs from the partner: ${differs.open.map(([kind, count]) => `${count} ${kind}`).join(', ')} (${differs.id})`,
            },
          ]),
      ...(unproven === null
        ? []
        : [
            {
              rule: 'reconcile-unproven' as const,
              ...place,
              since: unproven.since,
              summary: `the reconciliation ${unproven.id} proves nothing: ${unproven.reason}`,
            },
          ]),
      ...(failed === null
        ? []
        : [
            {
              rule: 'reconcile-failed' as const,
              ...place,
              since: failed.since,
              summary: `the reconciliation ${failed.id} failed: ${failed.reason}`,
            },
          ]),
    ];
  });

/** Schedules whose reconciliations have not ended for longer than they lie apart, and a day. */
export const reconcilesLate = ({ dues, nowMs }: AlertFacts): readonly Found[] =>
  dues.flatMap(({ partner, stream, schedule, withinMs, lastAt, knownSince, runningSince }) => {
    // Whoever pauses a schedule for a month is not told at once when it goes on.
    const from = Math.max(Date.parse(knownSince), lastAt === null ? 0 : Date.parse(lastAt));
    if (nowMs - from <= withinMs) return [];
    const never = lastAt === null ? 'has never ended' : `has not ended for ${ageText(nowMs - Date.parse(lastAt))}`;
    const goes = runningSince === null ? '' : `; one is going since ${runningSince}`;
    return [
      {
        rule: 'reconcile-late',
        partner,
        stream,
        subject: schedule,
        since: new Date(from + withinMs).toISOString(),
        summary: `the reconciliation ${schedule} of ${partner}.${stream} ${never}, and should within ${formatDuration(withinMs)}${goes}`,
      },
    ];
  });

export const joinsFailed = ({ failedJoins }: AlertFacts): readonly Found[] =>
  failedJoins.map(({ name, at }) => ({
    rule: 'join-failed',
    subject: name,
    since: at,
    summary: `the last joining of new rows of ${name} failed`,
  }));
