import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { assert, property, string } from 'fast-check';
import { z } from 'zod';
import { parseJson } from '../../core/json.ts';
import type { StagedRecord } from '../../core/staged.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { decryptText, hideText } from '../../records/hide-text.ts';
import { rowTexts } from '../../records/row-texts.ts';
import { stageRecords } from '../../records/stage-records.ts';
import { defineStream } from '../support/define-stream.ts';

const KEY = 'k'.repeat(32);
const CANARY = 'canary-4711';

const schema = {
  type: 'object',
  required: ['id'],
  properties: {
    id: { type: 'string' },
    v: { type: 'integer' },
    email: { type: ['string', 'null'] },
    name: { type: 'string' },
    born: { type: 'string', format: 'date' },
    count: { type: ['string', 'null'] },
    active: { type: 'boolean' },
    at: { type: 'string', format: 'date-time' },
    amount: { type: 'number' },
    address: {
      type: 'object',
      properties: {
        city: { type: 'string' },
        street: { type: 'string' },
        house: { type: 'integer' },
        people: {
          type: 'array',
          items: { type: 'object', properties: { phone: { type: 'string' }, role: { type: 'string' } } },
        },
      },
    },
  },
};
type Transforms = NonNullable<StreamInput['transforms']>;
const stream = (transforms: Transforms, more: Partial<StreamInput> = {}) =>
  defineStream({ schema, transforms, ...more });

/** The row of one record, by column. */
async function rowOf(
  of: ReturnType<typeof stream>,
  record: unknown,
): Promise<Record<string, string | null> | { path: string; reason: string }> {
  const payload = typeof record === 'string' ? record : JSON.stringify(record);
  const { rows, rejected } = await rowTexts(of, [{ payload, ascii: false, record: parseJson(payload) }]);
  if (rejected[0] !== undefined) return { path: rejected[0].path, reason: rejected[0].reason };
  const [row] = rows;
  return {
    ...Object.fromEntries(of.columns.map(({ name }, i) => [name, row?.values[i] ?? null])),
    _extra: row?.extra ?? null,
  };
}
const row = (transforms: Transforms, record: unknown, more?: Partial<StreamInput>) =>
  rowOf(stream(transforms, more), record);

describe('a transform', () => {
  test('renames and drops columns, and leaves all others as they came', async () => {
    const of = stream({ email: { rename: 'mail' }, name: { drop: true }, id: { rename: 'order_id' } });
    expect(of.columns.map(({ name }) => name)).toEqual(
      'order_id v mail born count active at amount address _transform'.split(' '),
    );
    expect(of.keyColumns.map(({ name }) => name)).toEqual(['order_id']);
    const made = await rowOf(of, { id: 'a', email: 'x', name: CANARY, other: 1 });
    expect(made).toMatchObject({ order_id: 'a', mail: 'x', _extra: '{"other":1}', _transform: of.transform?.stamp });
    expect(JSON.stringify(made)).not.toContain(CANARY);
  });

  test.each<[string, Transforms[string], unknown, string | null]>([
    ['cast integer', { cast: 'integer' }, ' 12.0 ', '12'],
    ['cast integer', { cast: 'integer' }, '', null],
    ['cast number', { cast: 'number' }, '1.50', '1.50'],
    ['cast boolean', { cast: 'boolean' }, 'Yes', 't'],
    ['cast timestamp', { cast: 'timestamp' }, '2026-01-02', '2026-01-02T00:00:00Z'],
    ['cast date', { cast: 'date' }, '2026-01-02T23:30:00-02:00', '2026-01-03'],
    ['cast json', { cast: 'json' }, '{"n":12345678901234567890}', '{"n":12345678901234567890}'],
    ['default', { default: 'none' }, null, 'none'],
    ['default', { default: 'none' }, 'some', 'some'],
    ['cast, then default', { cast: 'integer', default: 7 }, '', '7'],
    ['mask', { mask: true }, '1234567890', '****'],
    ['mask with a rest', { mask: { last: 4 } }, '1234567890', '****7890'],
    ['mask with both ends', { mask: { first: 1, last: 2, with: '…' } }, 'ab😀cdefg', 'a…fg'],
    ['mask of a short one, of which more than half would stay', { mask: { last: 4 } }, '1234567', '****'],
    ['hash', { hash: KEY }, 'x@y.example', createHmac('sha256', KEY).update('x@y.example').digest('hex')],
    ['hash of null', { hash: KEY }, null, null],
  ])('%s %j of %j gives %j', async (_, own, came, expected) => {
    expect(await row({ count: own }, { id: 'a', count: came })).toMatchObject({ count: expected });
  });

  test.each<[keyof typeof schema.properties, unknown, 'text' | 'integer' | 'boolean' | 'date', string]>([
    ['active', true, 'text', 'true'],
    ['active', false, 'integer', '0'],
    ['amount', 2, 'text', '2'],
    ['at', '2026-01-02T10:00:00Z', 'date', '2026-01-02'],
    ['v', 1, 'boolean', 't'],
  ])('%s %j is cast to %s %s', async (field, came, cast, expected) => {
    expect(await row({ [field]: { cast } }, { id: 'a', [field]: came })).toMatchObject({ [field]: expected });
  });

  test('what cannot be cast goes to quarantine, without its value', async () => {
    expect(await row({ count: { cast: 'integer' } }, { id: 'a', count: CANARY })).toEqual({
      path: 'count',
      reason: 'expected a value that can be cast to integer, found another one',
    });
  });

  test('hides fields inside objects and arrays, and numbers too long for a double stay what they are', async () => {
    const transforms = {
      'address.street': { drop: true },
      'address.house': { hash: KEY },
      'address.people.phone': { mask: { last: 2 } },
    } as const;
    const payload = `{"id":"a","address":{"city":"Delft","street":"${CANARY}","house":12345678901234567890,"far":98765432109876543210,"people":[{"phone":"0123456789","role":"x"},{"role":"y"}]}}`;
    const house = createHmac('sha256', KEY).update('12345678901234567890').digest('hex');
    const loose = {
      ...schema,
      properties: {
        ...schema.properties,
        address: { ...schema.properties.address, properties: { ...schema.properties.address.properties, house: {} } },
      },
    };
    expect(await row(transforms, payload, { schema: loose })).toMatchObject({
      address: `{"city":"Delft","house":"${house}","far":98765432109876543210,"people":[{"phone":"****89","role":"x"},{"role":"y"}]}`,
    });
  });

  test('where the contract lets a field evolve, a value that does not fit is kept in _extra, unless the field is hidden', async () => {
    const onMismatch = {
      default: 'quarantine',
      fields: { count: 'evolve', email: 'evolve', address: 'evolve' },
    } as const;
    const transforms: Transforms = {
      count: { cast: 'integer' },
      email: { hash: KEY },
      'address.street': { drop: true },
    };
    const record = { id: 'a', count: 'many', email: { at: CANARY }, address: CANARY };
    expect(await row(transforms, record, { onMismatch })).toMatchObject({
      count: null,
      email: null,
      address: null,
      _extra: '{"count":"many"}',
    });
  });

  test('drops what has no column', async () => {
    expect(await row({ _extra: { drop: true } }, { id: 'a', secret: CANARY })).toMatchObject({ _extra: null });
  });

  test('computes fields from texts, in which hidden fields are hidden, too', async () => {
    const transforms: Transforms = {
      email: { mask: true },
      name: { drop: true },
      count: { default: '0' },
      'address.street': { mask: true },
      label: { compute: '{name} <{email}> {active} {address.city}/{address.street} #{count}' },
      total: { compute: '{count}', as: 'integer' },
      nothing: { compute: '{born}{at}' },
    };
    const record = { id: 'a', name: 'Ann', email: CANARY, active: true, address: { city: 'Delft', street: CANARY } };
    const made = await row(transforms, record);
    expect(made).toMatchObject({ label: 'Ann <****> true Delft/**** #0', total: '0', nothing: null });
    expect(JSON.stringify(made)).not.toContain(CANARY);
  });

  test('computes by a function, which sees what others see', async () => {
    const seen: unknown[] = [];
    const transforms: Transforms = {
      email: { hash: KEY },
      name: { drop: true },
      initials: { compute: ({ name, email }) => (seen.push(email), String(name).slice(0, 1)) },
      gross: { compute: ({ amount }) => Math.round(Number(amount) * 121) / 100, as: 'number' },
      tags: { compute: () => ['a', 'b'], as: 'json' },
    };
    const made = await row(transforms, { id: 'a', name: 'Ann', email: CANARY, amount: 10 });
    expect(made).toMatchObject({ initials: 'A', gross: '12.1', tags: '["a","b"]' });
    expect(seen).toEqual([createHmac('sha256', KEY).update(CANARY).digest('hex')]);
  });

  test('of an object that is flattened, each column by itself; functions see what others see', async () => {
    const seen: unknown[] = [];
    const transforms: Transforms = {
      'address.street': { hash: KEY, rename: 'street_hash' },
      'address.city': { drop: true },
      where: { compute: '{address.city} {address.street}' },
      made: { compute: ({ address }) => (seen.push(address), 'x') },
    };
    const record = { id: 'a', address: { city: 'Delft', street: CANARY, other: 1 } };
    const hash = createHmac('sha256', KEY).update(CANARY).digest('hex');
    const made = await row(transforms, record, { flatten: ['address'] });
    expect(made).toMatchObject({ street_hash: hash, where: `Delft ${hash}`, made: 'x' });
    expect(Object.keys(made)).not.toContain('address_city');
    expect(seen).toEqual([{ city: 'Delft', street: hash, other: 1 }]);
    expect(JSON.stringify(made)).not.toContain(CANARY);
  });

  test.each<[string, Transforms[string]['compute'], string]>([
    [
      'that throws',
      () => {
        throw new RangeError(CANARY);
      },
      'compute threw a RangeError',
    ],
    ['that is async', async () => CANARY, 'compute returned a promise: it has to return the value itself'],
    ['whose value is of another type', () => CANARY, 'expected an integer of 64 bits, found a string that is none'],
  ])('a function %s sends the record to quarantine, without its message', async (_, compute, reason) => {
    expect(await row({ made: { compute, as: 'integer' } }, { id: 'a' })).toEqual({ path: 'made', reason });
  });

  test('takes what a zod schema makes of a field', async () => {
    const zod = z.object({
      id: z.string(),
      v: z.int(),
      at: z
        .string()
        .transform((text) => text.toUpperCase())
        .pipe(z.string()),
    });
    expect(
      await row(
        { at: { rename: 'when' }, both: { compute: '{at}!' } },
        { id: 'a', v: 1, at: 'x', more: 1 },
        { schema: zod },
      ),
    ).toMatchObject({
      when: 'X',
      both: 'X!',
      _extra: '{"more":1}',
    });
  });
});

const staged = (of: ReturnType<typeof stream>, record: unknown) => {
  const lines: unknown[] = [];
  const payload = JSON.stringify(record);
  stageRecords(of, [{ payload, ascii: true, record }], {
    add: ({ columns: _columns, plain: _plain, ...line }): StagedRecord => (lines.push(line), { ...line, line: 0 }),
  });
  return lines[0];
};

describe('key, version, hash and payload', () => {
  test('are those of the record as it came', () => {
    const record = { id: 'a', v: 3, email: 'x', at: '2026-01-02T10:00:00Z' };
    const plain = defineStream({ schema, incremental: { field: 'at', start: { as: 'since' } } });
    const changed = stream(
      { id: { rename: 'key' }, email: { hash: KEY }, at: { drop: true }, v: { cast: 'text' } },
      { incremental: { field: 'at', start: { as: 'since' } } },
    );
    expect(staged(changed, record)).toEqual(staged(plain, record));
    expect(staged(plain, record)).toMatchObject({ key: 'a', eventTime: '2026-01-02T10:00:00Z' });
  });
});

const stampOf = (transforms: Transforms) => stream(transforms).transform?.stamp;

const version = (transforms?: Transforms) =>
  defineStream(transforms === undefined ? { schema } : { schema, transforms }).definitionVersion;

describe('the stamp', () => {
  test('changes with whatever may make another row, a key included, and with nothing else', () => {
    const stamps = [
      { email: { hash: KEY } },
      { email: { hash: `${KEY}2` } },
      { email: { encrypt: KEY } },
      { email: { mask: true } },
      { email: { mask: { last: 1 } } },
      { name: { mask: true } },
      { x: { compute: '{name}' } },
      { x: { compute: ({ name }: Readonly<Record<string, unknown>>) => name } },
      { x: { compute: ({ email }: Readonly<Record<string, unknown>>) => email } },
    ].map((transforms) => stampOf(transforms as Transforms));
    expect(new Set(stamps).size).toBe(stamps.length);
    expect(stampOf({ name: { mask: true }, email: { drop: true } })).toBe(
      stampOf({ email: { drop: true }, name: { mask: true } }),
    );
    expect(stamps.join()).not.toContain(KEY);
  });

  test('is part of the version of the definition; without transforms that is what it was', () => {
    expect(new Set([version(), version({ email: { hash: KEY } }), version({ email: { hash: `${KEY}2` } })]).size).toBe(
      3,
    );
  });
});

const encrypt = (text: string, key = KEY) => hideText({ kind: 'encrypt', key }, text);

describe('encryption', () => {
  test('gives every text back, the same text for the same value, and another one for any other', () => {
    assert(
      property(string({ unit: 'binary' }), string({ unit: 'binary' }), (a, b) => {
        expect(decryptText(KEY, encrypt(a))).toBe(a);
        expect(encrypt(a)).toBe(encrypt(a));
        expect(encrypt(a) === encrypt(b)).toBe(a === b);
      }),
      { numRuns: 200 },
    );
  });

  test('another key, a changed text and any other text are refused', () => {
    const sealed = encrypt(CANARY);
    expect(sealed).toMatch(/^enc1:[\w-]+$/);
    expect(encrypt(CANARY, `${KEY}2`)).not.toBe(sealed);
    expect(() => decryptText(`${KEY}2`, sealed)).toThrow('encrypted with another key');
    const other = sealed.at(-3) === 'A' ? 'B' : 'A';
    expect(() => decryptText(KEY, `${sealed.slice(0, -3)}${other}${sealed.slice(-2)}`)).toThrow('somebody changed it');
    expect(() => decryptText(KEY, 'enc1:AA')).toThrow('somebody changed it');
    expect(() => decryptText(KEY, 'plain')).toThrow('begins with enc1:');
  });
});
