import { DAY, HOUR } from '../core/duration.ts';
import type { PageRequest, Position } from '../core/page.ts';

/** In the path of an exchange: a part of it that may be any text. No URL holds these braces as they are. */
export const ANY = '{any}';

/** The path of a request. Parts that would be others for another time, or another key of an order, are `{any}`. */
export function timelessPath(request: (position: Position) => PageRequest, position: Position): string {
  const partsOf = (at: Position): readonly string[] => new URL(request(at).url).pathname.split('/');
  const parts = partsOf(position);
  const others = [1, 2].map((times) => partsOf(moved(position, times)));
  if (others.some((other) => other.length !== parts.length)) return parts.join('/');
  return parts.map((part, i) => (others.every((other) => other[i] === part) ? part : ANY)).join('/');
}

/** By so much that each part of a time is another one: year, month, day and hour. */
const FAR = 400 * DAY + 5 * HOUR;

function moved(position: Position, times: number): Position {
  const { range, key } = position;
  const later = (iso: string): string => new Date(Date.parse(iso) + times * FAR).toISOString();
  return {
    ...position,
    range: range === null ? null : { from: later(range.from), to: later(range.to) },
    ...(key === undefined ? {} : { key: `${key}-${times}` }),
  };
}
