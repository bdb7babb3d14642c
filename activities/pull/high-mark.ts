import { MINUTE } from '../../core/duration.ts';
import { columnText } from '../../core/column-text.ts';
import { valueAt } from '../../core/json.ts';
import { sortableTime } from '../../core/version.ts';
import type { Incremental, TimeFormat } from '../../definitions/definition.ts';

/** The field that moves forward, and how the partner writes its times. */
interface Moving extends Pick<Incremental, 'field'> {
  readonly format: TimeFormat;
}

/** A partner's clock may run ahead by this much; a record from further in the future moves no watermark. */
const SKEW_MS = 10 * MINUTE;

/** The greatest value of the incremental field among some records, as sortable UTC; null when there is none. */
export function highMark(incremental: Moving | undefined, records: readonly unknown[], nowMs: number): string | null {
  if (incremental === undefined) return null;
  const ceiling = sortableTime(new Date(nowMs + SKEW_MS).toISOString());
  const path = incremental.field.split('.');
  let high: string | null = null;
  for (const record of records) {
    const mark = timeOf(valueAt(record, path), incremental);
    if (mark !== null && (high === null || mark > high) && mark <= ceiling) high = mark;
  }
  return high;
}

function timeOf(value: unknown, { format }: Moving): string | null {
  if (typeof value === 'number') {
    const time = new Date(format === 'epochSeconds' ? value * 1000 : value);
    return Number.isNaN(time.getTime()) ? null : sortableTime(time.toISOString());
  }
  if (typeof value !== 'string') return null;
  // The record was not checked yet: a time that does not exist would become a watermark that nothing can start from.
  const time = columnText('timestamp', /^\d{4}-\d\d-\d\d$/.test(value) ? `${value}T00:00:00Z` : value);
  return 'reason' in time || time.text === null ? null : sortableTime(time.text);
}
