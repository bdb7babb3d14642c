import { MINUTE } from '../../core/duration.ts';
import { sortableTime } from '../../core/version.ts';
import { markReader, type MarkReader } from '../../records/read-mark.ts';

/** A partner's clock may run ahead by this much; a record from further in the future moves no watermark. */
const SKEW_MS = 10 * MINUTE;

/** The greatest value of the incremental field among some records, as sortable UTC; null when there is none. */
export function highMark(
  stream: Parameters<typeof markReader>[0],
  records: readonly unknown[],
  nowMs: number,
): string | null {
  const reader = markReader(stream);
  return reader === undefined ? null : highest(reader, records, nowMs);
}

function highest({ read }: MarkReader, records: readonly unknown[], nowMs: number): string | null {
  const ceiling = sortableTime(new Date(nowMs + SKEW_MS).toISOString());
  let high: string | null = null;
  for (const record of records) {
    const time = read(record);
    if ('mark' in time && (high === null || time.mark > high) && time.mark <= ceiling) high = time.mark;
  }
  return high;
}
