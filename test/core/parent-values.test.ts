import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { readParent, writeParent } from '../../core/parent-values.ts';

describe('the values of a parent', () => {
  test('of one field are the value itself', () => {
    expect(writeParent(['id'], ['a/b'])).toBe('a/b');
    expect(readParent(['id'], 'a/b', 'id')).toBe('a/b');
  });

  test('of several are told apart by their names, whatever their order is now', () => {
    const text = writeParent(['owner', 'name'], ['acme', 'core']);
    expect(text).toBe('["owner","acme","name","core"]');
    expect(['name', 'owner', 'id'].map((field) => readParent(['id', 'name', 'owner'], text, field))).toEqual([
      'core',
      'acme',
      undefined,
    ]);
  });

  test('that were written for other fields are found as far as they are there', () => {
    expect(readParent(['owner'], '["owner","acme","name","core"]', 'owner')).toBe('acme');
    expect(readParent(['name', 'owner'], 'core', 'name')).toBe('core');
    expect(readParent(['name', 'owner'], 'core', 'owner')).toBeUndefined();
  });

  test.each(['["id"', '["a","b"]', '["a","b","c"]', '["a", "1", "b", "2"]', '["a",1,"b",2]', '["x","1","y","2"]'])(
    'may look like several, as %s does',
    (text) => {
      expect(readParent(['id'], text, 'id')).toBe(text);
    },
  );

  test('any texts come back', () => {
    const fields = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 4 });
    const texts = fc.array(fc.string({ minLength: 1 }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(fields, texts, (names, values) => {
        const text = writeParent(names, values);
        expect(names.map((name) => readParent(names, text, name))).toEqual(values.slice(0, names.length));
      }),
    );
  });
});
