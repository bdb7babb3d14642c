import { stripVTControlCharacters } from 'node:util';
import { charactersOf } from './fit.ts';

const ASCII = /^[ -~]*$/;
/** What terminals draw over two columns: East Asian wide and full-width characters (https://www.unicode.org/reports/tr11/), and emoji. */
const WIDE =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97C\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{1B000}-\u{1B2FF}\u{20000}-\u{3FFFD}]|^\p{Emoji_Presentation}|\uFE0F/u;
const NOTHING = /^[\p{Mark}\p{Format}]+$/u;

/** Columns of a terminal that a line takes; colours take none. */
export function displayWidth(line: string): number {
  if (ASCII.test(line)) return line.length;
  const shown = stripVTControlCharacters(line);
  if (ASCII.test(shown)) return shown.length;
  return charactersOf(shown).reduce((width, character) => width + widthOf(character), 0);
}

function widthOf(character: string): number {
  if (WIDE.test(character)) return 2;
  return NOTHING.test(character) ? 0 : 1;
}
