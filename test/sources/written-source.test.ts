import { describe, expect, test } from '@jest/globals';
import { GiveUp, RetryLater } from '../../core/errors.ts';
import type { Position } from '../../core/page.ts';
import type { Source } from '../../core/source.ts';
import { writtenSource } from '../../sources/written-source.ts';

const partner = { baseUrl: 'https://api.acme.example/v1' };
const first: Position = { cursor: null, parents: [], range: null };
const answer = { status: 200, headers: {}, text: '{}', bytes: 2, url: 'https://api.acme.example/v1/things' };
const asking =
  (url: string): Source['request'] =>
  () => ({ method: 'GET', url, headers: {}, body: undefined });
const nothing: Source['read'] = () => ({ records: [], next: { cursor: null, total: null } });

const secret = (): never => {
  throw new TypeError('cannot read "4111 1111 1111 1111"');
};

describe('a source that somebody wrote', () => {
  test.each([
    ['https://api.acme.example/v2/things?page=1', 'https://api.acme.example/v2/things?page=1'],
    ['/v1/things', 'https://api.acme.example/v1/things'],
    ['http://api.acme.example/v1/things', 'https://api.acme.example/v1/things'],
  ])('asks %s of the partner', (asked, url) => {
    expect(writtenSource(partner, { request: asking(asked), read: nothing }).request(first)).toMatchObject({ url });
  });

  test.each([
    ['https://elsewhere.example/things', /asks https:\/\/elsewhere\.example, not https:\/\/api\.acme\.example/],
    ['http://api.acme.example:81/v1/things', /credentials are not sent there/],
    ['https://', /returned a url that is none/],
  ])('may not ask %s', (url, message) => {
    const source = writtenSource(partner, { request: asking(url), read: nothing });
    expect(() => source.request(first)).toThrow(message);
  });

  test('says nothing of what it read when it fails by mistake', () => {
    const source = writtenSource(partner, { request: secret, read: secret, foresee: secret });
    for (const call of [
      () => source.request(first),
      () => source.read(answer, first),
      () => source.foresee?.(answer, first),
    ])
      expect(call).toThrow(/^the source's function "\w+" threw a TypeError$/);
  });

  test.each([
    [undefined, /records is no array/],
    [{ records: {}, next: { cursor: null } }, /records is no array/],
    [{ records: [] }, /next\.cursor is neither a text nor null/],
    [{ records: [], next: { cursor: 7 } }, /next\.cursor is neither a text nor null/],
  ])('is held to what a page is: %j', (page, message) => {
    const source = writtenSource(partner, { request: asking('/v1/things'), read: () => page as never });
    expect(() => source.read(answer, first)).toThrow(message);
  });

  test.each([new GiveUp('no way on'), new RetryLater('broken off')])('may say what happens next: %s', (error) => {
    const source = writtenSource(partner, {
      request: asking('/v1/things'),
      read: () => {
        throw error;
      },
    });
    expect(() => source.read(answer, first)).toThrow(error);
  });
});
