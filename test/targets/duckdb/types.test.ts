import { describe, expect, test } from '@jest/globals';
import {
  array,
  assert,
  asyncProperty,
  bigInt,
  constantFrom,
  date,
  double,
  integer,
  json,
  oneof,
  option,
  string,
  stringMatching,
  tuple,
} from 'fast-check';
import type { ColumnType } from '../../../core/column.ts';
import { columnText } from '../../../core/column-text.ts';
import { parseDecimal, writeDecimal } from '../../../core/decimal.ts';
import { parseMicros, writeMicros } from '../../../core/micros.ts';
import { jsonText } from '../../../targets/json-text.ts';
import type { TargetTable } from '../../../targets/target.ts';
import { useDuckdb } from '../../support/duckdb-target.ts';
import { changesOf, column, rowOf, valuesOf } from '../../support/target-rows.ts';
import { usePool } from '../../support/use-pool.ts';

const duckdb = useDuckdb();
const used = usePool(1);

let tables = 0;

/** What comes back out of a column, through a file of its own. */
async function through(
  type: ColumnType,
  texts: readonly (string | null)[],
  keys = 0,
): Promise<readonly (string | null)[]> {
  const table: TargetTable = {
    schema: 'acme',
    table: `t${(tables += 1)}`,
    columns: [column('x', type)],
    keys,
    rowPer: keys === 0 ? 'event' : 'key',
  };
  const target = await duckdb.open({ path: path() });
  await target.open(table);
  await target.apply(
    table,
    changesOf(
      0,
      texts.map((text, i) => rowOf(i + 1, [text])),
    ),
  );
  const values = await valuesOf(target, table);
  await target.close();
  return values.map(([value]) => value ?? null);
}
/** As the last table of `through` holds them, read by the driver alone. */
const storedTexts = async (): Promise<unknown[]> =>
  (await duckdb.query(path(), `select x::varchar from acme.t${tables} order by _event`)).map(([text]) => text);

let made: string | undefined;
const path = (): string => (made ??= duckdb.newPath());

/** Texts as `columnText` gives them; what it refuses never comes to a target. */
const textsOf = (type: ColumnType, values: readonly unknown[]): readonly (string | null)[] =>
  values.flatMap((value) => {
    const found = columnText(type, value);
    return 'text' in found ? [found.text] : [];
  });

/** What PostgreSQL makes of the texts. */
async function inPostgres(expression: string, texts: readonly (string | null)[]): Promise<(string | null)[]> {
  const { rows } = await used.pool.query<{ x: string | null }>(
    `select (${expression})::text as x from unnest($1::text[]) with ordinality as u(t, i) order by i`,
    [texts],
  );
  return rows.map(({ x }) => x);
}

const two = (n: number): string => String(n).padStart(2, '0');
const clock = tuple(
  integer({ min: 0, max: 23 }),
  integer({ min: 0, max: 59 }),
  option(integer({ min: 0, max: 59 })),
).map(([h, m, s]) => `${two(h)}:${two(m)}${s === null ? '' : `:${two(s)}`}`);
const fraction = oneof(
  constantFrom('', '.5', '.123456', '.1234565', '.1234575', '.9999995', '.9999999', '.0000005', '.000000499999999999'),
  stringMatching(/^\.\d{1,60}$/),
);
const zone = oneof(constantFrom('', 'Z', 'z', '+00:00', '-00:00', '+14:59', '-14:59', '+0530', '-0330'));
const day = oneof(
  constantFrom(
    '0001-01-01',
    '0001-12-31',
    '9999-12-31',
    '9999-01-01',
    '1582-10-10',
    '1900-02-28',
    '2000-02-29',
    '1970-01-01',
  ),
  date({ min: new Date('1800-01-01'), max: new Date('2200-01-01'), noInvalidDate: true }).map((at) =>
    at.toISOString().slice(0, 10),
  ),
);
const times = tuple(day, constantFrom('T', 't', ' '), clock, fraction, zone).map(
  ([d, t, c, f, z]) => `${d}${t}${c}${c.length > 5 ? f : ''}${z}`,
);

const decimals = oneof(
  double({ noDefaultInfinity: true, noNaN: true }),
  double({ min: -1e6, max: 1e6, noNaN: true }),
  constantFrom(
    '0',
    '-0',
    '-0.0',
    '+007.50',
    '1e21',
    '1E-7',
    '12345678901234567890.123456789012345678',
    '0.1234567890123456789',
  ),
  constantFrom(
    '99999999999999999999.9999999999999999995',
    '100000000000000000000',
    '-0.0000000000000000004',
    '1e999',
    '-1e-999',
  ),
  stringMatching(/^[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,2})?$/),
  stringMatching(/^-?\d{1,12}\.\d{1,12}$/),
);

describe('values in a DuckDB table', () => {
  test('every time is the instant that PostgreSQL holds', async () => {
    await assert(
      asyncProperty(array(times, { minLength: 20, maxLength: 60 }), async (values) => {
        const texts = textsOf('timestamp', values);
        const micros = await inPostgres('(extract(epoch from t::timestamptz) * 1000000)::bigint', texts);
        const expected = micros.map((text) => (text === null ? null : writeMicros(BigInt(text))));
        expect(await through('timestamp', texts)).toEqual(expected);
        expect(texts.map((text) => String(parseMicros(text ?? '')))).toEqual(micros);
      }),
      { numRuns: 15 },
    );
  });

  test.each([
    ['2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678000Z'],
    ['0001-01-01T00:00:00+14:00', '0000-12-31T10:00:00.000000Z'],
    ['9999-12-31T23:59:59.9999999Z', '10000-01-01T00:00:00.000000Z'],
    ['1969-12-31T23:59:59.999999Z', '1969-12-31T23:59:59.999999Z'],
  ])('%s is written as %s', async (text, expected) => {
    expect(await through('timestamp', [text])).toEqual([expected]);
  });

  test('every day stays itself', async () => {
    await assert(
      asyncProperty(array(day, { minLength: 5 }), async (values) => {
        expect(await through('date', textsOf('date', values))).toEqual(values);
      }),
      { numRuns: 5 },
    );
  });

  test('every number comes back exactly, whether its column holds it or not', async () => {
    await assert(
      asyncProperty(array(decimals, { minLength: 20, maxLength: 60 }), async (values) => {
        const texts = textsOf('number', values);
        const expected = texts.map((text) => writeDecimal(parseDecimal(text ?? '')!));
        expect(await through('number', texts)).toEqual(expected);
        const equal = await inPostgres(
          `t::numeric = (select v::numeric from unnest($1::text[]) with ordinality as w(v, j) where j = i)`,
          texts,
        );
        expect(equal).toEqual(texts.map(() => 'true'));
      }),
      { numRuns: 15 },
    );
  });

  test('numbers in a key are exact too, and in the order of numbers', async () => {
    const texts = [
      '10',
      '9',
      '-1',
      '-10',
      '0.5',
      '0.25',
      '-0.5',
      '1e30',
      '0.1234567890123456789',
      '0.1234567890123456788',
      '-9.75',
    ];
    const ordered = await inPostgres(
      't',
      texts.toSorted((a, b) => Number(a) - Number(b)),
    );
    expect(await through('number', texts, 1)).toEqual(
      ordered
        .map((text) => writeDecimal(parseDecimal(text ?? '')!))
        .toSorted((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1)),
    );
  });

  test('a column holds the nearest number, or NULL where it has too many digits', async () => {
    const file = duckdb.newPath();
    const target = await duckdb.open({ path: file });
    const table: TargetTable = {
      schema: 'acme',
      table: 'n',
      columns: [column('x', 'number')],
      keys: 0,
      rowPer: 'event',
    };
    await target.open(table);
    const texts = [
      '0.1234567890123456785',
      '-0.0000000000000000005',
      '99999999999999999999.9999999999999999999',
      '1e20',
      '1.25',
    ];
    await target.apply(
      table,
      changesOf(
        0,
        texts.map((text, i) => rowOf(i + 1, [text])),
      ),
    );
    await target.close();
    expect(await duckdb.query(file, `select x::varchar, _exact->>'x' from acme.n order by _event`)).toEqual([
      ['0.123456789012345679', '0.1234567890123456785'],
      ['-0.000000000000000001', '-0.0000000000000000005'],
      [null, '99999999999999999999.9999999999999999999'],
      [null, '100000000000000000000'],
      ['1.250000000000000000', null],
    ]);
  });

  test('every integer of 64 bits comes back', async () => {
    await assert(
      asyncProperty(array(bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { minLength: 5 }), async (values) => {
        expect(await through('integer', textsOf('integer', values))).toEqual(values.map(String));
      }),
      { numRuns: 5 },
    );
  });

  test('every text comes back, whatever it begins with', async () => {
    const texts = oneof(
      string({ unit: 'binary' }),
      array(constantFrom('\u0001', '\u0002', 'a', '\u0301'), { minLength: 1, maxLength: 5 }).map((parts) =>
        parts.join(''),
      ),
      constantFrom('', '\u0001', '\u0002', '\u0001\u0001', '\n', '"', '\\N', 'NULL', "'"),
    );
    await assert(
      asyncProperty(array(option(texts), { minLength: 10 }), async (values) => {
        const found = textsOf('text', values);
        expect(await through('text', found)).toEqual(found);
      }),
      { numRuns: 20 },
    );
  });

  test('texts are keys as they are, also the empty one', async () => {
    const keys = ['', '\u0001', '\u0002', ' ', 'a', 'A', 'é', '日本'];
    expect(await through('text', keys, 1)).toEqual(
      keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
  });

  test('JSON is kept byte for byte', async () => {
    await assert(
      asyncProperty(array(json(), { minLength: 5 }), async (values) => {
        const texts = textsOf(
          'json',
          values.map((text) => JSON.parse(text) as unknown),
        );
        expect(await through('json', texts)).toEqual(texts.map((text) => (text === null ? null : jsonText(text))));
        expect(await storedTexts()).toEqual(texts);
      }),
      { numRuns: 10 },
    );
    const kept = [
      '{"a":1.10,"a":2}',
      '12345678901234567890.10',
      '{"n":[1e400,9007199254740993,-1e-400]}',
      '"text"',
      '[ 1 ]',
      `${'['.repeat(900)}${']'.repeat(900)}`,
    ];
    await through('json', kept);
    expect(await storedTexts()).toEqual(kept);
  });

  test('booleans are true, false or NULL', async () => {
    expect(await through('boolean', ['t', 'f', null])).toEqual(['true', 'false', null]);
  });
});
