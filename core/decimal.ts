/** A decimal number in plain digits, without an exponent and without zeros that say nothing. Zero has no sign. */
export interface Decimal {
  readonly negative: boolean;
  /** At least one digit. */
  readonly whole: string;
  /** Without trailing zeros; may be empty. */
  readonly fraction: string;
}

const literal = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/;

/** Reads `-12.50`, `1e21`, `+007`, exactly; undefined when the text is no decimal, or its exponent has over four digits. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = literal.exec(text);
  if (match === null) return undefined;
  const [, sign, digits = '', decimals = '', exponent = '0'] = match;
  const moved = movePoint(digits, decimals, Number(exponent));
  const whole = moved.whole.replace(/^0+(?=\d)/, '');
  const fraction = moved.fraction.replace(/0+$/, '');
  return { negative: sign === '-' && (whole !== '0' || fraction !== ''), whole, fraction };
}

export const writeDecimal = ({ negative, whole, fraction }: Decimal): string =>
  `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;

function movePoint(whole: string, fraction: string, exponent: number): { whole: string; fraction: string } {
  if (exponent >= 0) {
    const right = fraction.padEnd(exponent, '0');
    return { whole: `${whole}${right.slice(0, exponent)}`, fraction: right.slice(exponent) };
  }
  const left = whole.padStart(1 - exponent, '0');
  return { whole: left.slice(0, exponent), fraction: `${left.slice(exponent)}${fraction}` };
}
