import { writeExactly } from '../../core/exact-json.ts';
import { explain, InvalidInput } from '../../core/errors.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { formatOf, type CsvFormat } from '../../definitions/formats.ts';
import { csvText } from '../../recordings/csv-text.ts';
import type { Pseudonyms } from '../../recordings/pseudonyms.ts';
import { csvRows } from '../../sources/declared/formats/csv-rows.ts';

/** An answer with personal data replaced: JSON as a whole or line by line, CSV cell by cell. @throws {InvalidInput} it is neither. */
export function replacedText(
  text: string,
  replacing: Pseudonyms,
  { stream, isAnswer }: { readonly stream: CompiledStream; readonly isAnswer: boolean },
): string {
  if (text.trim() === '') return text;
  const format = formatOf(stream.definition.format);
  const cells = format.type === 'csv' && isAnswer ? replacedCsv(text, replacing, format) : undefined;
  if (cells !== undefined) return cells;
  const written = (json: string): string => replacedJson(json, replacing);
  try {
    return written(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  try {
    return text.replaceAll(/[^\n\r]+/g, written);
  } catch (error) {
    throw new InvalidInput(
      `${stream.name}: personal data are replaced in JSON and CSV only, and this answer is neither (${explain(error)}); --as-is keeps answers as they came`,
    );
  }
}

const replacedJson = (json: string, { replace }: Pseudonyms): string =>
  writeExactly(json, (value) => [replace(value)])?.[0] ?? JSON.stringify(replace(JSON.parse(json)));

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
  const replaced = (value: unknown): readonly unknown[] => Object.values(replace(value) as Record<string, unknown>);
  if (/^\s*[[{]/.test(cell))
    try {
      const json = `{${JSON.stringify(name)}:${cell}}`;
      return writeExactly(json, replaced)?.[0] ?? JSON.stringify(replaced(JSON.parse(json))[0]);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  return String(replaced({ [name]: cell })[0]);
}
