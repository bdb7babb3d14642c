import { describe, expect, test } from '@jest/globals';
import { array, assert, constantFrom, jsonValue, letrec, oneof, property, string, tuple } from 'fast-check';
import { carryExact, exactJson, holdsExact, isExactNumber } from '../../core/exact-numbers.ts';
import { parseJson, sliceElements, valueAt } from '../../core/json.ts';

describe('parseJson', () => {
  test.each([
    ['a small integer', '{"n":42}', { n: 42 }],
    ['the greatest safe integer', '9007199254740991', 9007199254740991],
    ['an integer that no double holds', '9007199254740993', '9007199254740993'],
    ['an integer beyond 2^53 that a double does hold', '9007199254740992', 9007199254740992],
    ['a negative one of 64 bits', '[-9223372036854775808]', ['-9223372036854775808']],
    ['a long decimal', '{"amount":1234567890123456.78}', { amount: '1234567890123456.78' }],
    ['a decimal whose zeros say nothing', '1.5000000000000000000', 1.5],
    ['a tenth in too many digits', '0.10000000000000000001', '0.10000000000000000001'],
    ['an exponent that is no loss', '1e100', 1e100],
    ['an exponent that no double has', '{"n":-1e400}', { n: '-1e400' }],
    ['one that would be nothing', '[1.5E-400]', ['1.5E-400']],
    ['what looks like one in a text', '["4e123","a 1e400"]', ['4e123', 'a 1e400']],
    ['digits inside a text', '{"id":"12345678901234567890"}', { id: '12345678901234567890' }],
    ['digits after an escaped quote', '["a\\"12345678901234567890"]', ['a"12345678901234567890']],
    ['digits after an escaped backslash', '["a\\\\",12345678901234567890]', ['a\\', '12345678901234567890']],
    ['long digits as a name', '{"12345678901234567890":1}', { '12345678901234567890': 1 }],
    ['zero in many digits', '0.00000000000000000000', 0],
  ])('reads %s', (_what, text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  test.each(['{"a":12345678901234567890', '01234567890123456789', '[1234567890123456789.]', '', '{a:1}'])(
    'refuses %j as JSON.parse does',
    (text) => {
      expect(() => parseJson(text)).toThrow(SyntaxError);
    },
  );

  test('knows which texts were numbers, also beside texts that look the same', () => {
    const text =
      '{"a":9007199254740993,"b":"9007199254740993","c":[{"d":[1,0.1234567890123456789]},{}],"\\u0001":1e400}';
    const value = parseJson(text) as Record<string, unknown>;
    expect(exactJson(value, value)).toBe(text);
    expect(exactJson(structuredClone(value), value)).toBe(text);
    expect(exactJson(value.c, value.c)).toBe('[{"d":[1,0.1234567890123456789]},{}]');
    expect(['a', 'b', 'c'].map((name) => isExactNumber(value, name))).toEqual([true, false, false]);
    expect([value, value.c, (value.c as unknown[])[1]].map(holdsExact)).toEqual([true, true, false]);
    const copy = carryExact(value, { ...value, more: 1 });
    expect(exactJson(copy, copy)).toBe(`${text.slice(0, -1)},"more":1}`);
  });

  test('reads a text of many megabytes beside a long number', () => {
    const long = 'x'.repeat(12_000_000);
    expect(parseJson(`["${long}",12345678901234567890]`)).toEqual([long, '12345678901234567890']);
  });

  test('gives what JSON.parse gives where a double is enough', () => {
    assert(
      property(jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(parseJson(text)).toEqual(JSON.parse(text));
        // Long digits elsewhere send the whole text down the slow path.
        expect(parseJson(`[${text},12345678901234567890]`)).toEqual([JSON.parse(text), '12345678901234567890']);
      }),
    );
  });
});

describe('sliceElements', () => {
  const space = constantFrom('', ' ', '\n', '\t', '\r\n  ');
  const elements = array(tuple(jsonValue(), space, space), { maxLength: 6 });

  test('gives exactly the texts of the elements, wherever the array is', () => {
    assert(
      property(elements, array(string(), { maxLength: 2 }), jsonValue(), (items, names, other) => {
        const path = names.map((name) => name.replaceAll('.', '_'));
        const texts = items.map(([value]) => JSON.stringify(value));
        let text = `[${items.map(([, before, after], i) => `${before}${texts[i]}${after}`).join(',')}]`;
        for (const name of path.toReversed())
          text = `{"a b": ${JSON.stringify(other)} , ${JSON.stringify(name)} : ${text},"z":[{"q":"]}"}]}`;
        // A name that comes again later wins, and an empty path element means the body itself.
        if (path.some((name) => name === 'z') || (path.length === 1 && path[0] === '')) return;
        const slices = sliceElements(text, path.join('.'));
        expect(slices).toEqual(texts);
        const parsed = valueAt(JSON.parse(text), path.join('.')) as unknown[];
        expect(slices?.map((slice) => JSON.parse(slice) as unknown)).toEqual(parsed);
        expect(sliceElements(text, path.join('.'), parsed)).toEqual(texts);
      }),
    );
  });

  test('is not led astray by braces in texts, or by names that come twice', () => {
    const awkward = array(constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', '},{', '}]', 'data'), {
      maxLength: 6,
    }).map((parts) => JSON.stringify(parts.join('')));
    const { record } = letrec<{ record: string; value: string }>((tie) => ({
      value: oneof(
        { maxDepth: 3 },
        awkward,
        constantFrom('1', 'null', 'true'),
        tie('record'),
        array(tie('value'), { maxLength: 3 }).map((values) => `[${values.join(',')}]`),
      ),
      record: array(tuple(constantFrom('"a"', '"b"', '"data"'), space, tie('value')), { maxLength: 4 }).map(
        (members) => `{${members.map(([name, gap, value]) => `${name}:${gap}${value}`).join(',')}}`,
      ),
    }));
    assert(
      property(array(record, { minLength: 1, maxLength: 5 }), record, record, (texts, before, after) => {
        const text = `{"x":${before},"data":[${texts.join(' , ')}],"y":${after}}`;
        const parsed = valueAt(JSON.parse(text), 'data') as unknown[];
        expect(sliceElements(text, 'data', parsed)).toEqual(texts);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['an empty array', '[ ]', '', []],
    ['spaces within elements', '[ {"a" : 1} ,2]', '', ['{"a" : 1}', '2']],
    ['the last of several members with one name', '{"data":[1],"data":[2,3]}', 'data', ['2', '3']],
    ['a name written with an escape', '{"d\\u0061ta":[1]}', 'data', ['1']],
    ['brackets inside texts', '{"x":"[{\\"","data":["]",{"b":"}"}]}', 'data', ['"]"', '{"b":"}"}']],
    ['a path that is not there', '{"data":[1]}', 'items', undefined],
    ['something that is no array', '{"data":{"0":1}}', 'data', undefined],
  ])('handles %s', (_what, text, path, slices) => {
    expect(sliceElements(text, path)).toEqual(slices);
  });
});

describe('valueAt', () => {
  test.each([
    ['', { a: 1 }, { a: 1 }],
    ['a.b', { a: { b: 2 } }, 2],
    ['a.0', { a: ['x'] }, 'x'],
    ['a.b', { a: null }, undefined],
    ['constructor', {}, undefined],
    ['a.length', { a: 'text' }, undefined],
  ])('finds %j', (path, value, found) => {
    expect(valueAt(value, path)).toEqual(found);
  });
});
