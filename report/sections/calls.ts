import type { CallError } from '../../core/call.ts';
import { formatDuration } from '../../core/duration.ts';
import { count } from '../../ui/parts/numbers.ts';
import type { SlowHour } from '../decide/slow-hours.ts';
import type { ErrorKind, PartnerReport } from '../partner-report.ts';
import { code, evidence, evidenceColumns, second, tableOf, type Cell, type Section } from '../write/section.ts';

const kinds: Readonly<Record<CallError, string>> = {
  throttled: 'refused as one call too many',
  server: 'failed on your side',
  credentials: 'login refused',
  refused: 'refused',
  skipped: 'refused, and passed over by us',
  again: 'to be asked again',
  timeout: 'no complete answer in time',
  connection: 'no connection, or a broken one',
  answer: 'an answer that could not be read',
  cancelled: 'broken off by us',
};

const whatOf = ({ kind, code: node, token }: ErrorKind): string =>
  `${kinds[kind]}${node === null ? '' : ` (${node})`}${token ? ', of a token' : ''}`;

/** `12 of 3,400 (0.35%)`. */
const share = (calls: number, of: number): string =>
  `${count(calls)} of ${count(of)}${of > 0 ? ` (${count(Number(((calls / of) * 100).toPrecision(2)))}%)` : ''}`;

const answered = (status: number | null): Cell => (status === null ? 'no answer' : String(status));

export function errorsSection({ errors, known }: PartnerReport): Section {
  return {
    title: 'Calls that failed',
    says: [
      known.calls === null
        ? 'No call is kept, so nothing is known of them.'
        : errors.length === 0
          ? 'No call failed.'
          : 'Each kind of failure with its share of all calls. A refusal may be a fault of ours: the ids let both sides find out.',
    ],
    tables: [
      ...tableOf(
        'By kind',
        ['Stream', 'What happened', 'Status', 'Calls', 'Before', 'First (UTC)', 'Last (UTC)'],
        errors.map((of) => [
          of.stream,
          whatOf(of),
          answered(of.status),
          share(of.calls, of.of),
          of.before === null ? 'not known' : share(of.before.calls, of.before.of),
          second(of.firstAt),
          second(of.lastAt),
        ]),
        ['Calls', 'Before'],
      ),
      ...tableOf(
        'The newest of each kind',
        ['Stream', 'Call', 'What happened', 'Status', ...evidenceColumns],
        errors.flatMap((of) =>
          of.examples.map((call) => [of.stream, code(call.call), whatOf(of), answered(of.status), ...evidence(call)]),
        ),
      ),
    ],
  };
}

const hourOf = ({ hour }: SlowHour): string =>
  `${String(hour).padStart(2, '0')}:00 to ${String(hour).padStart(2, '0')}:59`;

export function latencySection({ latency }: PartnerReport): Section {
  const slow = latency.flatMap(({ stream, slow }) => slow.map((hour) => ({ stream, hour })));
  return {
    title: 'How long answers took, and slow hours',
    says:
      latency.length === 0
        ? ['No answer is kept in the log of calls.']
        : [
            'From sending to the last byte, of answers that brought something; rounded to two digits.',
            slow.length === 0
              ? 'No hour of the day was clearly slower than the others.'
              : 'Some hours of the day were clearly slower than the others of the same stream.',
          ],
    tables: [
      ...tableOf(
        'By stream',
        ['Stream', 'Answers', 'Median', '95 of 100 within', 'Median before', '95 of 100 before'],
        latency.map(({ stream, now, before }) => [
          stream,
          count(now.calls),
          formatDuration(now.medianMs),
          formatDuration(now.p95Ms),
          before === null ? 'not known' : formatDuration(before.medianMs),
          before === null ? 'not known' : formatDuration(before.p95Ms),
        ]),
        ['Answers', 'Median', '95 of 100 within', 'Median before', '95 of 100 before'],
      ),
      ...tableOf(
        'Slow hours',
        [
          'Stream',
          'Hour (UTC)',
          'Answers',
          'Median',
          'Median of the rest',
          '95 of 100 within',
          '95 of 100 of the rest',
        ],
        slow.map(({ stream, hour }) => [
          stream,
          hourOf(hour),
          count(hour.calls),
          formatDuration(hour.medianMs),
          formatDuration(hour.rest.medianMs),
          formatDuration(hour.p95Ms),
          formatDuration(hour.rest.p95Ms),
        ]),
        ['Answers', 'Median', 'Median of the rest', '95 of 100 within', '95 of 100 of the rest'],
      ),
    ],
  };
}
