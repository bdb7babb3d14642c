import type { AlertFacts } from '../../core/alert-facts.ts';
import { formatDuration } from '../../core/duration.ts';
import { ageText } from '../../core/freshness.ts';
import { differenceKinds } from '../../core/target-comparison.ts';
import type { Found } from '../find.ts';

/** What comparisons of targets with the store found, or did not come to. */
export const compareEnds = ({ compared }: AlertFacts): readonly Found[] =>
  compared.flatMap(({ target, partner, stream, differs, failed }): readonly Found[] => {
    const place = { partner, stream, subject: target };
    const table = `${partner}.${stream} in ${target}`;
    return [
      ...(differs === null
        ? []
        : [
            {
              rule: 'target-differs' as const,
              ...place,
              since: differs.since,
              summary: `${table} differs from the store: ${differenceKinds
                .filter((kind) => differs.counts[kind] > 0)
                .map((kind) => `${differs.counts[kind]} ${kind}`)
                .join(', ')} (comparison ${differs.comparison})`,
            },
          ]),
      ...(failed === null
        ? []
        : [
            {
              rule: 'compare-failed' as const,
              ...place,
              since: failed.at,
              summary: `the comparison ${failed.comparison} of ${table} failed: ${failed.reason}`,
            },
          ]),
    ];
  });

/** Tables of which no comparison has proven anything for longer than slots of the schedule lie apart, and a day. */
export const comparesLate = ({ compareDues, nowMs }: AlertFacts): readonly Found[] =>
  compareDues.flatMap(({ target, partner, stream, withinMs, lastAt, knownSince, doubt, runningSince }) => {
    // Whoever pauses a schedule for a month is not told at once when it goes on.
    const from = Math.max(Date.parse(knownSince), lastAt === null ? 0 : Date.parse(lastAt));
    if (nowMs - from <= withinMs) return [];
    const never =
      lastAt === null ? 'has never been proven' : `was last proven ${ageText(nowMs - Date.parse(lastAt))} ago`;
    const why = doubt === null ? '' : `; the last comparison proves nothing: ${doubt}`;
    const goes = runningSince === null ? '' : `; one is going since ${runningSince}`;
    return [
      {
        rule: 'compare-late',
        partner,
        stream,
        subject: target,
        since: new Date(from + withinMs).toISOString(),
        summary: `that ${partner}.${stream} in ${target} is as in the store ${never}, and should be within ${formatDuration(withinMs)}${why}${goes}`,
      },
    ];
  });
