import { describe, expect, test } from '@jest/globals';
import { pseudonyms, type PseudonymOptions } from '../../recordings/pseudonyms.ts';

const replaced = (value: unknown, more: Partial<PseudonymOptions> = {}): unknown =>
  pseudonyms({ key: Buffer.from('a key'), ...more }).replace(value);

describe('what looks like data of a person', () => {
  test.each<[string, unknown, RegExp]>([
    ['a name', { first_name: 'Ada' }, /^\{"first_name":"[A-Z][a-z]{2}"\}$/],
    ['a name in camel case', { lastName: 'Lovelace-King' }, /^\{"lastName":"[A-Z][a-z]{7}-[A-Z][a-z]{3}"\}$/],
    ['a number', { phone: 4_915_112_345 }, /^\{"phone":4\d{9}\}$/],
    ['an address by its form', { contact: 'ada@example.com' }, /^\{"contact":"[a-z]{3}@mail\.example"\}$/],
    ['a phone number by its form', { call: '+49 (151) 1234' }, /^\{"call":"\+\d\d \(\d{3}\) \d{4}"\}$/],
    [
      'all that stands in an address',
      { address: { lines: ['Main St 7'] } },
      /^\{"address":\{"lines":\["[A-Z][a-z]{3} [A-Z][a-z] \d"\]\}\}$/,
    ],
    [
      'an address that a field is called by',
      { by: { 'ada@example.com': 1 } },
      /^\{"by":\{"[a-z]{3}@mail\.example":1\}\}$/,
    ],
    ['what a secret is called', { api_key: 'k-123' }, /^\{"api_key":"[a-z]-\d{3}"\}$/],
  ])('is replaced by something of its form: %s', (_what, value, expected) => {
    const text = JSON.stringify(replaced(value));
    expect(text).toMatch(expected);
    expect(text).not.toBe(JSON.stringify(value));
  });

  test('is the same wherever it comes, and another one with another key', () => {
    const value = { customer: { email: 'ada@example.com' }, sent_to: ['ada@example.com'] };
    const first = replaced(value) as typeof value;
    expect(first.sent_to[0]).toBe(first.customer.email);
    expect(replaced(value, { key: Buffer.from('another key') })).not.toEqual(first);
  });

  test('is replaced as a whole where it begins as the marks of exact numbers do', () => {
    const hex = '0123456789abcdef0123456789abcdef';
    const text = JSON.stringify(replaced({ api_key: `${hex}77`, by: `${hex}7@relay.example` }));
    expect(text).not.toContain(hex.slice(0, 16));
    expect(replaced({ id: `${hex}7` })).toEqual({ id: `${hex}7` });
  });

  test('is no id, no amount, no time, no state, and nothing that is empty', () => {
    const value = { id: 'pay_1', amount: 12, at: '2026-01-01', status: 'paid', name: null, note: '', ok: true };
    expect(replaced(value)).toEqual(value);
  });

  test('may be named, and may be kept', () => {
    const value = { ref: 'INV-1', name: 'Blue chair' };
    expect(replaced(value, { also: ['ref'], keep: ['name'] })).toMatchObject({
      ref: expect.not.stringContaining('INV-1'),
      name: 'Blue chair',
    });
  });

  test('is replaced by its form only in a field that others are asked for by, as in their paths', () => {
    const { replace, replaceText } = pseudonyms({ key: Buffer.from('a key'), asked: ['name'] });
    const [ada, chair] = replace([{ name: 'ada@example.com' }, { name: 'Blue chair' }]) as { name: string }[];
    expect(ada?.name).toMatch(/^[a-z]{3}@mail\.example$/);
    expect([ada?.name, chair?.name]).toEqual([replaceText('ada@example.com'), replaceText('Blue chair')]);
  });

  test('is listed by the names of its fields', () => {
    const { replace, replaced: names } = pseudonyms({ key: Buffer.from('a key') });
    replace([{ name: 'Ada', id: 1 }, { mail: 'ada@example.com' }]);
    expect(names()).toEqual(['mail', 'name']);
  });
});
