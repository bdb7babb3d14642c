import { count } from '../../ui/parts/numbers.ts';
import type { FieldChange } from '../decide/field-changes.ts';
import type { PartnerReport, StreamFields } from '../partner-report.ts';
import { code, evidence, evidenceColumns, second, tableOf, type Section } from '../write/section.ts';

export function fieldsSection({ fields }: PartnerReport): Section {
  const changes = fields.flatMap((stream) => stream.changes);
  const hidden = fields.filter((stream) => stream.hidden > 0);
  return {
    title: 'Fields that appeared or changed',
    says: [
      changes.length === 0
        ? 'Every field was as documented and as before, in the records that we looked at.'
        : 'Fields at the top of records. The request is that of the first such record; of a field that is gone, of the first that had it.',
      ...hidden.map(
        ({ stream, hidden }) =>
          `${stream}: ${count(hidden)} more undocumented ${hidden === 1 ? 'field, whose name' : 'fields, whose names'} may be a value and is not shown.`,
      ),
    ],
    tables: [
      ...tableOf(
        'What is new',
        ['Stream', 'Field', 'What', 'Types', 'Types before', 'Records', ...evidenceColumns],
        changes.map((of) => [
          of.stream,
          code(of.field),
          words(of),
          of.types.join(', '),
          of.typesBefore.join(', '),
          count(of.records),
          ...evidence(of),
        ]),
        ['Records'],
      ),
      ...tableOf(
        'Records that were looked at',
        ['Stream', 'In this time', 'Before', 'The oldest came (UTC)'],
        fields
          .filter(({ since }) => since !== null)
          .map((of) => [of.stream, lookedAt(of), count(of.lookedBefore), second(of.since ?? '')]),
        ['In this time', 'Before'],
      ),
    ],
  };
}

const lookedAt = ({ looked, cut }: StreamFields): string => `${count(looked)}${cut ? ', the newest only' : ''}`;

function words({ kind, typesBefore }: FieldChange): string {
  if (kind === 'types') return 'has another type than before';
  if (kind === 'gone') return 'came with nearly every record before, and with none in this time';
  return typesBefore.length === 0 ? 'not documented, and new' : 'not documented; it came before, too';
}

export const unfitSection = ({ unfit }: PartnerReport): Section => ({
  title: 'Records that did not fit the documentation',
  says: [
    unfit.length === 0
      ? 'All records fitted.'
      : 'We hold these records back until the API or our definition is corrected. The request is that of the first one.',
  ],
  tables: tableOf(
    'By what did not fit',
    ['Stream', 'Field', 'What did not fit', 'Records', 'Last (UTC)', ...evidenceColumns],
    unfit.map((of) => [of.stream, code(of.path), of.says, count(of.records), second(of.lastAt), ...evidence(of)]),
    ['Records'],
  ),
});
