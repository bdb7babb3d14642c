import { describe, expect, test } from '@jest/globals';
import { problemsOf } from './partner-files.ts';

const KEY = 'k'.repeat(40);
const env = { PII_KEY: KEY, SHORT: 'short-secret' };

const text = { type: 'string' };
const schema = {
  type: 'object',
  properties: {
    id: text,
    at: { ...text, format: 'date-time' },
    email: text,
    age: { type: 'integer' },
    address: { type: 'object', properties: { street: text, geo: { type: 'object', properties: { lat: text } } } },
    lines: { type: 'array', items: { type: 'object', properties: { note: text } } },
  },
};

const definition = (transforms: string, more: object = {}, streams: object = {}): string => {
  const orders = { path: '/orders', primaryKey: ['id'], version: ['at'], schema, ...more };
  const whole = { name: 'acme', baseUrl: 'https://api.acme.example', streams: { orders, ...streams } };
  return JSON.stringify(whole).replace('"orders":{', () => `"orders":{"transforms":${transforms},`);
};
/** Without the place, which is the same file for all. */
const said = async (transforms: string, more?: object, streams?: object): Promise<string[]> =>
  (await problemsOf(definition(transforms, more, streams), env)).map((line) =>
    line.replace(/^acme\.yaml:\d+:\d+ /, ''),
  );

describe('transforms that are good', () => {
  test.each([
    `{ email: { hash: '\${PII_KEY}', rename: email_hash }, age: { cast: text, default: '0' }, _extra: { drop: true } }`,
    `{ id: { rename: order_id }, at: { drop: true }, address.geo.lat: { encrypt: '\${PII_KEY}' }, lines.note: { mask: { last: 2 } } }`,
    `{ address: { encrypt: '\${PII_KEY}' }, label: { compute: '{email} {address.street}', as: text } }`,
    `{ email: { drop: true }, e_mail: { compute: '{email}' } }`,
  ])('%s', async (transforms) => {
    expect(await said(transforms)).toEqual([]);
  });
});

describe('what is wrong with transforms is said', () => {
  test.each([
    ['{ emial: { drop: true } }', 'transforms.emial: field "emial" is not in the schema; did you mean "email"?'],
    ['{ address.stret: { drop: true } }', 'did you mean "address.street"?'],
    ['{ lines.nope: { drop: true } }', 'field "lines.nope" is not in the schema'],
    ['{ email: {} }', 'says nothing; known are cast, default, mask, hash, encrypt, rename, drop and compute'],
    ['{ email: { mask: true, drop: true } }', 'drop cannot be combined with others; found mask beside it'],
    [`{ email: { mask: true, hash: '\${PII_KEY}' } }`, 'expected one of mask, hash and encrypt, found mask and hash'],
    ['{ id: { mask: true } }', 'a field of the primary key stays as it came'],
    ['{ at: { mask: true } }', 'a field of the version is shown in _version'],
    ['{ _extra: { mask: true } }', '_extra: { drop: true }'],
    ['{ address: { mask: true } }', 'of an object or array no characters can be kept'],
    [
      '{ address: { drop: true }, address.street: { mask: true } }',
      'address.street is inside it and has a transform, too',
    ],
    [
      '{ address.geo: { drop: true }, address.geo.lat: { mask: true } }',
      'it is inside address.geo, which has a transform, too',
    ],
    ['{ address.street: { rename: x } }', 'rename is for columns; inside an object only drop, mask, hash and encrypt'],
    ['{ age: { default: old } }', 'default: expected an integer of 64 bits, found a string that is none'],
    ['{ age: { as: text } }', '`as` is the type of a computed field'],
    ['{ x: { compute: "{email}", cast: text } }', 'compute can only be combined with `as`; found cast beside it'],
    ['{ x: { compute: "{emial}" } }', 'compute: field "emial" is not in the schema; did you mean "email"?'],
    ['{ x: { compute: "hello" } }', 'compute: expected a {field} in the text'],
    ['{ x: { compute: "{email|json}" } }', 'a placeholder here has neither format nor quoting'],
    ['{ x: { compute: "{? {email} }" } }', 'expected a text with {fields}'],
    ['{ age: { rename: Email } }', 'two columns "Email", of email and age; rename one of them'],
    ['{ age: { rename: _event } }', 'column "_event" is one of our own'],
    ['{ age: { cast: float } }', 'expected one of "text", "integer"'],
    [`{ email: { hash: '${KEY}' } }`, 'a key is a secret: take it from the environment, as ${NAME}'],
    ['{ email: { hash: "${SHORT}" } }', 'a key of at least 32 characters'],
  ])('%s', async (transforms, expected) => {
    const problems = await said(transforms);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected);
    expect(problems.join()).not.toMatch(/kkkk|short-secret/);
  });

  test('a parent whose field the children need', async () => {
    const lines = {
      path: '/orders/{order}/lines',
      parent: { stream: 'orders', field: 'email', as: 'order' },
      primaryKey: ['id'],
      schema,
    };
    expect(await said('{ email: { mask: true } }', {}, { lines })).toEqual([
      expect.stringContaining('transforms of orders change "email", and its table is where it is read from'),
    ]);
    expect(await said('{ email: { rename: mail } }', {}, { lines })).toEqual([]);
  });
});
