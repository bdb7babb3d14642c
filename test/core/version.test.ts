import { describe, expect, test } from '@jest/globals';
import {
  array,
  assert,
  bigInt,
  constantFrom,
  date,
  integer,
  oneof,
  property,
  stringMatching,
  tuple,
  type Arbitrary,
} from 'fast-check';
import { compareVersions, encodeVersion, sortableTime, type VersionPart } from '../../core/version.ts';

/** A part of a version, and what its order should be. */
interface Known {
  readonly part: VersionPart;
  readonly rank: bigint | string;
}

const SCALE = 30n;
/** `digits · 10^-scale`, written plainly or with an exponent. */
const decimal: Arbitrary<Known> = tuple(
  bigInt(-(10n ** 26n), 10n ** 26n),
  integer({ min: 0, max: 30 }),
  integer({ min: 0, max: 4 }),
).map(([digits, scale, shift]) => {
  const sign = digits < 0n ? '-' : '';
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
  const point = text.length - scale;
  const plain = `${sign}${text.slice(0, point)}${scale === 0 ? '' : `.${text.slice(point)}`}`;
  const value = shift === 0 ? plain : `${plain}e-${shift}`;
  return { part: { value, type: 'number' }, rank: digits * 10n ** (SCALE + 4n - BigInt(scale) - BigInt(shift)) };
});
const whole: Arbitrary<Known> = oneof(integer(), integer({ min: -10, max: 10 })).map((n) => ({
  part: { value: n, type: 'integer' },
  rank: BigInt(n),
}));

const zones = ['Z', 'z', '+00:00', '-00:00', '+02:00', '-0930', '+14:00', '-07', ''];
/** A time of an instant with a fraction of 0 to 9 digits, written in some zone; ranked by its nanoseconds. */
const time: Arbitrary<Known> = tuple(
  date({ min: new Date('0001-01-02T00:00:00Z'), max: new Date('9999-12-30T00:00:00Z'), noInvalidDate: true }),
  stringMatching(/^\d{0,9}$/),
  constantFrom(...zones),
  constantFrom('T', ' ', 't'),
).map(([at, fraction, zone, separator]) => {
  const second = Math.floor(at.getTime() / 1000) * 1000;
  const [, sign = '+', hours = '00', minutes = '00'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  const offset = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  const local = new Date(second + offset).toISOString().slice(0, 19).replace('T', separator);
  return {
    part: { value: `${local}${fraction === '' ? '' : `.${fraction}`}${zone}`, type: 'timestamp' },
    rank: BigInt(second) * 1_000_000n + BigInt(fraction.padEnd(9, '0')),
  };
});
const text: Arbitrary<Known> = stringMatching(/^[ -~]{0,3}$/).map((value) => ({
  part: { value, type: 'text' },
  rank: value,
}));
const kinds = [decimal, whole, time, text];

const compare = (a: bigint | string, b: bigint | string): number => (a < b ? -1 : a > b ? 1 : 0);
const encode = (version: readonly Known[]): string | null => encodeVersion(version.map(({ part }) => part));

describe('the order of encoded versions', () => {
  test.each([
    ['decimals, also very great and very small ones', decimal],
    ['whole numbers', whole],
    ['times in any zone and precision', time],
    ['texts', text],
  ])('is that of the values: %s', (_what, kind) => {
    assert(
      property(kind, kind, (a, b) => {
        expect(Math.sign(compareVersions(encode([a]), encode([b])))).toBe(compare(a.rank, b.rank));
      }),
      { numRuns: 500 },
    );
  });

  test('is that of the tuples, whatever they are made of', () => {
    const pair = array(constantFrom(...kinds), { minLength: 2, maxLength: 3 }).chain((of) =>
      tuple(tuple(...of), tuple(...of)),
    );
    assert(
      property(pair, ([a, b]) => {
        const order = a.map((known, i) => compare(known.rank, b[i]!.rank)).find((sign) => sign !== 0) ?? 0;
        expect(Math.sign(compareVersions(encode(a), encode(b)))).toBe(order);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['a number in exponents after one in plain digits', '99999999999999999999', '1e21'],
    ['two numbers beyond 20 digits', '200000000000000000000', '1000000000000000000000'],
    ['two negative ones beyond 20 digits', '-1e22', '-1e21'],
    ['a negative one beyond 20 digits and one within', '-1e20', '-9'],
    ['two numbers below a million millionths', '1e-14', '2e-14'],
    ['-1.5 and -1', '-1.5', '-1'],
    ['nothing and a number', null, '-5'],
  ])('puts %s in order', (_what, less, greater) => {
    const [a, b] = [less, greater].map((value) => encodeVersion([{ value, type: 'number' }]));
    expect(compareVersions(a!, b!)).toBe(-1);
    const [c, d] = [less, greater].map((value) =>
      encodeVersion([
        { value, type: 'number' },
        { value: 'x', type: 'text' },
      ]),
    );
    expect(compareVersions(c!, d!)).toBe(-1);
  });
});

describe('encodeVersion', () => {
  test('is null when no version is declared', () => {
    expect(encodeVersion([])).toBeNull();
    expect(compareVersions(null, 'x')).toBe(-1);
    expect(compareVersions('x', null)).toBe(1);
    expect(compareVersions(null, null)).toBe(0);
  });

  test('gives one text to equal values written in different ways', () => {
    for (const [type, texts] of [
      ['number', ['1', '1.0', '1.000', '10e-1', '0.1e1', '+1', '001']],
      ['number', ['0', '-0', '0.0', '-0.00', '0e5']],
      ['timestamp', ['2026-01-01T00:00:00Z', '2026-01-01 02:00:00.000+02:00', '2025-12-31T19:00-05:00']],
    ] as const)
      expect(new Set(texts.map((value) => encodeVersion([{ value, type }]))).size).toBe(1);
  });

  test('takes a Date as the time it is', () => {
    expect(encodeVersion([{ value: new Date(5), type: 'timestamp' }])).toBe('1970-01-01T00:00:00.005000000Z');
  });
});

describe('sortableTime', () => {
  test.each([
    ['2026-01-02T03:04Z', '2026-01-02T03:04:00.000000000Z'],
    ['2026-01-02T03:04:05,5+01:00', '2026-01-02T02:04:05.500000000Z'],
    ['2026-01-02T03:04:05.1234567899Z', '2026-01-02T03:04:05.123456789Z'],
    ['9999-12-31T23:59:59-05:00', '9999-12-31T23:59:59.000000000Z'],
    ['2026-13-45T99:00:00+02:00', '2026-13-45T99:00:00.000000000Z'],
    ['no time', 'no time'],
  ])('makes %s %s', (given, sortable) => {
    expect(sortableTime(given)).toBe(sortable);
  });
});
