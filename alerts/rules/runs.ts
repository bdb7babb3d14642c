import type { AlertFacts } from '../../core/alert-facts.ts';
import { describeLateness, freshnessOf } from '../../core/freshness.ts';
import type { Found } from '../find.ts';

const rules = { failed: 'run-failed', suspect: 'run-suspect', partial: 'run-partial' } as const;

/** How the last run of each stream ended. A run that was deferred is late in time, by `data-late`. */
export const runEnds = ({ streams }: AlertFacts): readonly Found[] =>
  streams.flatMap(({ partner, stream, last }) => {
    if (last === null || last.outcome === 'ok' || last.outcome === 'deferred') return [];
    const summary = `the last run of ${partner}.${stream} ended ${last.outcome}${last.reason === null ? '' : `: ${last.reason}`}`;
    return [{ rule: rules[last.outcome], partner, stream, since: last.finishedAt, summary }];
  });

/** Data older than the definition promises. A stream that was never read is as old as it is known. */
export const lateData = ({ streams, nowMs }: AlertFacts): readonly Found[] =>
  streams.flatMap(({ partner, stream, promiseMs, freshAt, knownSince }) => {
    const from = freshAt ?? knownSince;
    const freshness = freshnessOf(promiseMs ?? undefined, { freshAt: from, nowMs });
    if (freshness === null || !freshness.late || from === null) return [];
    const since = new Date(Date.parse(from) + freshness.promiseMs).toISOString();
    return [
      {
        rule: 'data-late',
        partner,
        stream,
        since,
        summary: `${partner}.${stream} is late: ${describeLateness({ ...freshness, ageMs: freshAt === null ? null : freshness.ageMs })}`,
      },
    ];
  });
