import { describe, expect, test } from '@jest/globals';
import { pollHint } from '../../core/poll-hint.ts';

const DAY = 86_400_000;
const plain = { header: 'X-Poll-Interval', maxAge: false };
const at = Date.parse('2026-01-01T00:00:00Z');
const everyOf = (headers: Record<string, string>, inBody?: unknown, polling: object = {}): number | undefined =>
  pollHint({ ...plain, ...polling }, { headers, inBody, receivedAtMs: at }, DAY)?.everyMs;

describe('when a partner wants to be asked again', () => {
  test('is in its header, in seconds, and names it', () => {
    expect(pollHint(plain, { headers: { 'x-poll-interval': '60' }, inBody: undefined, receivedAtMs: at }, DAY)).toEqual(
      {
        until: '2026-01-01T00:01:00.000Z',
        everyMs: 60_000,
        says: 'the partner wants to be asked every 1m at most (X-Poll-Interval)',
      },
    );
  });

  test.each<[string, Record<string, string>]>([
    ['nothing', {}],
    ['no number', { 'x-poll-interval': 'soon' }],
    ['0', { 'x-poll-interval': '0' }],
    ['a negative one', { 'x-poll-interval': '-5' }],
    ['max-age, which counts only where the definition says so', { 'cache-control': 'max-age=300' }],
  ])('is not said by %s', (_, headers) => {
    expect(everyOf(headers)).toBeUndefined();
  });

  test.each<[string, string | undefined, number | undefined]>([
    ['public, max-age=300', undefined, 300_000],
    ['max-age="300"', undefined, 300_000],
    ['max-age=300', '100', 200_000],
    ['max-age=300', '400', undefined],
    ['s-maxage=300', undefined, undefined],
    ['no-cache, max-age=300', undefined, undefined],
    ['max-age=0, must-revalidate', undefined, undefined],
  ])('is in Cache-Control: %s, at an age of %s', (control, age, every) => {
    expect(
      everyOf({ 'cache-control': control, ...(age === undefined ? {} : { age }) }, undefined, { maxAge: true }),
    ).toBe(every);
  });

  test('is in the body, and the longest counts, up to a bound', () => {
    expect(everyOf({}, 30, { path: 'meta.every' })).toBe(30_000);
    expect(everyOf({ 'x-poll-interval': '60' }, '30', { path: 'meta.every' })).toBe(60_000);
    expect(everyOf({ 'x-poll-interval': '999999999' })).toBe(DAY);
  });
});
