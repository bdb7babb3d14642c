import { writeExactly } from '../../core/exact-json.ts';
import { explain, InvalidInput } from '../../core/errors.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { formatOf, type CsvFormat, type XmlFormat } from '../../definitions/formats.ts';
import { csvText } from '../../recordings/csv-text.ts';
import type { Pseudonyms } from '../../recordings/pseudonyms.ts';
import { XmlRefused } from '../../recordings/xml-values.ts';
import { csvRows } from '../../sources/declared/formats/csv-rows.ts';
import { replacedXml } from './replaced-xml.ts';

export interface Replacing {
  readonly stream: CompiledStream;
  /** It brings records: it is written in the format of the stream. */
  readonly isAnswer: boolean;
  /** undefined: only secrets are replaced. */
  readonly replacing: Pseudonyms | undefined;
  /** Without what requests carry and nobody may see. */
  readonly hideSecrets: (text: string) => string;
}

/** An answer with secrets and personal data replaced: JSON as a whole or line by line, CSV cell by cell, XML value by value. @throws {InvalidInput} it is none of them. */
export function replacedText(text: string, how: Replacing): string {
  const { replacing, stream, isAnswer, hideSecrets } = how;
  const given = formatOf(stream.definition.format);
  const isXml = given.type === 'xml' && isAnswer;
  if (text.trim() === '') return text;
  const looksLikeXml = replacing !== undefined && /^\s*</.test(text) && !(given.type === 'csv' && isAnswer);
  if (isXml || looksLikeXml) {
    const format = given.type === 'xml' ? given : (formatOf('xml') as XmlFormat);
    try {
      return replacedXml(text, { replacing, hideSecrets, replaceJson: jsonWithin(replacing), format });
    } catch (error) {
      if (!(error instanceof XmlRefused)) throw error;
      if (replacing === undefined) return hideSecrets(text);
      throw new InvalidInput(
        `${stream.name}: an answer of XML has ${error.message} at line ${error.line}, so it cannot be said where its personal data are; --as-is keeps answers as they came`,
      );
    }
  }
  return hideSecrets(replacing === undefined ? text : replacedRecords(text, replacing, how));
}

/** JSON within a text stays as it is written, unless something in it is replaced. */
const jsonWithin =
  (replacing: Pseudonyms | undefined) =>
  (json: string): string => {
    const made = rewrittenJson(json, (value, mark) => replacing?.replace(value, mark) ?? value);
    return made === rewrittenJson(json, (value) => value) ? json : made;
  };

function replacedRecords(text: string, replacing: Pseudonyms, { stream, isAnswer }: Replacing): string {
  const format = formatOf(stream.definition.format);
  const cells = format.type === 'csv' && isAnswer ? replacedCsv(text, replacing, format) : undefined;
  if (cells !== undefined) return cells;
  const written = (json: string): string => rewrittenJson(json, replacing.replace);
  try {
    return written(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  try {
    return text.replaceAll(/[^\n\r]+/g, written);
  } catch (error) {
    throw new InvalidInput(
      `${stream.name}: personal data are replaced in JSON, CSV and XML only, and this answer is none of them (${explain(error)}); --as-is keeps answers as they came`,
    );
  }
}

const rewrittenJson = (json: string, change: Pseudonyms['replace']): string =>
  writeExactly(json, (value, mark) => [change(value, mark)])?.[0] ?? JSON.stringify(change(JSON.parse(json)));

/** By the names of the columns. What stands before the table is left out, for it may name somebody. */
function replacedCsv(text: string, replacing: Pseudonyms, format: CsvFormat): string | undefined {
  const { columns, skipLines } = format;
  const all = csvRows({ text, kind: '', isAnswer: true }, format);
  const names = columns ?? all[0] ?? [];
  const header = columns === undefined ? all.slice(0, 1) : [];
  const rows = all
    .slice(header.length)
    .map((row) => row.map((cell, i) => replacedCell(cell, names[i] ?? '', replacing)));
  const table = csvText([...header, ...rows], format);
  return table === undefined ? undefined : '\n'.repeat(skipLines) + table;
}

/** Lists and objects are written as JSON there. */
function replacedCell(cell: string, name: string, { replace }: Pseudonyms): string {
  const replaced = (value: unknown, mark?: string): readonly unknown[] =>
    Object.values(replace(value, mark) as Record<string, unknown>);
  if (/^\s*[[{]/.test(cell))
    try {
      const json = `{${JSON.stringify(name)}:${cell}}`;
      return writeExactly(json, replaced)?.[0] ?? JSON.stringify(replaced(JSON.parse(json))[0]);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  return String(replaced({ [name]: cell })[0]);
}
