/**
 * A JSON text as PostgreSQL writes the `jsonb` of it, so that a warehouse that keeps JSON as text has the same checksum: keys by their length in bytes
 * and then by their bytes, the last of two that are equal, numbers in plain digits with the zeros that they came with
 * (https://www.postgresql.org/docs/current/datatype-json.html).
 */
export function jsonbText(json: string): string {
  const reader = new Reader(json);
  return reader.value();
}

const STRING = /"(?:[^"\\]|\\.)*"/sy;
const NUMBER = /(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?/y;
const WORD = /true|false|null/y;
const SPACE = /[ \t\n\r]*/y;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): string {
    this.#take(SPACE);
    const begins = this.#text.charAt(this.#at);
    if (begins === '{') return this.#object();
    if (begins === '[') return this.#array();
    if (begins === '"') return this.#string();
    return 'tfn'.includes(begins) ? this.#take(WORD)[0] : plainNumber(this.#take(NUMBER));
  }

  #object(): string {
    const members = new Map<string, string>();
    this.#each('}', () => {
      this.#take(SPACE);
      const name = this.#string();
      this.#expect(':');
      members.set(name, this.value());
    });
    const named = [...members].map(([name, value]) => ({
      bytes: Buffer.from(JSON.parse(name) as string),
      text: `${name}: ${value}`,
    }));
    named.sort((a, b) => a.bytes.length - b.bytes.length || Buffer.compare(a.bytes, b.bytes));
    return `{${named.map(({ text }) => text).join(', ')}}`;
  }

  #array(): string {
    const elements: string[] = [];
    this.#each(']', () => elements.push(this.value()));
    return `[${elements.join(', ')}]`;
  }

  /** What stands between the bracket here and this one. */
  #each(end: string, read: () => void): void {
    this.#at += 1;
    this.#take(SPACE);
    while (this.#text[this.#at] !== end) {
      read();
      this.#take(SPACE);
      if (this.#text[this.#at] !== ',') break;
      this.#at += 1;
    }
    this.#expect(end);
  }

  /** Escapes written anew: only those that are needed. */
  #string(): string {
    const [text] = this.#take(STRING);
    return text.includes('\\') ? JSON.stringify(JSON.parse(text)) : text;
  }

  #expect(sign: string): void {
    this.#take(SPACE);
    if (this.#text[this.#at] !== sign) throw new SyntaxError('a text that is no JSON');
    this.#at += 1;
  }

  #take(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) throw new SyntaxError('a text that is no JSON');
    this.#at = pattern.lastIndex;
    return found;
  }
}

/** The exponent moves the point, and the digits stay. Zero has no sign. */
function plainNumber([, minus = '', whole = '', fraction = '', exponent = '0']: RegExpExecArray): string {
  const move = Number(exponent);
  const digits = whole + fraction;
  const point = whole.length + move;
  const before = point > 0 ? digits.padEnd(point, '0').slice(0, point) : '0';
  const after = point > 0 ? digits.slice(point) : '0'.repeat(-point) + digits;
  const integer = before.replace(/^0+(?=\d)/, '');
  const sign = /[1-9]/.test(digits) ? minus : '';
  return `${sign}${integer}${after === '' ? '' : `.${after}`}`;
}
