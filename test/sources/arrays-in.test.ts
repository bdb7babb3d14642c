import { describe, expect, test } from '@jest/globals';
import { arraysIn } from '../../sources/declared/arrays-in.ts';

describe('arraysIn', () => {
  test('names arrays from the outermost inwards', () => {
    expect(arraysIn({ data: { rows: [1], next: null }, items: [] })).toEqual(['items', 'data.rows']);
  });

  test('names those inside of the first object of an array', () => {
    expect(arraysIn({ items: [null, { lines: [1] }] })).toEqual(['items', 'items.*.lines']);
    expect(arraysIn([{ lines: [1] }])).toEqual(['*.lines']);
  });

  test('says nothing of keys that are data', () => {
    expect(arraysIn({ items: [{ '4711': [1] }], 'ada@example.com': [1], '4711': { rows: [] } })).toEqual(['items']);
  });

  test.each([[null], [undefined], ['text'], [7], [[[]]], [{}]])('finds none in %j', (body) => {
    expect(arraysIn(body)).toEqual([]);
  });

  test('ends with five, three levels deep', () => {
    const many = Object.fromEntries('a b c d e f g'.split(' ').map((name) => [name, []]));
    expect(arraysIn(many)).toHaveLength(5);
    expect(arraysIn({ a: { b: { c: { d: [] } } } })).toEqual([]);
  });
});
