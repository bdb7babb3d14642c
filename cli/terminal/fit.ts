/** A column as its cells are: how wide its widest line is, and the longest part of them that should stay whole. */
export interface Wanted {
  readonly widest: number;
  readonly longestWord: number;
  /** Numbers are never broken. */
  readonly fixed: boolean;
}

const LEAST = 8;

/**
 * Widths that fit into `room` characters, with `gap` between columns: the widest columns give way first, words stay whole as long as that is
 * possible. What cannot fit at all stays too wide.
 */
export function fitWidths(columns: readonly Wanted[], { room, gap }: { room: number; gap: number }): number[] {
  const widths = columns.map(({ widest }) => widest);
  const free = room - gap * Math.max(columns.length - 1, 0);
  const floors = [
    columns.map(({ fixed, widest, longestWord }) => (fixed ? widest : Math.min(widest, Math.max(longestWord, LEAST)))),
    columns.map(({ fixed, widest }) => (fixed ? widest : Math.min(widest, LEAST))),
  ];
  for (const floor of floors)
    for (let over = sum(widths) - free; over > 0; over -= 1) {
      const at = widestAbove(widths, floor);
      if (at === undefined) break;
      widths[at] = (widths[at] as number) - 1;
    }
  return widths;
}

const sum = (widths: readonly number[]): number => widths.reduce((total, width) => total + width, 0);

function widestAbove(widths: readonly number[], floor: readonly number[]): number | undefined {
  const able = [...widths.keys()].filter((i) => (widths[i] as number) > (floor[i] as number));
  return able.toSorted((a, b) => (widths[b] as number) - (widths[a] as number))[0];
}

/** Lines of at most `width` characters, broken between words, and within one that is longer. */
export function wrap(text: string, width: number): string {
  return text
    .split('\n')
    .flatMap((line) => wrapLine(line, width))
    .join('\n');
}

function wrapLine(line: string, width: number): string[] {
  if (line.length <= width) return [line];
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    const joined = current === '' ? word : `${current} ${word}`;
    if (joined.length <= width) {
      current = joined;
      continue;
    }
    if (current !== '') lines.push(current);
    const pieces = cut(word, width);
    lines.push(...pieces.slice(0, -1));
    current = pieces.at(-1) ?? '';
  }
  return current === '' ? lines : [...lines, current];
}

/** Behind the last slash that fits, or anywhere: by what people see as a character, never within one. */
function cut(word: string, width: number): string[] {
  const pieces: string[] = [];
  let left = charactersOf(word);
  while (left.length > width) {
    const slash = left.slice(0, width).lastIndexOf('/');
    const end = slash > 0 ? slash + 1 : width;
    pieces.push(left.slice(0, end).join(''));
    left = left.slice(end);
  }
  return [...pieces, left.join('')];
}

/** The longest part of a text that stays whole as long as there is room: a word, or what is between two slashes of an id. */
export const longestPart = (line: string): number => Math.max(...line.split(/ |(?<=\/)/).map(({ length }) => length));

/** Made when it is needed: that takes 10 ms, and most texts need none. */
let segmenter: Intl.Segmenter | undefined;

export function charactersOf(text: string): string[] {
  if (isPlain(text)) return text.split('');
  segmenter ??= new Intl.Segmenter();
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Of printable ASCII each is a character by itself. */
const isPlain = (text: string): boolean => /^[ -~]*$/.test(text);
