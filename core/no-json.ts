/** What some languages write for numbers, and JSON has no word for. */
const words = /^-?(?:NaN|Infinity|nan|inf|undefined|None)(?![\w.$])/;

/**
 * `NaN at data.3.value is no JSON`, of a text that is JSON but for such words; undefined where it is none for another reason. Names of
 * fields and places only.
 */
export function wordThatIsNoJson(text: string): string | undefined {
  const found = firstWord(text);
  if (found === undefined) return undefined;
  try {
    JSON.parse(withoutWords(text));
  } catch {
    return undefined;
  }
  return `${found.word} at ${found.path === '' ? 'its top' : found.path} is no JSON`;
}

const pieces = /"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:NaN|Infinity|nan|inf|undefined|None)(?![\w.$])/g;

const withoutWords = (text: string): string =>
  text.replace(pieces, (piece) => (piece.startsWith('"') ? piece : 'null'));

/** Where the reading stands: the name of a field, or the place in an array. */
interface Level {
  readonly isArray: boolean;
  at: string | number;
}

function firstWord(text: string): { readonly word: string; readonly path: string } | undefined {
  const levels: Level[] = [];
  const string = /"[^"\\]*(?:\\.[^"\\]*)*"/y;
  /** A string that may turn out to be a name. */
  let last = '';
  for (let at = 0; at < text.length; at++) {
    const level = levels.at(-1);
    const char = text[at] as string;
    switch (char) {
      case '"': {
        string.lastIndex = at;
        const match = string.exec(text)?.[0];
        if (match === undefined) return undefined;
        last = match;
        at += match.length - 1;
        break;
      }
      case '{':
      case '[':
        levels.push({ isArray: char === '[', at: char === '[' ? 0 : '' });
        break;
      case '}':
      case ']':
        levels.pop();
        break;
      case ':':
        if (level !== undefined) level.at = nameOf(last);
        break;
      case ',':
        if (level?.isArray === true) level.at = Number(level.at) + 1;
        break;
      default: {
        const word = /[-NIniu]/.test(char) ? words.exec(text.slice(at, at + LONGEST))?.[0] : undefined;
        if (word !== undefined) return { word, path: levels.map((each) => each.at).join('.') };
      }
    }
  }
  return undefined;
}

const LONGEST = 12;

function nameOf(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return '?';
  }
}
