import { assertNever } from '../core/assert-never.ts';
import type { ColumnType } from '../core/column.ts';
import { columnText, jsonText, type ColumnText } from '../core/column-text.ts';
import { exactJson } from '../core/exact-numbers.ts';
import { parseJson } from '../core/json.ts';
import { sortableTime } from '../core/version.ts';

/**
 * The text of a value of one type as a column of another type takes it, or why it does not fit, without the value. `text` is the value's
 * own as its column has it. An empty text is null in all types but text.
 */
export function castText(to: ColumnType, { from, text, value }: Casting): ColumnText {
  if (to === from) return { text };
  if (to === 'text') return { text: from === 'boolean' ? String(text === 't') : text };
  const trimmed = text.trim();
  if (trimmed === '') return { text: null };
  switch (to) {
    case 'integer':
      if (from === 'boolean') return { text: text === 't' ? '1' : '0' };
      return fitting(
        to,
        columnText(to, /^[+-]?\d+(?:\.0*)?$/.test(trimmed) ? trimmed.replace(/^\+|\.0*$/g, '') : trimmed),
      );
    case 'number':
      if (from === 'boolean') return { text: text === 't' ? '1' : '0' };
      return fitting(to, columnText(to, trimmed));
    case 'boolean': {
      const said = truths[trimmed.toLowerCase()];
      return said === undefined ? refused(to) : { text: said };
    }
    case 'timestamp':
      return fitting(to, columnText(to, /^\d{4}-\d\d-\d\d$/.test(trimmed) ? `${trimmed}T00:00:00Z` : trimmed));
    case 'date':
      return fitting(to, from === 'timestamp' ? columnText(to, sortableTime(text).slice(0, 10)) : dateText(trimmed));
    case 'json':
      return from === 'text' ? parsedText(trimmed) : jsonText(exactJson(value, value), value);
    default:
      return assertNever(to);
  }
}

export interface Casting {
  readonly from: ColumnType;
  readonly text: string;
  readonly value: unknown;
}

const truths: Readonly<Record<string, 't' | 'f'>> = {
  ...Object.fromEntries(['t', 'true', 'yes', 'y', '1', 'on'].map((word) => [word, 't' as const])),
  ...Object.fromEntries(['f', 'false', 'no', 'n', '0', 'off'].map((word) => [word, 'f' as const])),
};

/** A day, or the day in UTC of a time. */
function dateText(text: string): ColumnText {
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return columnText('date', text);
  const time = columnText('timestamp', text);
  return 'reason' in time || time.text === null ? time : columnText('date', sortableTime(time.text).slice(0, 10));
}

function parsedText(text: string): ColumnText {
  try {
    const value = parseJson(text);
    return jsonText(exactJson(value, value), value);
  } catch {
    return refused('json');
  }
}

const fitting = (to: ColumnType, made: ColumnText): ColumnText => ('reason' in made ? refused(to) : made);
const refused = (to: ColumnType): ColumnText => ({
  reason: `expected a value that can be cast to ${to}, found another one`,
});
