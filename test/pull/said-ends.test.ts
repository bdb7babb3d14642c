import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ownPartners, type OwnAnswer, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { ids, idsOf, number, numbers, readingOf } from './things.ts';

/** Ends that a partner says: by a flag, by a token that is none, by a page that leads nowhere. */

let partners: OwnPartners;
beforeAll(async () => {
  partners = await ownPartners();
});
afterAll(() => partners.close());

const reading = readingOf(() => partners);
const rowsOf = (partner: OwnPartner): Promise<number[]> => idsOf(partners, partner);

/** Two pages; the last one names itself as the next, and only its flags tell. */
const namingItself = (url: URL): OwnAnswer => {
  const isLast = url.searchParams.has('after');
  const meta = { next: '?after=2', token: '2', more: isLast ? 'N' : 'Y', end_of_stream: isLast };
  return { body: { data: isLast ? [{ id: 3 }] : ids(2), meta } };
};

describe('an end that is said', () => {
  const byUrl = { type: 'nextUrl', path: 'meta.next' } as const;
  const byToken = { type: 'token', token: 'meta.token', as: 'after' } as const;
  const isLast = 'meta.end_of_stream';
  const hasMore = { path: 'meta.more', yes: 'Y', no: 'N' } as const;

  test.each([
    ['a URL', { ...byUrl, isLast }],
    ['a URL, in words of the partner', { ...byUrl, hasMore }],
    ['a token', { ...byToken, isLast }],
    ['a token, in words of the partner', { ...byToken, hasMore }],
  ])('by a flag ends a listing whose last page names itself: %s', async (_, pagination) => {
    const partner = await reading(namingItself, { pagination });
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 3 } });
    expect(partner.asked).toHaveLength(2);
  });

  test.each([
    ['a URL', byUrl],
    ['a token', byToken],
  ])('without a flag the page is kept, in doubt: %s', async (_, pagination) => {
    const partner = await reading(namingItself, { pagination });
    expect(await partner.read('things')).toMatchObject({
      outcome: 'suspect',
      counts: { inserted: 3 },
      reason: expect.stringMatching(/names the same page again/),
    });
  });

  test('by a next token of 0 appends no record twice', async () => {
    const partner = await reading(
      (url) => ({ body: number(url, 'cursor') === 0 ? { data: ids(2), next: 2 } : { data: [{ id: 3 }], next: 0 } }),
      { disposition: 'append', primaryKey: [], pagination: { type: 'token', token: 'next', as: 'cursor' } },
    );
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 3 } });
    expect(await rowsOf(partner)).toEqual(numbers(3));
  });

  test('more that is said without a way to it keeps the page, in doubt', async () => {
    const partner = await reading(() => ({ body: { data: ids(3), more: true, next: null } }), {
      pagination: { type: 'token', token: 'next', as: 'cursor', hasMore: 'more' },
    });
    expect(await partner.read('things')).toMatchObject({ outcome: 'suspect', counts: { inserted: 3 } });
  });

  test('a circle keeps the pages that came before it was seen', async () => {
    const partner = await reading(
      (url) => {
        const at = number(url, 'cursor');
        return { body: { data: [{ id: at }], next: at === 3 ? '1' : String(at + 1) } };
      },
      { pagination: { type: 'token', token: 'next', as: 'cursor' } },
    );
    await expect(partner.read('things')).rejects.toThrow(/go round in a circle/);
    expect(await rowsOf(partner)).toEqual([0, 1, 2, 3]);
  });
});

const scan = (empty: number) => (url: URL) => {
  const at = number(url, 'cursor');
  return { body: at < empty ? { data: [], next: String(at + 1) } : { data: ids(2), next: null } };
};

describe('empty pages that name a next one', () => {
  const pagination = { type: 'token', token: 'next', as: 'cursor' } as const;

  test('250 of them lead to what lies behind, over many grants as well', async () => {
    for (const requests of [500, 40]) {
      const partner = await reading(scan(250), { pagination }, { requests });
      expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 2 } });
    }
  });

  test('no more than the definition allows, over many grants as well', async () => {
    for (const requests of [500, 3]) {
      const partner = await reading(scan(Infinity), { pagination: { ...pagination, emptyPages: 10 } }, { requests });
      await expect(partner.read('things')).rejects.toThrow(/10 pages in a row were empty .* pagination\.emptyPages/);
      expect(partner.asked.length).toBeLessThan(20);
    }
  });
});
