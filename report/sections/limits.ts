import { formatDuration } from '../../core/duration.ts';
import type { Evidence } from '../../store/partner-report/period.ts';
import type { ToldLimits } from '../../store/partner-report/told-limits.ts';
import { MOST_JUDGED } from '../../store/partner-report/throttled-calls.ts';
import { count, counted } from '../../ui/parts/numbers.ts';
import type { PartnerReport } from '../partner-report.ts';
import { code, evidence, evidenceColumns, tableOf, type Section, type SectionTable } from '../write/section.ts';

export function limitsSection({ limits }: Pick<PartnerReport, 'limits'>): Section {
  const { declared, within, above, unclear, told } = limits;
  const judged = [
    ...(within.calls > 0 ? [`${counted(within.calls, 'call')} within every documented limit`] : []),
    ...(above.calls > 0 ? [`${counted(above.calls, 'call')} above one of them, which was our fault`] : []),
    ...unclear.map(({ why, calls }) => `${counted(calls, 'call')} that cannot be told (${why})`),
  ];
  const all = within.calls + above.calls + unclear.reduce((sum, { calls }) => sum + calls, 0);
  return {
    title: 'Limits, told and kept',
    says: [
      declared.length === 0
        ? 'No limit is documented to us.'
        : 'What we were told, and the most calls that we sent in any such time, by our own clock.',
      judged.length === 0
        ? 'No call was refused as one too many.'
        : `Refused as one call too many${all === MOST_JUDGED ? ', of the newest ones' : ''}: ${judged.join('; ')}.`,
      ...(judged.length === 0
        ? []
        : [
            'We count the calls of one definition: others that use the same login are not among them. Streams with a login of their own are left out.',
          ]),
    ],
    tables: [
      ...tableOf(
        'Documented limits',
        ['Limit', 'Documented', 'Most of ours', 'Not counted, since'],
        declared.map(({ name, says, busiest, why }) => [
          code(name),
          says,
          busiest === null ? '' : count(busiest),
          why ?? '',
        ]),
        ['Most of ours'],
      ),
      ...refusals('Refused within the documented limits', within.examples),
      ...refusals('Refused above a documented limit: our fault', above.examples),
      ...tableOf(
        'Limits told by other means than a 429 with a time to wait, with the newest call of each kind',
        ['Stream', 'Status', 'What was told', 'Calls', 'Asked to wait', ...evidenceColumns],
        told.map((of) => [
          of.stream,
          of.status === null ? 'no answer' : String(of.status),
          wordsOf(of),
          count(of.calls),
          waitOf(of),
          ...evidence(of),
        ]),
        ['Calls'],
      ),
    ],
  };
}

const wordsOf = ({ refused, told, status }: ToldLimits): string => {
  if (!refused)
    return told === 'wait' ? 'not refused as too many, but asked to wait' : `${cameOf(status)}, and nothing is left`;
  if (told === 'nothing') return 'refused as one call too many, without saying for how long';
  return `refused as one call too many${told === 'used-up' ? ', and nothing is left' : ''}`;
};

const cameOf = (status: number | null): string => (status !== null && status < 400 ? 'a good answer' : 'an error');

/** `30s`, `10s to 5m`; empty: not said. */
function waitOf({ shortestMs, longestMs }: ToldLimits): string {
  if (shortestMs === null || longestMs === null) return '';
  const [shortest, longest] = [formatDuration(shortestMs), formatDuration(longestMs)];
  return shortest === longest ? shortest : `${shortest} to ${longest}`;
}

const refusals = (caption: string, calls: readonly Evidence[]): readonly SectionTable[] =>
  tableOf(
    caption,
    ['Stream', ...evidenceColumns],
    calls.map((call) => [call.stream, ...evidence(call)]),
  );
