import { parseDecimal, writeDecimal, type Decimal } from '../../core/decimal.ts';

/** DECIMAL(38,18): 20 digits before the point, 18 behind it. */
const WHOLE = 20;
const FRACTION = 18;
const fits = /^-?\d{1,20}(?:\.\d{1,18})?$/;

export interface FittedNumber {
  /** What the column holds; null where it has too many digits before the point. */
  readonly text: string | null;
  /** The exact number, where the column does not hold it. */
  readonly exact?: string;
}

/** DuckDB would round digits behind the point without a word: what it would round is decided here, and kept beside. */
export function fitNumber(text: string): FittedNumber {
  if (fits.test(text)) return { text };
  const decimal = parseDecimal(text);
  if (decimal === undefined) throw new RangeError('a number that is none');
  const exact = writeDecimal(decimal);
  return fits.test(exact) ? { text: exact } : { text: rounded(decimal), exact };
}

/** Half away from zero, as DuckDB's casts do. */
function rounded({ negative, whole, fraction }: Decimal): string | null {
  if (whole.length > WHOLE) return null;
  const up = (fraction[FRACTION] ?? '0') >= '5' ? 1n : 0n;
  const digits = String(BigInt(whole + fraction.slice(0, FRACTION).padEnd(FRACTION, '0')) + up).padStart(
    FRACTION + 1,
    '0',
  );
  const end = digits.length - FRACTION;
  return end > WHOLE ? null : `${negative ? '-' : ''}${digits.slice(0, end)}.${digits.slice(end)}`;
}
