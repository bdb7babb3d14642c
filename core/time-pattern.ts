import { offsetMinutes, type LocalTime } from './local-time.ts';

/**
 * Patterns such as `dd.MM.yyyy HH:mm:ss`, in the letters of Unicode (UTS 35) that most tools use. Our own, since libraries hold
 * milliseconds, and a watermark must not lose what stands behind them.
 */
export interface TimePattern {
  readonly read: (text: string) => LocalTime | undefined;
  readonly write: (local: LocalTime) => string;
  /** It says the offset. */
  readonly hasOffset: boolean;
  /** The finest that it says, in nanoseconds. */
  readonly unit: bigint;
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
const names = (list: readonly string[], length?: number): string => list.map((name) => name.slice(0, length)).join('|');
const two = (value: number): string => String(value).padStart(2, '0');
const weekday = ({ year, month, day }: LocalTime): string =>
  DAYS[new Date(Date.UTC(2000 + (year % 400), month - 1, day)).getUTCDay()] as string;

interface Letter {
  readonly pattern: string;
  /** What it says; nothing: it is passed over. */
  readonly part?: 'year' | 'month' | 'day' | 'hour' | 'hour12' | 'minute' | 'second' | 'fraction' | 'half' | 'offset';
  readonly write: (local: LocalTime) => string;
}

const offset = '(?:z|gmt|utc|ut|[+-]\\d\\d(?::?\\d\\d)?)';
const hour12 = ({ hour }: LocalTime): number => hour % 12 || 12;

const letters: Readonly<Record<string, Letter | undefined>> = {
  yyyy: { pattern: '\\d{4}', part: 'year', write: ({ year }) => String(year).padStart(4, '0') },
  yy: { pattern: '\\d\\d', part: 'year', write: ({ year }) => two(year % 100) },
  MMMM: { pattern: names(MONTHS), part: 'month', write: ({ month }) => MONTHS[month - 1] as string },
  MMM: { pattern: names(MONTHS, 3), part: 'month', write: ({ month }) => (MONTHS[month - 1] as string).slice(0, 3) },
  MM: { pattern: '\\d\\d', part: 'month', write: ({ month }) => two(month) },
  M: { pattern: '\\d\\d?', part: 'month', write: ({ month }) => String(month) },
  dd: { pattern: '\\d\\d', part: 'day', write: ({ day }) => two(day) },
  d: { pattern: '\\d\\d?', part: 'day', write: ({ day }) => String(day) },
  EEEE: { pattern: names(DAYS), write: weekday },
  EEE: { pattern: names(DAYS, 3), write: (local) => weekday(local).slice(0, 3) },
  HH: { pattern: '\\d\\d', part: 'hour', write: ({ hour }) => two(hour) },
  H: { pattern: '\\d\\d?', part: 'hour', write: ({ hour }) => String(hour) },
  hh: { pattern: '\\d\\d', part: 'hour12', write: (local) => two(hour12(local)) },
  h: { pattern: '\\d\\d?', part: 'hour12', write: (local) => String(hour12(local)) },
  mm: { pattern: '\\d\\d', part: 'minute', write: ({ minute }) => two(minute) },
  ss: { pattern: '\\d\\d', part: 'second', write: ({ second }) => two(second) },
  a: { pattern: '[ap]\\.?m\\.?', part: 'half', write: ({ hour }) => (hour < 12 ? 'AM' : 'PM') },
  XXX: { pattern: offset, part: 'offset', write: ({ offset: minutes = 0 }) => writeOffset(minutes, ':', 'Z') },
  XX: { pattern: offset, part: 'offset', write: ({ offset: minutes = 0 }) => writeOffset(minutes, '', 'Z') },
  Z: { pattern: offset, part: 'offset', write: ({ offset: minutes = 0 }) => writeOffset(minutes, '', 'Z') },
  xxx: { pattern: offset, part: 'offset', write: ({ offset: minutes = 0 }) => writeOffset(minutes, ':') },
  xx: { pattern: offset, part: 'offset', write: ({ offset: minutes = 0 }) => writeOffset(minutes, '') },
  z: { pattern: offset, part: 'offset', write: ({ offset: minutes = 0 }) => writeOffset(minutes, '', 'GMT') },
};

function writeOffset(minutes: number, colon: string, utc?: string): string {
  if (minutes === 0 && utc !== undefined) return utc;
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${colon}${two(size % 60)}`;
}

/** Any number of digits is read; so many are written. */
const fractionLetter = (digits: number): Letter => ({
  pattern: '\\d{1,9}',
  part: 'fraction',
  write: ({ fraction }) => fraction.slice(0, digits).padEnd(digits, '0'),
});

const MOST_FRACTION = 9;
const token = /'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']+/g;
const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&').replaceAll(/\s+/g, '\\s+');

/** The pattern, or what is wrong with it. */
export function timePattern(text: string): TimePattern | { readonly problem: string } {
  const tokens = text.match(token) ?? [];
  if (tokens.join('') !== text) return { problem: "a quote is not closed: '' stands for a quote itself" };
  const pieces: (string | Letter)[] = [];
  for (const each of tokens) {
    if (each.startsWith("'")) pieces.push(each === "''" ? "'" : each.slice(1, -1).replaceAll("''", "'"));
    else if (!/^[A-Za-z]/.test(each) || each === 'T') pieces.push(each);
    else {
      const letter = /^S+$/.test(each) && each.length <= MOST_FRACTION ? fractionLetter(each.length) : letters[each];
      if (letter === undefined)
        return { problem: `"${each}" means nothing here; known: ${Object.keys(letters).join(', ')}, S to SSSSSSSSS` };
      pieces.push(letter);
    }
  }
  const parts = pieces.flatMap((piece) => (typeof piece === 'string' ? [] : (piece.part ?? [])));
  const twice = parts.find((part, i) => parts.indexOf(part) !== i);
  if (twice !== undefined) return { problem: `it says the ${twice} twice` };
  if (!['year', 'month', 'day'].every((part) => parts.includes(part as 'year')))
    return { problem: 'it needs a year, a month and a day' };
  if (parts.includes('hour12') !== parts.includes('half'))
    return { problem: 'hh goes with a (AM or PM); write HH for 24 hours' };
  return {
    read: reader(pieces),
    write: (local) => pieces.map((piece) => (typeof piece === 'string' ? piece : piece.write(local))).join(''),
    hasOffset: parts.includes('offset'),
    unit: unitOf(pieces),
  };
}

function reader(pieces: readonly (string | Letter)[]): TimePattern['read'] {
  const source = pieces.map((piece) => {
    if (typeof piece === 'string') return escaped(piece);
    return piece.part === undefined ? `(?:${piece.pattern})` : `(?<${piece.part}>${piece.pattern})`;
  });
  const expression = new RegExp(`^${source.join('')}$`, 'i');
  return (text) => {
    const said = expression.exec(text)?.groups;
    if (said === undefined) return undefined;
    return {
      year: yearOf(said['year'] as string),
      month: monthOf(said['month'] as string),
      day: Number(said['day']),
      hour: hourOf(said),
      minute: Number(said['minute'] ?? 0),
      second: Number(said['second'] ?? 0),
      fraction: said['fraction'] ?? '',
      offset: offsetMinutes(said['offset']?.toUpperCase()),
    };
  };
}

/** POSIX: 69 to 99 are of the last century. */
const yearOf = (text: string): number =>
  text.length === 2 ? Number(text) + (Number(text) < 69 ? 2000 : 1900) : Number(text);

const monthOf = (text: string): number =>
  /^\d/.test(text)
    ? Number(text)
    : MONTHS.findIndex((name) => name.slice(0, 3).toLowerCase() === text.slice(0, 3).toLowerCase()) + 1;

function hourOf({ hour, hour12: twelve, half }: Readonly<Record<string, string | undefined>>): number {
  if (twelve === undefined) return Number(hour ?? 0);
  const value = Number(twelve);
  // 0 and 13 are no hours of such a clock.
  return value < 1 || value > 12 ? NaN : (value % 12) + (/^p/i.test(half ?? '') ? 12 : 0);
}

const SECOND = 1_000_000_000n;
const units = { second: SECOND, minute: 60n * SECOND, hour: 3600n * SECOND, hour12: 3600n * SECOND } as const;

function unitOf(pieces: readonly (string | Letter)[]): bigint {
  const said = (part: Letter['part']): boolean =>
    pieces.some((piece) => typeof piece !== 'string' && piece.part === part);
  if (said('fraction')) {
    const probe: LocalTime = { year: 1, month: 1, day: 1, hour: 0, minute: 0, second: 0, fraction: '', offset: 0 };
    const digits = pieces.flatMap((piece) =>
      typeof piece !== 'string' && piece.part === 'fraction' ? [piece.write(probe).length] : [],
    );
    return 10n ** BigInt(MOST_FRACTION - (digits[0] ?? 0));
  }
  for (const part of ['second', 'minute', 'hour', 'hour12'] as const) if (said(part)) return units[part];
  return 86_400n * SECOND;
}
