import type { BackfillReport } from '../messages/backfill.ts';
import type { Allowance, Estimate } from '../core/backfill-estimate.ts';
import type { BackfillTally } from '../core/backfill-tally.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../core/duration.ts';
import type { Output } from './output.ts';

/** `3 days 4 h`, `2 h 5 min`, `40 s`: as exact as an estimate is. */
export function roughly(ms: number): string {
  const parts = (big: number, bigName: string, small: number, smallName: string): string => {
    const [many, rest] = [Math.floor(ms / big), Math.round((ms % big) / small)];
    return rest === 0 ? `${many} ${bigName}` : `${many} ${bigName} ${rest} ${smallName}`;
  };
  if (ms >= DAY) return parts(DAY, ms >= 2 * DAY ? 'days' : 'day', HOUR, 'h');
  if (ms >= HOUR) return parts(HOUR, 'h', MINUTE, 'min');
  return ms >= MINUTE ? parts(MINUTE, 'min', SECOND, 's') : `${Math.max(1, Math.round(ms / SECOND))} s`;
}

export function describeEstimate({ requests, ms, because }: Estimate): string {
  const many = requests === null ? '' : `about ${number(requests)} requests`;
  if (ms === null || because === null) return many || 'nobody knows yet how long it takes';
  return `${many === '' ? '' : `${many}, `}about ${roughly(ms)} (by ${because})`;
}

/** The part of each quota that some requests are, where it is counted over an hour or more. */
export function shareOfQuotas(
  requests: number,
  allowances: readonly Allowance[],
): readonly { readonly name: string; readonly share: number; readonly forBackfills: number }[] {
  return allowances
    .filter(({ kind, perMs }) => kind === 'quota' || (kind === 'window' && perMs >= HOUR))
    .map(({ name, share, requests: most }) => ({ name, share: (requests * share) / most, forBackfills: share }));
}

export function printTally(
  output: Output,
  of: BackfillTally & { readonly windows: number; readonly left: number },
): void {
  const columns = ['windows', 'ok', 'partial', 'suspect', 'failed', 'skipped', 'left', 'records', 'requests'];
  output.table([{ ...of, records: of.rows }], columns);
  if (of.problems.length > 0)
    output.table(
      of.problems.map((problem) => ({ ...problem })),
      ['window', 'outcome', 'reason'],
    );
  const more = of.partial + of.suspect + of.failed - of.problems.length;
  if (more > 0) output.say(`… and ${more} more: \`syncline backfill show ID --windows\` has them all.`);
}

export function printReport(output: Output, report: BackfillReport): void {
  printTally(output, report);
  if (report.reason !== null) output.say(report.reason);
  output.say(`Outcome ${report.outcome}.`);
}

export const number = (value: number): string => Math.round(value).toLocaleString('en-US');
