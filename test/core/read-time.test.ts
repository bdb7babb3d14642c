import { describe, expect, test } from '@jest/globals';
import { assert, constantFrom, date, property } from 'fast-check';
import { timeReader } from '../../core/read-time.ts';

const read = (formats: string[], value: unknown, zone?: string): unknown =>
  timeReader({ formats, zone }, 'timestamp')(value);

describe('timeReader', () => {
  test.each<[string, string, unknown, string]>([
    ['an offset without a colon', 'iso', '2024-01-29T10:44:51.887-0800', '2024-01-29T18:44:51.887Z'],
    ['an offset without minutes', 'iso', '2024-01-29 18:44:51.887654+00', '2024-01-29T18:44:51.887654Z'],
    ['a space for the T', 'iso', '2024-01-29 18:44:51Z', '2024-01-29T18:44:51Z'],
    ['a zone behind a space', 'iso', '2024-01-29 18:44:51 +0100', '2024-01-29T17:44:51Z'],
    ['UTC in letters', 'iso', '2024-01-29 18:44:51 UTC', '2024-01-29T18:44:51Z'],
    ['no seconds', 'iso', '2024-01-29T18:44+05:30', '2024-01-29T13:14:00Z'],
    ['a comma', 'iso', '2024-01-29T18:44:51,5Z', '2024-01-29T18:44:51.5Z'],
    ['nanoseconds', 'iso', '2024-01-29T18:44:51.123456789Z', '2024-01-29T18:44:51.123456789Z'],
    ['a compact time', 'compact', '20240129T184451Z', '2024-01-29T18:44:51Z'],
    ['a compact time with an offset', 'compact', '20240129T184451.5+0100', '2024-01-29T17:44:51.5Z'],
    ['an HTTP date', 'httpDate', 'Mon, 29 Jan 2024 18:44:51 GMT', '2024-01-29T18:44:51Z'],
    ['an RFC 850 date', 'httpDate', 'Monday, 29-Jan-24 18:44:51 GMT', '2024-01-29T18:44:51Z'],
    ['an asctime date', 'httpDate', 'Mon Jan  9 18:44:51 2024', '2024-01-09T18:44:51Z'],
    ['the date of a mail', 'httpDate', 'Mon, 29 Jan 2024 18:44:51 +0200', '2024-01-29T16:44:51Z'],
    ['/Date()/', 'dotNet', '/Date(1700000000000)/', '2023-11-14T22:13:20Z'],
    ['/Date()/ with the zone of its writer', 'dotNet', '/Date(1700000000123+0200)/', '2023-11-14T22:13:20.123Z'],
    ['/Date()/ with escaped slashes', 'dotNet', '\\/Date(-1)\\/', '1969-12-31T23:59:59.999Z'],
    ['epoch seconds', 'epochSeconds', 1_763_600_000, '2025-11-20T00:53:20Z'],
    ['epoch seconds as text', 'epochSeconds', '1763600000', '2025-11-20T00:53:20Z'],
    ['epoch seconds with a fraction', 'epochSeconds', '1763600000.123456', '2025-11-20T00:53:20.123456Z'],
    ['epoch seconds as a double', 'epochSeconds', 1_763_600_000.5, '2025-11-20T00:53:20.5Z'],
    ['epoch milliseconds', 'epochMs', 1_763_600_000_001, '2025-11-20T00:53:20.001Z'],
    ['epoch microseconds', 'epochMicros', '1763600000000001', '2025-11-20T00:53:20.000001Z'],
    ['epoch nanoseconds, which no double holds', 'epochNanos', '1763600000000000001', '2025-11-20T00:53:20.000000001Z'],
    ['before 1970', 'epochMs', -1, '1969-12-31T23:59:59.999Z'],
    ['an exponent', 'epochMs', '1.7e12', '2023-11-14T22:13:20Z'],
    [
      'a pattern of one’s own with an offset',
      'dd/MM/yyyy HH:mm:ss xx',
      '29/01/2024 18:44:51 -0800',
      '2024-01-30T02:44:51Z',
    ],
  ])('reads %s', (_what, format, value, text) => {
    expect(read([format], value)).toEqual({ text });
    // Where it says its zone, no other one counts.
    expect(read([format], value, 'Asia/Tokyo')).toEqual({ text });
  });

  test.each([
    ['in winter', '2024-01-29 18:44:51', '2024-01-29T17:44:51Z'],
    ['in summer', '2024-07-29 18:44:51.5', '2024-07-29T16:44:51.5Z'],
    ['an hour before clocks are put on', '2024-03-31 01:30:00', '2024-03-31T00:30:00Z'],
    ['that clocks leave out: an hour later', '2024-03-31 02:30:00', '2024-03-31T01:30:00Z'],
    ['that comes twice: the first of them', '2024-10-27 02:30:00', '2024-10-27T00:30:00Z'],
    ['behind the hour that comes twice', '2024-10-27 03:30:00', '2024-10-27T02:30:00Z'],
  ])('reads a time without a zone where the definition says it was written: %s', (_what, value, text) => {
    expect(read(['iso'], value, 'Europe/Berlin')).toEqual({ text });
  });

  test.each([
    ['MM/dd/yyyy hh:mm a', '01/29/2024 06:44 pm', '2024-01-29T18:44:00Z'],
    ['MM/dd/yyyy hh:mm a', '01/29/2024 12:05 AM', '2024-01-29T00:05:00Z'],
    ['d MMM yyyy, H:mm', '9 Sep 2024, 7:05', '2024-09-09T07:05:00Z'],
    ['MMMM d, yyyy', 'September 9, 2024', '2024-09-09T00:00:00Z'],
    ['yyyy-MM-dd HH:mm:ss.SSSSSS', '2024-01-29 18:44:51.123456', '2024-01-29T18:44:51.123456Z'],
    ["dd.MM.yy 'um' HH 'Uhr'", '29.01.24 um 18 Uhr', '2024-01-29T18:00:00Z'],
    ['date', '2024-01-29', '2024-01-29T00:00:00Z'],
    ['compact', '20240129', '2024-01-29T00:00:00Z'],
  ])('reads %s: %s', (format, value, text) => {
    expect(read([format], value, 'UTC')).toEqual({ text });
  });

  test('tries one format after the other', () => {
    const formats = ['iso', 'dd.MM.yyyy', 'epochSeconds'];
    expect(
      ['2024-01-29T00:00:00Z', '29.01.2024', '1706486400', 1_706_486_400].map((value) => read(formats, value, 'UTC')),
    ).toEqual(Array.from({ length: 4 }, () => ({ text: '2024-01-29T00:00:00Z' })));
  });

  test('says of a time whose zone nobody knows that it is one', () => {
    expect(read(['iso'], '2024-01-29 18:44:51')).toBe('zoneless');
    expect(read(['iso'], '2024-02-30 18:44:51')).toBeUndefined();
  });

  test.each([
    ['iso', '2024-02-30T00:00:00Z'],
    ['iso', '2023-02-29T00:00:00Z'],
    ['iso', '2024-01-29T24:00:00Z'],
    ['iso', '2024-06-30T23:59:60Z'],
    ['iso', '2024-01-29T18:44:51+25:00'],
    ['iso', '0000-00-00 00:00:00'],
    ['iso', '12024-01-29T18:44:51Z'],
    ['iso', 1_706_486_400],
    ['compact', '20241301'],
    ['httpDate', 'Mon, 31 Feb 2024 18:44:51 GMT'],
    ['dotNet', '/Date(x)/'],
    ['dotNet', '/Date(99999999999999999)/'],
    ['epochSeconds', '99999999999999'],
    ['epochMs', 'soon'],
    ['epochMs', true],
    ['epochMs', Number.NaN],
    ['dd.MM.yyyy', '29.13.2024'],
    ['hh:mm a dd.MM.yyyy', '13:00 pm 29.01.2024'],
  ])('%s: %j is no time', (format, value) => {
    expect(read([format], value, 'UTC')).toBeUndefined();
  });

  test('reads days as they are written, and of an instant the day of the zone', () => {
    expect(readDay('dd.MM.yyyy', '29.01.2024')).toEqual({ text: '2024-01-29' });
    expect(readDay('iso', '2024-01-29T23:30:00-05:00')).toEqual({ text: '2024-01-29' });
    expect(readDay('epochSeconds', 1_706_571_000)).toEqual({ text: '2024-01-29' });
    expect(readDay('epochSeconds', 1_706_571_000, 'Asia/Tokyo')).toEqual({ text: '2024-01-30' });
  });

  test('finds the instant again that was written in some zone; of two that look alike the first one', () => {
    assert(
      property(
        date({ min: new Date('1995-01-01'), max: new Date('2035-01-01'), noInvalidDate: true }),
        constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'UTC'),
        (at, zone) => {
          const atMs = Math.floor(at.getTime() / 1000) * 1000;
          const found = read(['iso'], written(atMs, zone), zone) as { readonly text: string };
          const backMs = atMs - Date.parse(found.text);
          expect([0, 1_800_000, 3_600_000]).toContain(backMs);
          expect(written(Date.parse(found.text), zone)).toBe(written(atMs, zone));
        },
      ),
      { numRuns: 300 },
    );
  });
});

const readDay = (format: string, value: unknown, zone?: string): unknown =>
  timeReader({ formats: [format], zone }, 'date')(value);

/** Sweden writes 2024-01-29 18:44:51. */
const written = (atMs: number, timeZone: string): string =>
  new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(atMs);
