import { doubtKinds } from '../decide/doubt-kinds.ts';
import type { PartnerReport } from '../partner-report.ts';
import { count, counted } from '../../ui/parts/numbers.ts';
import { code, evidence, evidenceColumns, tableOf, type Section } from '../write/section.ts';

const sum = (of: readonly number[]): number => of.reduce((total, each) => total + each, 0);

export function overviewSection(report: PartnerReport): Section {
  const { streams, totals, doubts, errors, limits, fields, unfit } = report;
  const changes = fields.flatMap((stream) => stream.changes);
  const found = (
    [
      [
        totals.length,
        'reading with a stated total that was not true',
        'readings with a stated total that was not true',
      ],
      [doubts.length, 'reading whose end was in doubt', 'readings whose end was in doubt'],
      [sum(errors.map(({ calls }) => calls)), 'failed call', 'failed calls'],
      [limits.within.calls, 'call refused within the documented limits', 'calls refused within the documented limits'],
      [sum(report.latency.map(({ slow }) => slow.length)), 'slow hour of a stream', 'slow hours of streams'],
      [
        changes.length,
        'field that is not as documented, or not as before',
        'fields that are not as documented, or not as before',
      ],
      [
        sum(unfit.map(({ records }) => records)),
        'record that did not fit the documentation',
        'records that did not fit the documentation',
      ],
    ] as const
  ).flatMap(([n, one, many]) => (n === 0 ? [] : [counted(n, one, many)]));
  return {
    title: 'At a glance',
    says: [found.length === 0 ? 'Nothing was found that is worth telling.' : `Found: ${found.join('; ')}.`],
    tables: tableOf(
      'What we read',
      ['Stream', 'Path', 'Runs', 'Not as they should be', 'Records', 'Calls', 'Failed calls'],
      streams.map((of) => [
        of.stream,
        code(of.path),
        count(of.runs),
        count(of.notOk),
        count(of.records),
        count(of.calls),
        count(of.failedCalls),
      ]),
      ['Runs', 'Not as they should be', 'Records', 'Calls', 'Failed calls'],
    ),
  };
}

const beforeSays = (n: number): string =>
  `In the time before there ${n === 1 ? 'was one such reading' : `were ${n === 0 ? 'none' : count(n)}`}.`;

export const totalsSection = ({ totals, before }: PartnerReport): Section => ({
  title: 'Totals that were not true',
  says: [
    totals.length === 0
      ? 'Every total that the API stated was the number of records that came.'
      : 'The API stated how many records there are, and another number came until its listing ended. Records are counted by their keys; the request is the last page. Where more came than stated, some may have been added while we read.',
    beforeSays(before.totals),
  ],
  tables: tableOf(
    'Stated and counted',
    ['Stream', 'Stated', 'Came', 'Came more than once', ...evidenceColumns],
    totals.map((of) => [
      of.stream,
      count(of.stated),
      count(of.came),
      of.repeated === null ? 'not known' : count(of.repeated),
      ...evidence(of),
    ]),
    ['Stated', 'Came', 'Came more than once'],
  ),
});

export const doubtsSection = ({ doubts, before }: PartnerReport): Section => ({
  title: 'Repeated pages, and other ends in doubt',
  says: [
    doubts.length === 0
      ? 'No page was repeated, and every listing ended clearly.'
      : 'Of these readings we cannot say that they brought all there is. Only the first reason of each is shown.',
    beforeSays(before.doubts),
  ],
  tables: tableOf(
    'Why',
    ['Stream', 'What happened', ...evidenceColumns],
    doubts.map((of) => [of.stream, doubtKinds[of.kind], ...evidence(of)]),
  ),
});
