import { fieldsOf } from '../../../../definitions/json-schema.ts';
import type { StreamDefinition } from '../../../../definitions/definition.ts';
import type { CsvFormat } from '../../../../definitions/formats.ts';
import { includedNames } from '../../../../definitions/mentions.ts';
import { recordInput } from '../../../../definitions/record-schema.ts';
import { csvText, type CsvStyle } from '../../../../recordings/csv-text.ts';
import { WORDS } from '../plain-schema.ts';
import type { Made } from '../record-of.ts';
import type { TextWriter } from './text-writer.ts';

export interface TableStyle extends Required<CsvStyle> {
  /** It begins with a byte order mark, as tables of Excel do. */
  readonly isMarked: boolean;
  /** Its last row has a line end. */
  readonly isEnded: boolean;
}

/** Rows of a table have all its columns: a field that is not there is an empty one, or null where the format has a text for that. */
export function csvWriter(definition: StreamDefinition, format: CsvFormat, style: TableStyle): TextWriter {
  const { columns, nulls, encoding } = format;
  const schema = recordInput(definition.schema);
  const ofParent = Object.values(includedNames(definition));
  const names = columns ?? [...fieldsOf(schema, schema).keys()].filter((name) => !ofParent.includes(name));
  const none = nulls.length > 0 ? null : '';
  const mark = style.isMarked && (encoding === undefined || /^utf-?(8|16)/i.test(encoding)) ? MARK : '';
  const skipped = Array.from({ length: format.skipLines }, (_, i) => `Report "${i + 1}${style.lineEnd}`).join('');
  let written = 0;
  const cell = (value: unknown): string => {
    if (value === null || value === undefined) return nulls[written++ % nulls.length] ?? '';
    return typeof value === 'string' ? value : JSON.stringify(value);
  };
  return {
    contentType: 'text/csv',
    kind: {
      isWhole: true,
      nulls: nulls.length > 0,
      words: WORDS.filter((word) => csvText([[word, word]], format) !== undefined),
    },
    fit: (record) => Object.fromEntries(names.map((name) => [name, record[name] ?? none])),
    write: (content) => {
      const header = columns === undefined ? [names] : [];
      const rows = (content as readonly Made[]).map((record) => names.map((name) => cell(record[name])));
      if (header.length + rows.length === 0) return '';
      const text = csvText([...header, ...rows], format, style);
      if (text === undefined) return undefined;
      return (
        mark + skipped + (style.isEnded || rows.length === 0 || isBlank(rows.at(-1)) ? text : withoutEnd(text, style))
      );
    },
  };
}

/** A last row that is blank is one only by its line end. */
const isBlank = (row: readonly string[] = []): boolean => row.length === 1 && row[0] === '';

const withoutEnd = (text: string, { lineEnd }: TableStyle): string => text.slice(0, -lineEnd.length);

const MARK = '\uFEFF';
