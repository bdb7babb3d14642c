/** Instants as microseconds since 1970, as PostgreSQL and DuckDB hold them. */

const iso = /^(\d{4,5})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(?:[Zz]|([+-])(\d\d):?(\d\d)?)?( BC)?$/;

/**
 * Reads the times that `columnText` lets through and those that `keyPart` writes; undefined for any other text. Digits
 * beyond the microsecond are rounded the way PostgreSQL does it (`rint(strtod(…) * 1000000)` in `ParseFractionalSecond`),
 * so that both hold the same instant.
 */
export function parseMicros(text: string): bigint | undefined {
  const match = iso.exec(text);
  if (match === null) return undefined;
  const [
    ,
    year,
    month,
    day,
    hour,
    minute,
    second = '0',
    fraction = '.0',
    sign,
    zoneHours = '0',
    zoneMinutes = '0',
    bc,
  ] = match;
  const time = new Date(0);
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  time.setUTCFullYear(bc === undefined ? Number(year) : 1 - Number(year), Number(month) - 1, Number(day));
  time.setUTCHours(Number(hour), Number(minute), Number(second));
  const zone = (Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000 * (sign === '-' ? -1 : 1);
  return BigInt(time.getTime() - zone) * 1000n + BigInt(roundHalfEven(Number(`0${fraction}`) * 1_000_000));
}

function roundHalfEven(value: number): number {
  const down = Math.floor(value);
  if (value - down !== 0.5) return Math.round(value);
  return down % 2 === 0 ? down : down + 1;
}

/** `2026-01-02T03:04:05.678000Z`. The year 1 BC is 0000, the year 10000 has five digits. */
export function writeMicros(micros: bigint): string {
  const rest = ((micros % 1000n) + 1000n) % 1000n;
  const text = new Date(Number((micros - rest) / 1000n)).toISOString();
  return `${text.replace(/^\+0/, '').slice(0, -1)}${String(rest).padStart(3, '0')}Z`;
}
