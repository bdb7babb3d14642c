import { describe, expect, test } from '@jest/globals';
import { pagination } from '../../definitions/definition.ts';
import type { NextPage } from '../../core/page.ts';
import { nextPage } from '../../sources/declared/next-page.ts';
import { readLinks } from '../../sources/declared/paginate/read-links.ts';
import { start } from '../http/support/definitions.ts';

const nextOf = (header: string): string | undefined =>
  readLinks(header).find(({ rels }) => rels.includes('next'))?.target;

describe('a Link header', () => {
  test.each([
    ['<https://cdn.example>; rel=preconnect; crossorigin, </p?2>; rel="next"', '/p?2'],
    ['</p?2>; crossorigin; rel="next"', '/p?2'],
    ['</p?2>; rel="next"; nopush', '/p?2'],
    ['</p?2>; rel="next"; nopush , </p?1>; rel=prev', '/p?2'],
    ['</p?2>; rel="next"; nopush=, </p?1>; rel=prev', '/p?2'],
    ['</a;b,c>; title="x; y, z"; rel="next"', '/a;b,c'],
    [String.raw`</p?2>; title="a \"; nopush, b"; rel="next"`, '/p?2'],
    ['</p?1>; rel=prev, </p?2>; rel=next', '/p?2'],
    ['</p?9>; rel="last", </p?2>; rel="start next"', '/p?2'],
    ['</p?2>;rel=next', '/p?2'],
    ['</p?2> ; REL = "NEXT"', '/p?2'],
    ['</p?2>; rel="\tnext  http://a.example/rel"', '/p?2'],
    [',, </p?2>; rel="next",,', '/p?2'],
    ['</p?2>;; rel="next" ;', '/p?2'],
    ['</p?2>;\r\n rel="next",\r\n\t</p?1>; rel="prev"', '/p?2'],
    ['< /p?2 >; rel="next"', '/p?2'],
    ['</p?2>; title=; rel="next"', '/p?2'],
  ])('names the next page: %s', (header, next) => {
    expect(nextOf(header)).toBe(next);
  });

  test.each([
    ['a title that looks like it', '</x>; rel="self"; title="; rel=\\"next\\""'],
    ['a title that looks like a link', '</x>; rel="self"; title="</p?2>; rel=\'next\'"'],
    ['a second rel, which does not count', '</x>; rel="self"; rel="next"'],
    ['a relation in another charset, which nothing defines', "</x>; rel*=UTF-8''next"],
    ['the other direction', '</x>; rev="next"'],
    ['a longer name', '</x>; rel="next-archive nextish"'],
    ['a target', '</next>; rel="prev"'],
    ['nothing', ' '],
  ])('names none by %s', (_, header) => {
    expect(nextOf(header)).toBeUndefined();
  });

  test.each(['next: page 2', '</p?2; rel="next"', '</p?2>; rel="next', '</p?2> rel="next"', '"</p?2>; rel=next"'])(
    'that is none is no end: %s',
    (header) => {
      expect(() => readLinks(header)).toThrow(SyntaxError);
    },
  );

  test('is read as RFC 8288 §3.5 shows it', () => {
    expect(readLinks('<http://example.com/TheBook/chapter2>; rel="previous"; title="previous chapter"')).toEqual([
      { target: 'http://example.com/TheBook/chapter2', rels: ['previous'], anchor: undefined },
    ]);
    expect(readLinks('</>; rel="http://example.net/foo"')).toMatchObject([{ rels: ['http://example.net/foo'] }]);
    expect(readLinks('</terms>; rel="copyright"; anchor="#foo"')).toMatchObject([{ anchor: '#foo' }]);
    const german =
      '</TheBook/chapter2>; rel="previous"; title*=UTF-8\'de\'letztes%20Kapitel, </TheBook/chapter4>; rel="next"; title*=UTF-8\'de\'n%c3%a4chstes%20Kapitel';
    expect(nextOf(german)).toBe('/TheBook/chapter4');
    expect(readLinks('<http://example.org/>; rel="start http://example.net/relation/other"')).toMatchObject([
      { rels: ['start', 'http://example.net/relation/other'] },
    ]);
    expect(readLinks('<https://example.org/>; rel="start", <https://example.org/index>; rel="index"')).toMatchObject([
      { rels: ['start'] },
      { rels: ['index'] },
    ]);
  });
});

describe('the next page by a Link header', () => {
  const url = 'https://api.acme.example/v2/orders?page=1';
  const next = (link: string): NextPage =>
    nextPage({
      pagination: pagination.parse({ type: 'link' }),
      body: [],
      headers: { link },
      records: [{}],
      position: start,
      url,
      auth: { type: 'none' },
    });

  test.each([
    ['<?page=2>; rel="next"', 'https://api.acme.example/v2/orders?page=2'],
    ['</v3/orders>; rel="next"', 'https://api.acme.example/v3/orders'],
    ['<//api.acme.example/x>; rel="next"', 'https://api.acme.example/x'],
    ['<?page=9>; rel="next"; anchor="/other", <?page=2>; rel="next"', 'https://api.acme.example/v2/orders?page=2'],
    ['<?page=2>; rel="next"; anchor="?page=1"', 'https://api.acme.example/v2/orders?page=2'],
    ['<?page=2>; rel="next"; anchor=""', 'https://api.acme.example/v2/orders?page=2'],
  ])('%s', (link, cursor) => {
    expect(next(link)).toEqual({ cursor, total: null });
  });

  test('a next page of something else is none of this listing, and no end of it either', () => {
    expect(next('<?page=2>; rel="next"; anchor="#part"')).toEqual({
      cursor: null,
      total: null,
      doubt: 'the Link header names a next page, but a link with rel="next" is not there',
    });
  });
});
