import { describe, expect, test } from '@jest/globals';
import { checkPartner } from '../../definitions/check.ts';
import { partner, type StreamInput } from '../../definitions/definition.ts';

const schema = {
  type: 'object',
  required: ['id'],
  properties: {
    id: { type: 'string' },
    of: { type: 'string' },
    amount: { type: 'number' },
    lines: { type: 'array', items: { type: 'object' } },
  },
};

const problems = (refunds: unknown): readonly string[] =>
  checkPartner(
    partner.parse({
      name: 'bank',
      baseUrl: 'https://bank.example',
      streams: {
        payments: { path: '/payments', primaryKey: ['id'], schema },
        refunds: {
          path: '/refunds',
          primaryKey: ['id'],
          schema,
          requires: {
            original: { stream: 'payments', by: 'of' },
            named: { stream: 'payments', by: 'of', field: 'of' },
          },
          ...(refunds as Partial<StreamInput>),
        },
      },
    }),
  ).map(({ path, says }) => `${path.slice(2).join('.')}: ${says}`);

const ruled = (rule: unknown): readonly string[] => problems({ rules: { one: rule } });
const limit = { need: 'original', field: 'amount' };

describe('rules of a ledger', () => {
  test.each<[unknown]>([
    [{ onePer: 'of' }],
    [{ onePer: ['of', 'amount'] }],
    [{ sum: 'amount', per: 'of', is: 0 }],
    [{ sum: 'amount', per: ['of'], atMost: '12.50', atLeast: { ...limit, times: -1 } }],
  ])('may be %j', (rule) => {
    expect(ruled(rule)).toEqual([]);
  });

  test.each<[unknown, string]>([
    [{}, 'rules.one: expected either onePer: FIELD, or sum: FIELD with per and is, atMost or atLeast'],
    [{ onePer: 'of', is: 0 }, 'rules.one: onePer stands by itself; per, is, atMost and atLeast belong to a sum'],
    [{ sum: 'amount', per: 'of' }, 'rules.one: a sum needs per: FIELD, and is, atMost or atLeast'],
    [{ onePer: 'off' }, 'rules.one.onePer: field "off" is not in the schema; did you mean "of"?'],
    [{ onePer: 'lines' }, 'rules.one.onePer: field "lines" is of type json; name a text, number or time'],
    [{ sum: 'of', per: 'of', is: 0 }, 'rules.one.sum: field "of" is of type text; a sum is one of numbers'],
    [
      { sum: 'amount', per: 'of', is: { ...limit, need: 'nobody' } },
      'rules.one.is.need: there is no need "nobody"; those of the stream are original, named',
    ],
    [
      { sum: 'amount', per: 'of', is: { ...limit, need: 'named' } },
      'rules.one.is.need: "named" names its record by a field, which several may have; only one by key has a limit',
    ],
    [
      { sum: 'amount', per: 'id', is: limit },
      'rules.one.is.need: expected the sum to be per of, which names the record of "original"',
    ],
    [
      { sum: 'amount', per: 'of', is: { ...limit, field: 'id' } },
      'rules.one.is.field: field "id" is of type text; a sum is one of numbers',
    ],
  ])('cannot be %j', (rule, says) => {
    expect(ruled(rule)).toContain(says);
  });

  test('are for a stream whose rows have keys and no transforms', () => {
    const rules = { one: { onePer: 'of' } };
    const [keyed] = problems({ rules, disposition: 'append' });
    expect(keyed).toContain('rules: rules hold for the rows of a stream with disposition: merge and a primaryKey');
    expect(problems({ rules, transforms: { of: { rename: 'other' } } })).toContain(
      'rules.one.onePer: field "of" has a transform, so its column does not hold what came; name another field',
    );
  });

  test('immutable needs a key, and no deletes', () => {
    expect(problems({ immutable: true })).toEqual([]);
    expect(problems({ immutable: true, primaryKey: [] })).toContain(
      'immutable: only a stream with disposition: merge and a primaryKey can tell that a record has changed',
    );
    expect(problems({ immutable: true, deletes: { field: 'of' } })).toContain(
      'immutable: a record that can be deleted, and come again, is not immutable; leave out deletes, or this',
    );
  });
});
