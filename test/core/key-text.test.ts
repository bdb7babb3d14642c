import { describe, expect, test } from '@jest/globals';
import { keyPart, keyText } from '../../core/key-text.ts';

describe('the text of a key', () => {
  test.each([
    ['number', ['1', '1.0', '1e0', '10e-1', '+01']],
    ['number', ['-120.5', '-1.205e2', '-120.500']],
    ['number', ['0', '-0', '0.00']],
    ['timestamp', ['2026-01-01T00:00:00Z', '2026-01-01T01:00:00.0000001+01:00', '2026-01-01T00:00:00.000000Z']],
    [
      'timestamp',
      ['2026-01-01T00:00:00.123457Z', '2026-01-01t00:00:00.1234567z', '2026-01-01 02:00:00.1234569999+02:00'],
    ],
  ] as const)('is the same however a %s is written: %j', (kind, texts) => {
    expect(new Set(texts.map((text) => keyPart(kind, text))).size).toBe(1);
  });

  test.each(['1.10', '01', '1e2', '2026-01-01T00:00:00Z'])('leaves the text %s as it is', (text) => {
    expect(keyPart('text', text)).toBe(text);
  });

  test.each([
    ['2026-12-31T23:59:59.9999999Z', '2027-01-01T00:00:00.000000Z'],
    ['2026-01-01T00:00:00.1234565Z', '2026-01-01T00:00:00.123456Z'],
    ['0099-01-01T00:00:00Z', '0099-01-01T00:00:00.000000Z'],
    ['0001-01-01T00:30:00+01:00', '0001-12-31T23:30:00.000000Z BC'],
    ['9999-12-31T23:59:59-05:00', '10000-01-01T04:59:59.000000Z'],
    ['9999-12-31T23:59:59.9999999Z', '10000-01-01T00:00:00.000000Z'],
  ])('is for %s the instant that PostgreSQL holds, in UTC: %s', (text, key) => {
    expect(keyPart('timestamp', text)).toBe(key);
    expect(keyPart('timestamp', key)).toBe(key);
  });

  test('tells composite keys apart whose parts run together', () => {
    expect(keyText([])).toBeNull();
    expect(keyText(['a'])).toBe('a');
    const keys = [
      ['a', 'b,c'],
      ['a,b', 'c'],
      ['a"', 'b'],
      ['a', '"b'],
      ['a\\', 'b'],
    ].map((parts) => keyText(parts));
    expect(new Set(keys).size).toBe(keys.length);
  });
});
