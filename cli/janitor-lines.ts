import { leftoverWords } from '../core/leftover.ts';
import type { JanitorFinding, JanitorReport } from '../store/janitor/reports.ts';

export const findingColumns = ['what', 'where', 'count', 'since', 'what to do'] as const;

export const findingRow = ({ kind, place, count, since, removed }: JanitorFinding) => ({
  what: leftoverWords[kind].what,
  where: place,
  count,
  since: since?.slice(0, 10) ?? '',
  'what to do': removed >= count ? 'removed' : leftoverWords[kind].todo,
});

/** What is left for the janitor, and for people. */
export function leftOf({ findings }: Pick<JanitorReport, 'findings'>): {
  readonly removable: number;
  readonly person: number;
} {
  const left = findings.filter(({ count, removed }) => removed < count);
  const by = (who: 'janitor' | 'person'): number => left.filter(({ kind }) => leftoverWords[kind].by === who).length;
  return { removable: by('janitor'), person: by('person') };
}
