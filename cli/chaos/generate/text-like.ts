/**
 * A text that the regular expression takes, as far as its parts are plain: characters, classes, groups, alternatives and counts. undefined: it has
 * others, such as a look-ahead.
 */
export function textLike(pattern: string, random: () => number): string | undefined {
  const reader: Reader = { text: pattern, at: 0, random };
  try {
    const made = alternatives(reader);
    return reader.at === pattern.length ? made : undefined;
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}

class NotPlain extends Error {}

interface Reader {
  readonly text: string;
  readonly random: () => number;
  at: number;
}

const LETTERS = [...Array(26).keys()].map((at) => String.fromCodePoint(97 + at));
const DIGITS = [...Array(10).keys()].map(String);
const PLAIN = [...LETTERS, ...LETTERS.map((letter) => letter.toUpperCase()), ...DIGITS];
const classes: Readonly<Record<string, readonly string[]>> = {
  d: DIGITS,
  w: PLAIN,
  s: [' '],
  D: LETTERS,
  W: ['-'],
  S: PLAIN,
};
/** How many more than the least a count without an end gives. */
const FEW = 3;

/** Every alternative is read, and one of them is taken. */
function alternatives(reader: Reader): string {
  const made = [sequence(reader)];
  while (reader.text[reader.at] === '|') {
    reader.at += 1;
    made.push(sequence(reader));
  }
  return pick(made, reader.random);
}

function sequence(reader: Reader): string {
  let made = '';
  while (reader.at < reader.text.length && !'|)'.includes(reader.text[reader.at] as string)) {
    const from = reader.at;
    const first = atom(reader);
    const to = reader.at;
    const count = quantity(reader);
    const after = reader.at;
    for (let i = 0; i < count; i++) {
      reader.at = from;
      made += i === 0 ? first : atom(reader);
    }
    reader.at = Math.max(after, to);
  }
  return made;
}

function atom(reader: Reader): string {
  const char = reader.text[reader.at++] as string;
  switch (char) {
    case '^':
    case '$':
      return '';
    case '.':
      return pick(PLAIN, reader.random);
    case '\\':
      return pick(escaped(reader), reader.random);
    case '[':
      return pick(classAt(reader), reader.random);
    case '(': {
      if (reader.text.startsWith('?:', reader.at)) reader.at += 2;
      else if (reader.text[reader.at] === '?') throw new NotPlain();
      const made = alternatives(reader);
      if (reader.text[reader.at++] !== ')') throw new NotPlain();
      return made;
    }
    case '*':
    case '+':
    case '?':
      throw new NotPlain();
    default:
      return char;
  }
}

function escaped(reader: Reader): readonly string[] {
  const char = reader.text[reader.at++] ?? '';
  const known = classes[char];
  if (known !== undefined) return known;
  if (/[A-Za-z\d]/.test(char) || char === '') throw new NotPlain();
  return [char];
}

/** The characters of `[…]`. */
function classAt(reader: Reader): readonly string[] {
  const negated = reader.text[reader.at] === '^';
  if (negated) reader.at += 1;
  const chars: string[] = [];
  for (let char = reader.text[reader.at++]; char !== ']'; char = reader.text[reader.at++]) {
    if (char === undefined) throw new NotPlain();
    const to = reader.text[reader.at + 1];
    if (char === '\\') chars.push(...escaped(reader));
    else if (reader.text[reader.at] === '-' && to !== undefined && to !== ']') {
      reader.at += 2;
      for (let code = char.charCodeAt(0); code <= to.charCodeAt(0); code++) chars.push(String.fromCharCode(code));
    } else chars.push(char);
  }
  return negated ? PLAIN.filter((char) => !chars.includes(char)) : chars;
}

function quantity(reader: Reader): number {
  const [whole = '', least = '', comma = '', most = ''] =
    /^(?:\{(\d+)(,?)(\d*)\}|[*+?])\??/.exec(reader.text.slice(reader.at)) ?? [];
  if (whole === '') return 1;
  reader.at += whole.length;
  const [from, to] = bounds(whole, { least, comma, most });
  return from + Math.floor(reader.random() * (to - from + 1));
}

function bounds(
  whole: string,
  { least, comma, most }: { readonly least: string; readonly comma: string; readonly most: string },
): readonly [number, number] {
  if (whole.startsWith('*')) return [0, FEW];
  if (whole.startsWith('+')) return [1, FEW];
  if (whole.startsWith('?')) return [0, 1];
  const from = Number(least);
  if (comma === '') return [from, from];
  return [from, most === '' ? from + FEW : Number(most)];
}

function pick<T>(values: readonly T[], random: () => number): T {
  if (values.length === 0) throw new NotPlain();
  return values[Math.floor(random() * values.length)] as T;
}
