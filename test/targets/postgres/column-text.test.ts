import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  bigInt,
  constantFrom,
  date,
  double,
  integer,
  jsonValue,
  oneof,
  sample,
  string,
  stringMatching,
  tuple,
  type Arbitrary,
} from 'fast-check';
import type { Pool } from 'pg';
import { columnText, quickColumnText, type ColumnKind } from '../../../core/column-text.ts';
import { sortableTime } from '../../../core/version.ts';
import { copyField } from '../../../targets/postgres/copy-text.ts';
import { copyInto } from '../../../targets/postgres/copy.ts';
import { openPool } from '../../../landing/postgres-warehouse.ts';
import { postgresTypes } from '../../../targets/postgres/column-types.ts';
import { transaction } from '../../../store/session/transaction.ts';
import { freshDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await freshDatabase();
  pool = openPool(database.url);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** Writes texts as the warehouse writes them, and reads them back as texts, in order. */
const through = (kind: ColumnKind, texts: readonly string[]): Promise<string[]> =>
  transaction(pool, async (client) => {
    await client.query(`set local time zone 'America/New_York'`);
    await client.query(`create temp table cells (n int, v ${postgresTypes[kind]}) on commit drop`);
    await copyInto(
      client,
      'cells (n, v)',
      texts.map((text, i) => Buffer.from(`${i}\t${copyField(text)}\n`)),
    );
    const as = kind === 'timestamp' ? `to_char(v at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')` : 'v::text';
    const { rows } = await client.query<{ v: string }>(`select ${as} as v from cells order by n`);
    return rows.map(({ v }) => v);
  });

const accepted = (kind: ColumnKind, values: readonly unknown[]): string[] =>
  values.flatMap((value) => {
    const cell = columnText(kind, value);
    return 'text' in cell && cell.text !== null ? [cell.text] : [];
  });

const anyText = string({ unit: 'binary', maxLength: 8 });
const clock = stringMatching(/^[0-2]\d:[0-6]\d(:[0-6]\d(\.\d{1,60})?)?$/);
const day = stringMatching(/^[0-2]\d{3}-[01]\d-[0-3]\d$/);
const zone = oneof(constantFrom('', 'Z', 'z', '+00:00', '-00:00'), stringMatching(/^[+-][01]\d:?[0-6]\d$/));
const values: Record<ColumnKind, Arbitrary<unknown>> = {
  text: oneof(
    anyText,
    stringMatching(/^[\\nrtNx.0-7]{0,6}$/),
    string({ unit: 'binary-ascii' }),
    jsonValue(),
    integer(),
  ),
  integer: oneof(
    integer(),
    bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
    bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
    double(),
  ),
  number: oneof(double(), stringMatching(/^[+-]?\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,3})?$/)),
  boolean: constantFrom(true, false, 'true', 1, 't'),
  timestamp: oneof(
    tuple(day, constantFrom('T', 't', ' '), clock, zone).map((parts) => parts.join('')),
    date(),
  ),
  date: oneof(day, anyText),
  json: jsonValue({ stringUnit: 'binary' }),
};

/** What two spellings of one value have in common. PostgreSQL writes booleans and times in its own way. */
function meaning(kind: ColumnKind, text: string): unknown {
  if (kind === 'json') return JSON.parse(text);
  if (kind === 'number') return Number(text) + 0;
  if (kind === 'boolean') return text[0];
  return kind === 'timestamp' ? Math.floor(Date.parse(isoOf(text)) / 1000) : text;
}

/** To whole seconds: PostgreSQL rounds what comes behind the microseconds. */
const isoOf = (text: string): string => sortableTime(text).replace(/\.\d+Z$/, 'Z');

describe('quickColumnText', () => {
  test.each(Object.keys(values) as ColumnKind[])('says what columnText says, or nothing: %s', (kind) => {
    const plain = sample(values[kind], 3000).filter(
      (value) => typeof value !== 'bigint' && !JSON.stringify(value).includes('\\'),
    );
    const told = plain.filter((value) => quickColumnText(kind, value) !== undefined);
    expect(told.map((value) => ({ text: quickColumnText(kind, value) }))).toEqual(
      told.map((value) => columnText(kind, value)),
    );
  });

  test.each<[ColumnKind, unknown, string]>([
    ['text', 'a b', 'a b'],
    ['integer', 12, '12'],
    ['number', 1.5, '1.5'],
    ['boolean', false, 'f'],
    ['timestamp', '2026-01-28T03:04:05.123456Z', '2026-01-28T03:04:05.123456Z'],
    ['json', { a: [1] }, '{"a":[1]}'],
  ])('knows what most values are: %s', (kind, value, text) => {
    expect(quickColumnText(kind, value)).toBe(text);
  });
});

describe('what columnText accepts', () => {
  test.each(Object.keys(values) as ColumnKind[])('PostgreSQL accepts: %s', async (kind) => {
    const texts = accepted(kind, sample(values[kind], 3000));
    expect(texts.length).toBeGreaterThan(100);
    const back = await through(kind, texts);
    expect(back).toHaveLength(texts.length);
    expect(back.map((text) => meaning(kind, text))).toEqual(texts.map((text) => meaning(kind, text)));
  });

  test.each<[ColumnKind, unknown, string]>([
    ['integer', '9223372036854775807', '9223372036854775807'],
    ['integer', '-9223372036854775808', '-9223372036854775808'],
    ['integer', -0, '0'],
    [
      'number',
      '123456789012345678901234567890.123456789012345678901234567890',
      '123456789012345678901234567890.123456789012345678901234567890',
    ],
    ['number', 5e-324, `0.${'0'.repeat(323)}5`],
    ['number', `${'9'.repeat(1000)}e999`, `${'9'.repeat(1000)}${'0'.repeat(999)}`],
    ['timestamp', '2026-01-01T00:00:00', '2026-01-01T00:00:00.000000Z'],
    ['timestamp', '2026-01-01t00:00z', '2026-01-01T00:00:00.000000Z'],
    ['timestamp', '2026-01-01T00:00:00.123456-0930', '2026-01-01T09:30:00.123456Z'],
    ['timestamp', '0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000000Z'],
    ['timestamp', '9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59.999999Z'],
    ['timestamp', new Date(1), '1970-01-01T00:00:00.001000Z'],
    ['date', '2028-02-29', '2028-02-29'],
    ['date', '2000-02-29', '2000-02-29'],
    ['date', '9999-12-31', '9999-12-31'],
    ['text', 'a\ud800b\udfff', 'a\ufffdb\ufffd'],
    ['text', '\\u0000', '\\u0000'],
    ['json', ['\\u0000', '\ud800\ud801\\ud800', '𝒳'], '["\\\\u0000", "\ufffd\ufffd\\\\ud800", "𝒳"]'],
  ])('comes back as it should: %s %j', async (kind, value, expected) => {
    const cell = columnText(kind, value);
    expect(await through(kind, [(cell as { text: string }).text])).toEqual([expected]);
  });
});

describe('what columnText refuses', () => {
  test.each<[ColumnKind, unknown]>([
    ['integer', '9223372036854775808'],
    ['integer', '-9223372036854775809'],
    ['integer', 2 ** 53],
    ['integer', 1.5],
    ['integer', '1.0'],
    ['integer', ''],
    ['integer', true],
    ['number', Number.NaN],
    ['number', Number.POSITIVE_INFINITY],
    ['number', 'NaN'],
    ['number', 'Infinity'],
    ['number', '0x10'],
    ['number', '1e1000'],
    ['number', '1_000'],
    ['number', ' 1'],
    ['number', '.5'],
    ['boolean', 'true'],
    ['boolean', 1],
    ['timestamp', '0000-01-01T00:00:00Z'],
    ['timestamp', '2026-02-30T00:00:00Z'],
    ['timestamp', '2026-02-29T00:00:00Z'],
    ['timestamp', '2026-01-01T24:00:00Z'],
    ['timestamp', '2026-01-01T00:60:00Z'],
    ['timestamp', '2026-01-01T00:00:60Z'],
    ['timestamp', '2026-01-01T00:00:00+16:00'],
    ['timestamp', '2026-01-01'],
    ['timestamp', 'now'],
    ['timestamp', 1_767_225_600],
    ['timestamp', new Date(Number.NaN)],
    ['timestamp', new Date(Date.UTC(12_026, 0))],
    ['timestamp', new Date('-000001-01-01T00:00:00Z')],
    ['date', '2026-02-29'],
    ['date', '1900-02-29'],
    ['date', '0000-01-01'],
    ['date', '2026-00-10'],
    ['date', '2026-01-00'],
    ['date', 'today'],
    ['date', 'infinity'],
    ['text', 'a\u0000b'],
    ['json', { 'a\u0000': 1 }],
    ['json', ['\\\u0000']],
  ])('%s %p', (kind, value) => {
    const cell = columnText(kind, value) as { reason: string };
    expect(cell.reason).toMatch(/^(expected an? |text holds a NUL)/);
  });

  test('without saying the value', () => {
    for (const kind of ['integer', 'number', 'boolean', 'timestamp', 'date'] as const)
      expect((columnText(kind, 's3cret') as { reason: string }).reason).not.toContain('s3cret');
  });

  test.each(Object.keys(values) as ColumnKind[])('is never null or nothing, for %s', (kind) => {
    expect([columnText(kind, null), columnText(kind, undefined)]).toEqual([{ text: null }, { text: null }]);
  });
});
