/** How a terminal shows the words that a reader looks for first. */
export interface Look {
  /** The width that tables keep to. */
  readonly columns: number;
  readonly colours: boolean;
}

/** Where nothing is known of the reader: a pipe, a file, a log. */
export const plainLook: Look = { columns: 100, colours: false };

const NARROWEST = 60;

/** A terminal's own width, and its colours unless NO_COLOR (https://no-color.org) or TERM=dumb says otherwise. */
export function lookOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number; readonly hasColors?: (env: object) => boolean },
  env: Readonly<Record<string, string | undefined>>,
): Look {
  if (stream.isTTY !== true) return plainLook;
  return {
    columns: Math.max(stream.columns ?? plainLook.columns, NARROWEST),
    colours: !env['NO_COLOR'] && stream.hasColors?.(env) === true,
  };
}

export type Tone = 'good' | 'bad' | 'odd' | 'open' | 'head';

const codes = { good: 32, bad: 31, odd: 33, open: 36, head: 1 } as const satisfies Record<Tone, number>;

/** `node:util` has styleText, but only since Node 20.12. */
export const paint = (text: string, tone: Tone | undefined): string =>
  tone === undefined || text === '' ? text : `\u001B[${codes[tone]}m${text}\u001B[0m`;

const tones: readonly (readonly [Tone, RegExp])[] = [
  ['bad', /^(failed|broken|problem|error|LATE|OVERDUE|BROKEN)\b/],
  ['odd', /^(partial|suspect|warning|missed|CAUTION|\d+ problems?)\b/],
  ['open', /^(running|deferred|paused|waits|first run)\b/],
  ['good', /^(ok|fits|written|yes)\b/],
];

/** What a cell or a line begins with decides; most say nothing of how well it went. */
export const toneOf = (text: string): Tone | undefined => tones.find(([, words]) => words.test(text))?.[0];

/** A line for people: only its first word, or the outcome that it tells, is coloured. */
export function paintLine(line: string): string {
  const [whole = '', before = '', word = ''] =
    /^((?:Outcome )?)(ok|partial|suspect|deferred|failed|LATE|OVERDUE|BROKEN|CAUTION)(?=[.:\s]|$)/.exec(line) ?? [];
  return whole === '' ? line : `${before}${paint(word, toneOf(word))}${line.slice(whole.length)}`;
}
