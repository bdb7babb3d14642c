import { describe, expect, test } from '@jest/globals';
import { array, assert, dictionary, integer, jsonValue, property, stringMatching } from 'fast-check';
import { canonicalJson } from '../../core/canonical.ts';

/** The same value with the keys of every object put in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, item]) => [key, reversed(item)]),
  );
}

function keysInOrder(text: string): string[][] {
  const found: string[][] = [];
  for (const match of text.matchAll(/\{[^{}[\]]*\}/g))
    found.push([...match[0].matchAll(/"(\w+)":/g)].map((m) => m[1]!));
  return found;
}

describe('canonicalJson', () => {
  test.each([
    ['sorted keys', { a: 1, b: { c: 2, d: [1, { e: 1, f: 2 }] } }, '{"a":1,"b":{"c":2,"d":[1,{"e":1,"f":2}]}}'],
    ['unsorted keys', { b: { d: [{ f: 2, e: 1 }], c: 2 }, a: 1 }, '{"a":1,"b":{"c":2,"d":[{"e":1,"f":2}]}}'],
    ['keys that look like numbers', { 9: 1, 10: 2, a: 3 }, '{"10":2,"9":1,"a":3}'],
    ['undefined members', { b: undefined, a: [undefined, null] }, '{"a":[null,null]}'],
    ['dates', { b: new Date(0), a: 1 }, '{"a":1,"b":"1970-01-01T00:00:00.000Z"}'],
    ['a member called __proto__', JSON.parse('{"b":1,"__proto__":{"d":1,"c":2}}'), '{"__proto__":{"c":2,"d":1},"b":1}'],
    ['nothing at all', undefined, 'null'],
  ])('writes %s', (_what, value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  test('does not depend on the order of keys, and loses nothing', () => {
    assert(
      property(jsonValue({ maxDepth: 5 }), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(reversed(value))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('sorts the keys of every object', () => {
    assert(
      property(array(dictionary(stringMatching(/^\w{1,4}$/), integer())), (value) => {
        for (const keys of keysInOrder(canonicalJson(value))) expect(keys).toEqual(keys.toSorted());
      }),
    );
  });
});
