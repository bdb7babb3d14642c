import {
  beginningOf,
  never,
  NEW_FIELD,
  recordSpoils,
  type ChangeRecords,
  type Spoil,
  type Spoiler,
} from './spoil-records.ts';

/** One record a line, or something around it in a line, where `records` leads to it. */
export const ndjsonSpoiler = (records: readonly string[]): Spoiler => ({
  ...recordSpoils(changed, () => 'no record'),
  // Around a record it would be no field of it.
  field: (text) => (records.length > 0 ? undefined : changed(text, (lines) => lines.map(withField))),
  total: never,
  garbage: cut,
});

const changed: ChangeRecords<string> = (text, change) => {
  const lines = linesOf(text);
  const others = lines.length === 0 ? undefined : change(lines);
  return others === undefined ? undefined : `${others.join('\n')}\n`;
};

/** Digits and the rest stay as they are. */
function withField(line: string): string {
  const [, before = '', after = ''] = /^([^{]*\{)(.*)$/s.exec(line) ?? [];
  if (before === '') return line;
  return `${before}"${NEW_FIELD}":"new"${after.trimStart().startsWith('}') ? '' : ','}${after}`;
}

/** Within a line: where one ends the rest would be a whole text. An object without its end is no JSON. */
const cut: Spoil = (text) => {
  const lines = linesOf(text);
  const last = lines[lines.length >> 1];
  if (last === undefined || !last.startsWith('{')) return undefined;
  return [...lines.slice(0, lines.length >> 1), beginningOf(last, Math.ceil(last.length / 2))].join('\n');
};

const linesOf = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
