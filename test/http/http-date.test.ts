import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parseHttpDate } from '../../http/http-date.ts';
import { readPartnerClock } from '../../http/partner-clock.ts';

const nowMs = Date.parse('2026-11-24T10:00:00Z');

test.each([
  'Tue, 24 Nov 2026 10:00:00 GMT',
  'Tuesday, 24-Nov-26 10:00:00 GMT',
  'Tue Nov 24 10:00:00 2026',
  'Tue, 24 Nov 2026 12:30:00 +0230',
  'Tue, 24 Nov 2026 05:00:00 -0500',
  'Tue Nov 24 2026 11:00:00 GMT+0100 (Central European Standard Time)',
  '2026-11-24T10:00Z',
  '2026-11-24T10:00:00.000Z',
  '2026-11-24t10:00:00z',
  '2026-11-24T11:00:00+0100',
])('%j is the same moment', (text) => {
  expect(parseHttpDate(text, nowMs)).toBe(nowMs);
});

test.each(['120', '2026', '2026-11-24', '2026-11-24T10:00:00', 'Tue, 24 Foo 2026 10:00:00 GMT', 'now', ''])(
  '%j is no time',
  (text) => {
    expect(parseHttpDate(text, nowMs)).toBeUndefined();
  },
);

test('every moment comes back from its text', () => {
  const years = { min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true };
  fc.assert(
    fc.property(fc.date(years), (date) => {
      const seconds = Math.floor(date.getTime() / 1000) * 1000;
      expect(parseHttpDate(date.toUTCString(), nowMs)).toBe(seconds);
      expect(parseHttpDate(date.toISOString(), nowMs)).toBe(date.getTime());
      expect(parseHttpDate(date.toString(), nowMs)).toBe(seconds);
    }),
  );
});

test("the partner's clock is its Date and the age in a cache, and unknown without a readable Date", () => {
  expect(readPartnerClock({ date: 'Tue, 24 Nov 2026 10:00:00 GMT' }, nowMs)).toBe(nowMs);
  expect(readPartnerClock({ date: 'Tue, 24 Nov 2026 10:00:00 GMT', age: '30' }, nowMs)).toBe(nowMs + 30_000);
  expect(readPartnerClock({ date: 'today', age: '30' }, nowMs)).toBeUndefined();
  expect(readPartnerClock({}, nowMs)).toBeUndefined();
});
