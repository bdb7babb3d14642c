import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { GiveUp } from '../../core/errors.ts';
import { quote } from '../../sources/declared/quote.ts';

const text = (value: string | number) => ({ value, isTime: false });
const time = (value: string | number) => ({ value, isTime: true });

describe('a value', () => {
  test.each([
    ['soql', 'O\'Brien \\ "x"\n', String.raw`'O\'Brien \\ \"x\"\n'`],
    ['jql', 'a "b" \\ c', String.raw`"a \"b\" \\ c"`],
    ['odata', "O'Brien", "'O''Brien'"],
    ['pocketbase', "O'Brien", String.raw`'O\'Brien'`],
    ['graphql', 'a "b"\n', String.raw`"a \"b\"\n"`],
    ['json', 'a "b"\n', String.raw`"a \"b\"\n"`],
    ['url', 'a/b c', 'a%2Fb%20c'],
    ['path', 'a/b c/ü', 'a/b%20c/%C3%BC'],
    ['raw', "a'b", "a'b"],
  ] as const)('in %s is a literal of it', (quoting, value, expected) => {
    expect(quote(text(value), quoting)).toBe(expected);
  });

  test.each(['soql', 'jql', 'odata', 'pocketbase', 'graphql', 'json', 'raw'] as const)(
    'that is a number is bare in %s',
    (quoting) => {
      expect(quote(text(42), quoting)).toBe('42');
    },
  );

  test.each([
    ['soql', '2026-01-01T00:00:00.000Z'],
    ['odata', '2026-01-01T00:00:00.000Z'],
    ['pocketbase', "'2026-01-01 00:00:00.000Z'"],
    ['graphql', '"2026-01-01T00:00:00.000Z"'],
  ] as const)('that is a time is written as %s does', (quoting, expected) => {
    expect(quote(time('2026-01-01T00:00:00.000Z'), quoting)).toBe(expected);
  });

  test('cannot end in a backslash where that would open its quotes', () => {
    expect(() => quote(text('a\\'), 'pocketbase')).toThrow(GiveUp);
  });

  test('never ends its own quotes', () => {
    const closing = { soql: /^'(?:[^'\\]|\\.)*'$/s, odata: /^'(?:[^']|'')*'$/s, jql: /^"(?:[^"\\]|\\.)*"$/s } as const;
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', "'", '"', '\\', '\n') }), (value) => {
        for (const [quoting, whole] of Object.entries(closing))
          expect(quote(text(value), quoting as keyof typeof closing)).toMatch(whole);
      }),
    );
  });
});
