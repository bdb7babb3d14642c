import { isEpoch, isNamedFormat, type TimeFormat } from '../core/time-formats.ts';
import { timeReader } from '../core/read-time.ts';
import { sortableTime } from '../core/version.ts';
import { valueAt } from '../core/json.ts';
import { byNewNames } from './by-new-names.ts';
import type { CompiledStream } from '../definitions/compiled.ts';

/** How the field is read that moves the watermark. */
export interface MarkReader {
  readonly field: string;
  /** Sortable time of a record; what was found there in words where it has none. */
  readonly read: (record: unknown) => { readonly mark: string } | { readonly found: string };
}

const known = new WeakMap<object, MarkReader>();

/** Of a stream that is read by time. */
export function markReader({
  definition,
  aliases,
}: {
  readonly definition: Pick<CompiledStream['definition'], 'incremental' | 'times'>;
  readonly aliases?: CompiledStream['aliases'];
}): MarkReader | undefined {
  const { incremental, times } = definition;
  if (incremental === undefined) return undefined;
  const made = known.get(incremental);
  if (made !== undefined) return made;
  const { field, start } = incremental;
  const asked = start?.format ?? 'iso';
  const own = times !== undefined && Object.hasOwn(times, field) ? times[field] : undefined;
  const all = own === undefined ? times?.['*'] : undefined;
  const zone = own?.zone ?? all?.zone ?? start?.zone ?? incremental.zone ?? 'UTC';
  // The record was not checked yet: a time that does not exist would become a watermark that nothing can start from.
  const formats = own?.formats ?? [...usualFormats(asked), ...(all?.formats ?? [])];
  const read = timeReader({ formats, zone }, 'timestamp');
  const guesses = own?.formats === undefined && !isEpoch(asked);
  const reader: MarkReader = {
    field,
    read: (came) => {
      const record = aliases === undefined ? came : byNewNames(came, aliases);
      const value = valueAt(record, [field]) ?? valueAt(record, field);
      const time = read(value) ?? (guesses ? readDigits(value) : undefined);
      return typeof time === 'object' ? { mark: sortableTime(time.text) } : { found: wordOf(value) };
    },
  };
  known.set(incremental, reader);
  return reader;
}

/** Where the definition does not say how the field is written: what is no other time, too. */
const usualFormats = (asked: TimeFormat): readonly TimeFormat[] => [
  'iso',
  'date',
  'dotNet',
  'httpDate',
  ...(isEpoch(asked) ? [asked] : ['compact']),
  ...(isNamedFormat(asked) ? [] : [asked]),
];

const byDigits = [
  { most: 11, read: timeReader({ formats: ['epochSeconds'], zone: undefined }, 'timestamp') },
  { most: 14, read: timeReader({ formats: ['epochMs'], zone: undefined }, 'timestamp') },
  { most: 17, read: timeReader({ formats: ['epochMicros'], zone: undefined }, 'timestamp') },
  { most: 20, read: timeReader({ formats: ['epochNanos'], zone: undefined }, 'timestamp') },
];

/** An epoch by its size: seconds have 10 digits today, milliseconds 13. */
function readDigits(value: unknown): ReturnType<ReturnType<typeof timeReader>> {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const digits = /^(\d+)(?:\.\d+)?$/.exec(String(value))?.[1]?.length;
  return digits === undefined ? undefined : byDigits.find(({ most }) => digits <= most)?.read(value);
}

function wordOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (value === '') return 'an empty text';
  if (typeof value === 'string') return 'a text that is no time as `times` or ISO 8601 has it';
  if (typeof value === 'number') return 'a number that is no time';
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}
