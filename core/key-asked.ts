import type { Column } from './column.ts';
import { columnText } from './column-text.ts';
import { InvalidInput } from './errors.ts';
import { keyPart, keyText } from './key-text.ts';

/**
 * The text that the log knows a key by, from what a person writes: the value of a key of one field, or `field=value` for each field.
 * `columns`: those of the key. undefined: nobody knows them, and the words are the log's own text. Throws InvalidInput.
 */
export function askedKey(words: readonly string[], columns: readonly Column[] | undefined): string {
  if (columns === undefined) return words.join(' ');
  const [first] = columns;
  if (first === undefined)
    throw new InvalidInput('the stream has no `primaryKey`: nothing tells which of its records are the same one');
  const [word = ''] = words;
  if (columns.length === 1 && words.length === 1) return partOf(first, pairOf(word, columns)?.value ?? word);
  const values = new Map<string, string>();
  for (const each of words) {
    const pair = pairOf(each, columns);
    if (pair === undefined) throw new InvalidInput(`key: expected ${keyShape(columns)}, found ${JSON.stringify(each)}`);
    values.set(pair.column.name, pair.value);
  }
  const missing = columns.filter(({ name }) => !values.has(name));
  if (missing.length > 0)
    throw new InvalidInput(`key: expected ${keyShape(columns)}, and ${missing.map(nameOf).join(', ')} is missing`);
  if (words.length > columns.length)
    throw new InvalidInput(`key: expected ${keyShape(columns)}, each once, found ${words.length} values`);
  return keyText(columns.map((column) => partOf(column, values.get(column.name) as string))) as string;
}

/** The words of a key that is written in one text: `account=main id=p1`. A value may have blanks in it. */
export function pairsOf(text: string, columns: readonly Column[]): readonly string[] {
  if (columns.length < 2) return [text];
  const starts = [...text.matchAll(/(?<=^|\s)\S/g)]
    .map(({ index }) => index)
    .filter((index) => pairOf(text.slice(index), columns) !== undefined);
  if (starts.length === 0) return [text];
  return starts.map((index, at) => text.slice(at === 0 ? 0 : index, starts[at + 1]).trim());
}

/** `account=… id=…`: how the key of a stream is written. */
export const keyShape = (columns: readonly Column[]): string =>
  columns.map((column) => `${nameOf(column)}=…`).join(' ');

/** As the definition has it. */
const nameOf = ({ path }: Column): string => path.join('.');

function pairOf(
  word: string,
  columns: readonly Column[],
): { readonly column: Column; readonly value: string } | undefined {
  const column = columns.find((each) => word.startsWith(`${nameOf(each)}=`) || word.startsWith(`${each.name}=`));
  return column === undefined ? undefined : { column, value: word.slice(word.indexOf('=') + 1) };
}

const logical: Readonly<Record<string, string>> = { true: 't', false: 'f' };

/** What the type does not take is looked for as it is written: nothing has it. */
function partOf({ type, read }: Column, text: string): string {
  if (type === 'boolean') return logical[text] ?? text;
  if (type === 'json') return text;
  const cell = read === undefined ? columnText(type, text) : read(text);
  return keyPart(type, 'text' in cell && cell.text !== null ? cell.text : text);
}
