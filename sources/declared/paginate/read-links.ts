/** RFC 8288 §3: `<target>; rel="…"; anchor="…"`. */
export interface Link {
  /** As it stands there; often relative. */
  readonly target: string;
  /** In lower case. */
  readonly rels: readonly string[];
  /** What it is a link of, if not of the page that was asked for. */
  readonly anchor: string | undefined;
}

/**
 * The links of a `Link` header, by RFC 8288, appendix B: parameters without a value, quoted texts, empty elements, white space of any kind.
 * Throws a SyntaxError where it is not one: a link that cannot be read must not be taken for none.
 */
export function readLinks(header: string): readonly Link[] {
  const text = new Text(header);
  const links: Link[] = [];
  for (;;) {
    text.skip(/[\s,]*/y);
    if (text.atEnd) return links;
    const target = text.take(/<([^>]*)>\s*/y);
    if (target === undefined) throw new SyntaxError('not a Link header');
    links.push({ target: target.trim(), ...readParameters(text) });
    if (!text.atEnd && text.take(/(,)/y) === undefined) throw new SyntaxError('not a Link header');
  }
}

/** Of a parameter that comes twice the first one counts. What is quoted never starts a parameter of its own. */
function readParameters(text: Text): Pick<Link, 'rels' | 'anchor'> {
  const found = new Map<string, string>();
  while (text.take(/(;)\s*/y) !== undefined) {
    const name = text.take(/([^\s;,="<>]+)\s*/y)?.toLowerCase();
    const value = text.take(/(=)\s*/y) === undefined ? '' : readValue(text);
    if (name !== undefined && !found.has(name)) found.set(name, value);
  }
  const rels = (found.get('rel') ?? '').toLowerCase().split(/\s+/);
  return { rels: rels.filter((rel) => rel !== ''), anchor: found.get('anchor') };
}

function readValue(text: Text): string {
  const quoted = text.take(/"([^"\\]*(?:\\[^][^"\\]*)*)"\s*/y);
  if (quoted !== undefined) return quoted.replaceAll(/\\([^])/g, '$1');
  return text.take(/([^;,"]*)/y)?.trim() ?? '';
}

/** A text that is read from left to right. */
class Text {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  skip(pattern: RegExp): void {
    this.#match(pattern);
  }

  /** The first group of a sticky pattern; undefined where it does not match. */
  take(pattern: RegExp): string | undefined {
    return this.#match(pattern)?.[1];
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at = pattern.lastIndex;
    return match;
  }
}
