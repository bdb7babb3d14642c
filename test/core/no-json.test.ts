import { describe, expect, test } from '@jest/globals';
import { wordThatIsNoJson } from '../../core/no-json.ts';

describe('wordThatIsNoJson', () => {
  test.each([
    ['{"data":[{},{},{},{"value":NaN}]}', 'NaN at data.3.value is no JSON'],
    ['[1, Infinity]', 'Infinity at 1 is no JSON'],
    ['{"a":{"b":-Infinity,"c":NaN}}', '-Infinity at a.b is no JSON'],
    ['{"a":"NaN, \\"b\\": NaN","c":[[],[NaN]]}', 'NaN at c.1.0 is no JSON'],
    ['{"a\\u0062": {"x":1}, "z": undefined}', 'undefined at z is no JSON'],
    ['{"a":{"x":[1,2]},"b":[{"c":1},{"c":nan}]}', 'nan at b.1.c is no JSON'],
    ['NaN', 'NaN at its top is no JSON'],
  ])('%s: %s', (text, says) => {
    expect(wordThatIsNoJson(text)).toBe(says);
  });

  test.each(['{"a":1', '{"a":NaN', '<html>NaN</html>', '{"a":NaNny}', '{"a":-0}', '["NaN"]', '', '{a:NaN}'])(
    'says nothing of %j, which is JSON, or none for another reason',
    (text) => {
      expect(wordThatIsNoJson(text)).toBeUndefined();
    },
  );
});
