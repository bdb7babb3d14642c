import type { Drift } from './compare.ts';
import { judge, meantToGrow, type WeekSample } from './judge.ts';
import type { Night } from './night.ts';

export interface SoakWeek {
  readonly week: number;
  readonly seconds: number;
  readonly nights: readonly Night[];
  readonly drifts: readonly Drift[];
  /** What stayed though nothing was under way. */
  readonly stays: readonly string[];
  /** What else was not as it should be. */
  readonly problems: readonly string[];
  readonly sample: WeekSample;
}

/**
 * These weeks come before anything is judged: caches fill, code is compiled. The heap of a status page comes to its height after 400 rounds of
 * all pages, which is 57 weeks, and has most of it after 100.
 */
export const warmUpOf = (weeks: number): number => Math.min(40, Math.floor(weeks / 3));

/** What is wrong, one line each; none: the soak holds. */
export function findingsOf(weeks: readonly SoakWeek[]): readonly string[] {
  const { growing } = judge(weeks.slice(warmUpOf(weeks.length)).map(({ sample }) => sample));
  return [
    ...weeks.flatMap(({ week, drifts, stays, problems }) => [
      ...drifts.map((drift) => `week ${week}: ${driftText(drift)}`),
      ...stays.map((each) => `week ${week}: stays at rest: ${each}`),
      ...problems.map((each) => `week ${week}: ${each}`),
    ]),
    ...growing.map(({ name, slope, growth, z, first, last }) => {
      const from = `from ${round(first)} to ${round(last)}`;
      return `grows: ${name}, ${from}, ${round(slope)} a week, ${round(growth)} in all (z ${round(z)})`;
    }),
  ];
}

const some = (rows: readonly string[]): string => `${rows.length} (${rows.slice(0, 3).join(', ')})`;

function driftText({ table, missing, tooMany, other }: Drift): string {
  return [
    `${table} differs from what its sender holds`,
    ...(missing.length > 0 ? [`lacks ${some(missing)}`] : []),
    ...(tooMany.length > 0 ? [`has too many: ${some(tooMany)}`] : []),
    ...(other.length > 0 ? [`${other.length} differ: ${other[0]}`] : []),
  ].join('; ');
}

export function linesOf(weeks: readonly SoakWeek[], findings: readonly string[]): readonly string[] {
  const judged = weeks.slice(warmUpOf(weeks.length));
  const { trends } = judge(judged.map(({ sample }) => sample));
  const nights = weeks.flatMap((week) => week.nights);
  return [
    `${weeks.length} weeks, ${nights.length} nights (${count(nights.map(({ outcome }) => outcome))}), ${nights.reduce((sum, { kills }) => sum + kills, 0)} workers killed`,
    `faults: ${count(nights.flatMap(({ faults }) => faults))}`,
    `judged: ${judged.length} weeks after ${weeks.length - judged.length} of warming up`,
    '',
    `${'at the end of each week'.padEnd(44)}${['first', 'median', 'last', 'most', 'a week', 'in all', 'z'].map((each) => each.padStart(10)).join('')}`,
    ...trends
      .filter(({ max }) => max > 0)
      .map((trend) => {
        const { name, first, median, last, max, slope, growth, z, grows } = trend;
        const numbers = [first, median, last, max, slope, growth, z].map((each) => round(each).padStart(10)).join('');
        const why = meantToGrow[name];
        return `${name.padEnd(44)}${numbers}  ${!grows ? 'flat' : why === undefined ? 'GROWS' : `grows: ${why}`}`;
      }),
    '',
    ...(findings.length === 0 ? ['No drift, no leak, nothing stays.'] : findings.map((finding) => `✗ ${finding}`)),
  ];
}

const count = (texts: readonly string[]): string =>
  [...new Set(texts)].map((text) => `${text} ${texts.filter((each) => each === text).length}`).join(', ');

const round = (value: number): string => String(Number(value.toFixed(Math.abs(value) < 1 ? 3 : 1)));
