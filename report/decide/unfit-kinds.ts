import type { UnfitRecords } from '../../store/partner-report/fields-of-period.ts';
import { shownNames, shownStep } from './shown-fields.ts';

/** Types and formats, as `definitions/mismatch.ts` names them: nothing else of a reason is shown. */
const typed =
  /^expected (?:[a-z]+(?: or [a-z]+)*|a value|one of the allowed (?:values|forms)), found (?:a fraction|nothing|null|a number too large|another (?:string|number|object|array|boolean)|string|number|object|array|boolean)$/;
const bound =
  /^expected (?:at least|more than|at most|less than) -?\d+(?:\.\d+)?(?: characters| items| fields)?, found (?:less|more)$/;
const fixed =
  /^expected (?:no such field: the schema allows no others|another name for this field|a [a-z-]+(?: pattern)?, found another string|a time with its zone)/;

export const kindOfReason = (reason: string): string => {
  if (typed.test(reason) || bound.test(reason)) return reason;
  return fixed.exec(reason)?.[0] ?? 'it breaks a rule of the documentation';
};

export interface UnfitField extends Omit<UnfitRecords, 'reason'> {
  readonly says: string;
}

/** Records that did not fit, those together that look alike once values are left out. The most frequent first. */
export function unfitFields(
  rows: readonly UnfitRecords[],
  namesOf: (stream: string) => ReadonlySet<string>,
): readonly UnfitField[] {
  const found = new Map<string, UnfitField>();
  const allowed = new Map(
    [...new Set(rows.map(({ stream }) => stream))].map((stream) => [stream, namesTold(rows, stream)]),
  );
  for (const { reason, ...row } of rows) {
    const path = shownStep(row.path, new Set([...namesOf(row.stream), ...(allowed.get(row.stream) ?? [])]));
    const says = kindOfReason(reason);
    const key = JSON.stringify([row.stream, path, says]);
    const known = found.get(key);
    found.set(key, known === undefined ? { ...row, path, says } : together(known, row));
  }
  return [...found.values()].toSorted((a, b) => b.records - a.records);
}

/** Of fields that the schema does not allow. */
function namesTold(rows: readonly UnfitRecords[], of: string): ReadonlySet<string> {
  const unnamed = rows.filter(({ stream, reason }) => stream === of && reason.startsWith('expected no such field'));
  return shownNames([...new Set(unnamed.map(({ path }) => path.split('.').at(-1) ?? ''))]).shown;
}

const together = (one: UnfitField, other: Omit<UnfitRecords, 'reason'>): UnfitField => ({
  ...one,
  ...(other.at < one.at ? { at: other.at, requestId: other.requestId, runId: other.runId } : {}),
  records: one.records + other.records,
  lastAt: other.lastAt > one.lastAt ? other.lastAt : one.lastAt,
});
