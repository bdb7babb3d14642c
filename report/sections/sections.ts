import type { PartnerReport } from '../partner-report.ts';
import { second, type Section } from '../write/section.ts';
import { errorsSection, latencySection } from './calls.ts';
import { fieldsSection, unfitSection } from './fields.ts';
import { limitsSection } from './limits.ts';
import { doubtsSection, overviewSection, totalsSection } from './listings.ts';

const utc = (iso: string): string => `${second(iso)} UTC`;

export const titleOf = ({ partner }: PartnerReport): string => `Report about the API of ${partner}`;

export const introOf = ({ from, to }: PartnerReport): string =>
  `What the API did from ${utc(from)} to ${utc(to)}, beside its documentation as we have written it down, and beside what it did before. All times are UTC.`;

/** In the order in which a partner should read them. */
export const sectionsOf = (report: PartnerReport): readonly Section[] => [
  overviewSection(report),
  totalsSection(report),
  doubtsSection(report),
  errorsSection(report),
  latencySection(report),
  limitsSection(report),
  fieldsSection(report),
  unfitSection(report),
  knownSection(report),
];

const since = (iso: string | null): string => (iso === null ? 'nothing is kept' : `known since ${utc(iso)}`);

function knownSection({ known, from }: PartnerReport): Section {
  const late = known.calls !== null && known.calls > from ? ', so that a part of the time is not covered' : '';
  return {
    title: 'What this report knows',
    says: [
      `Calls: ${since(known.calls)}${late}. ${known.callsBefore === null ? 'No call of the time before is kept.' : `The time before is told as from ${utc(known.callsBefore)}.`}`,
      `Runs, totals and pages: ${since(known.runs)}. Records: as the tables above say.`,
      'A request id is the one that your answer named in a header such as X-Request-Id. The time of a call is when it left us. A run is a reading of ours: name it when you ask us about it.',
      'Paths show only what the documentation writes out, with {…} in place of everything else. This report holds no value of a record.',
    ],
    tables: [],
  };
}
