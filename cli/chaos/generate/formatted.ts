import { createHash } from 'node:crypto';
import { MINUTE } from '../../../core/duration.ts';

/** Where times begin that nothing else says of. Not the present: a seed gives the same records on every day. */
export const BEGINNING = Date.parse('2024-01-01T00:00:00Z');

/** The text of this number in a format of JSON Schema: another one for each number, and the later the greater of times. */
export function formatted(format: string, number: number): string {
  const time = new Date(BEGINNING + number * MINUTE).toISOString();
  switch (format) {
    case 'date-time':
      return time;
    case 'date':
      return new Date(BEGINNING + number * 24 * 60 * MINUTE).toISOString().slice(0, 10);
    case 'time':
      return time.slice(11, 19) + 'Z';
    case 'duration':
      return `PT${number}S`;
    case 'email':
      return `person${number}@mail.example`;
    case 'hostname':
      return `host${number}.example`;
    case 'ipv4':
      return `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
    case 'ipv6':
      return `2001:db8::${((number >> 16) & 65_535).toString(16)}:${(number & 65_535).toString(16)}`;
    case 'uri':
      return `https://mail.example/${number}`;
    case 'uuid':
      return uuidOf(number);
    default:
      return `${format}-${number}`;
  }
}

/** Version 4 by its form (RFC 9562 §5.4). */
function uuidOf(number: number): string {
  const hex = createHash('sha256').update(String(number)).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
