import { describe, expect, test } from '@jest/globals';
import { checkPartner } from '../../definitions/check.ts';
import { compileStream } from '../../definitions/compile.ts';
import { partner, type StreamInput } from '../../definitions/definition.ts';
import { plainNames } from '../../messages/names.ts';

const fields = {
  id: { type: 'string' },
  no: { type: 'integer' },
  ref: { type: 'string' },
  of: { type: ['string', 'null'] },
  paid: { type: 'boolean' },
};
const schema = { type: 'object', required: ['id'], properties: fields };

const parsed = (streams: Readonly<Record<string, Partial<StreamInput>>>) =>
  partner.parse({
    name: 'bank',
    baseUrl: 'https://bank.example',
    streams: Object.fromEntries(
      Object.entries(streams).map(([name, of]) => [name, { path: `/${name}`, primaryKey: ['id'], schema, ...of }]),
    ),
  });
const problems = (need: unknown, payments: Partial<StreamInput> = {}, refunds: Partial<StreamInput> = {}) =>
  checkPartner(parsed({ payments, refunds: { ...refunds, requires: { original: need } } as Partial<StreamInput> })).map(
    ({ path, says }) => `${path.join('.')}: ${says}`,
  );

const needing = (stream: string) => ({ requires: { other: { stream, by: 'of' } } });
const need = (within: string) => ({ requires: { original: { stream: 'payments', by: 'of', within } } });
const version = (refunds: Partial<StreamInput>): string =>
  compileStream(parsed({ payments: {}, refunds }), 'refunds', plainNames).definitionVersion;

describe('requires', () => {
  test.each<readonly [string, unknown, Partial<StreamInput>?]>([
    ['by the key', { stream: 'payments', by: 'of' }],
    ['by another field', { stream: 'payments', by: ['of'], field: 'ref' }],
    [
      'of a stream without a key, by a field',
      { stream: 'payments', by: 'of', field: 'ref' },
      { primaryKey: [], disposition: 'append' },
    ],
    ['of itself', { stream: 'refunds', by: 'of', optional: true }],
    ['of a key with two fields', { stream: 'payments', by: ['of', 'no'] }, { primaryKey: ['id', 'no'] }],
  ])('may name a record %s', (...[_what, need, payments]) => {
    expect(problems(need, payments)).toEqual([]);
  });

  test.each<[unknown, string, Partial<StreamInput>?, Partial<StreamInput>?]>([
    [{ stream: 'payment', by: 'of' }, 'stream: there is no stream "payment"; did you mean "payments"?'],
    [{ stream: 'payments', by: 'off' }, 'by: field "off" is not in the schema; did you mean "of"?'],
    [
      { stream: 'payments', by: 'of', field: 'reff' },
      'field: field "reff" is not in the schema of payments; did you mean "ref"?',
    ],
    [
      { stream: 'payments', by: 'no' },
      'by: field "no" is of type integer, and what it names in payments of type text: they can never be equal; give both the same type',
    ],
    [
      { stream: 'payments', by: ['of', 'ref'] },
      "by: expected 1 field, one for each of payments's primaryKey (id), found 2",
    ],
    [
      { stream: 'payments', by: 'of', field: 'paid' },
      'field: field "paid" cannot be looked for; use a text, number or time',
    ],
    [
      { stream: 'payments', by: 'of' },
      'stream: payments has no primaryKey; name the `field` that is meant',
      { primaryKey: [], disposition: 'append' },
    ],
    [
      { stream: 'payments', by: 'of' },
      'stream: payments has disposition: replace, whose records come and go with each listing; only merge and append can be needed',
      { disposition: 'replace' },
    ],
  ])('%j is refused: %s', (...[need, says, payments]) => {
    expect(problems(need, payments)).toEqual([`streams.refunds.requires.original.${says}`]);
  });

  test('a field that has a transform cannot be looked for', () => {
    expect(
      problems({ stream: 'payments', by: 'of', field: 'ref' }, { transforms: { ref: { rename: 'reference' } } }),
    ).toEqual([
      'streams.refunds.requires.original.field: field "ref" of payments has a transform, so its column does not hold what came; name another field',
    ]);
    expect(problems({ stream: 'payments', by: 'of' }, { transforms: { id: { rename: 'no_2' } } })).toEqual([]);
  });

  test('a replace cannot wait', () => {
    expect(problems({ stream: 'payments', by: 'of' }, {}, { disposition: 'replace' })).toEqual([
      'streams.refunds.requires: a stream with disposition: replace cannot wait, since its listing takes effect as a whole; use merge or append',
    ]);
  });

  test('tells each stream whom its records may release, through others and in circles', () => {
    const of = parsed({ a: needing('b'), b: needing('c'), c: {}, d: needing('e'), e: needing('d'), f: {} });
    const dependents = (name: string) => compileStream(of, name, plainNames).relations?.dependents.toSorted();
    expect(['a', 'b', 'c', 'd', 'f'].map(dependents)).toEqual([[], ['a'], ['a', 'b'], ['d', 'e'], undefined]);
  });

  test('is part of the version of a definition, but for how long a record may wait', () => {
    expect(version(need('1d'))).toBe(version(need('2d')));
    expect(version(need('1d'))).not.toBe(version({}));
  });
});

const fetching = (fetch: unknown, more: object = {}) => ({ stream: 'payments', by: 'of', fetch, ...more });

describe('fetch of a need', () => {
  test('names the record by its key, by another field, in the path or in the query', () => {
    expect(problems(fetching({ path: '/payments/{id}' }))).toEqual([]);
    expect(problems(fetching({ path: '/payments', query: { ref: '{ref}' } }, { field: 'ref' }))).toEqual([]);
    expect(
      problems(fetching({ path: '/payments/{id}/{no}' }, { by: ['of', 'no'] }), { primaryKey: ['id', 'no'] }),
    ).toEqual([]);
  });

  test.each<[unknown, string, Partial<StreamInput>?]>([
    [
      fetching({ path: '/payments/{no}' }),
      'fetch.path: nothing fills {no} here; a record of payments is named by {id}',
    ],
    [
      fetching({ path: '/payments/{id}' }, { field: 'ref' }),
      'fetch.path: nothing fills {id} here; a record of payments is named by {ref}',
    ],
    [
      fetching({ path: '/payments' }),
      'fetch.path: expected {id} in the path or the query: it says which record of payments is meant',
    ],
    [
      fetching({ path: '/payments/{id}' }),
      'fetch: records of payments carry a field of their parent (include), which an answer to one of them lacks; leave fetch out, or include',
      { parent: { stream: 'refunds', field: 'id', as: 'x', include: 'ref' }, path: '/p/{x}' },
    ],
  ])('cannot be %j', (...[need, says, payments]) => {
    expect(problems(need, payments)).toContain(`streams.refunds.requires.original.${says}`);
  });

  test('does not make another version of the stream that waits', () => {
    const plain = { requires: { original: { stream: 'payments', by: 'of' } } };
    const fetched = { requires: { original: { stream: 'payments', by: 'of', fetch: { path: '/payments/{id}' } } } };
    expect(version(fetched)).toBe(version(plain));
    expect(version({ ...plain, rules: { one: { onePer: 'of' } } })).toBe(version(plain));
  });
});
