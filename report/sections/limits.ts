import type { Evidence } from '../../store/partner-report/period.ts';
import { MOST_JUDGED } from '../../store/partner-report/throttled-calls.ts';
import { count, counted } from '../../ui/parts/numbers.ts';
import type { PartnerReport } from '../partner-report.ts';
import { code, evidence, evidenceColumns, tableOf, type Section, type SectionTable } from '../write/section.ts';

export function limitsSection({ limits }: PartnerReport): Section {
  const { declared, within, above, unclear } = limits;
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
    ],
  };
}

const refusals = (caption: string, calls: readonly Evidence[]): readonly SectionTable[] =>
  tableOf(
    caption,
    ['Stream', ...evidenceColumns],
    calls.map((call) => [call.stream, ...evidence(call)]),
  );
