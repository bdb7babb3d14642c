import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import { ownPartners, type OwnAnswer, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { ids, idsOf, number, numbers, readingOf, things } from './things.ts';

/** A listing ends by evidence. Each partner here is one of those that made others believe in an end that was none. */

let partners: OwnPartners;
beforeAll(async () => {
  partners = await ownPartners();
});
afterAll(() => partners.close());

const byOffset = { type: 'offset', limit: 3, limitAs: 'limit', total: 'total' } as const;
const byPage = { type: 'page', size: 3, sizeAs: 'size' } as const;
const reading = readingOf(() => partners);
const rowsOf = (partner: OwnPartner): Promise<number[]> => idsOf(partners, partner);

/** Answers a page behind the last one with the last one. */
const clamped = (url: URL): OwnAnswer => {
  const page = Math.min(number(url, 'page', 1), 3);
  return { body: { data: ids(9).slice(3 * (page - 1), 3 * page) } };
};

/** Answers each page with the first one. */
const ignoring = (): OwnAnswer => ({ body: { total: 9, data: ids(3) } });

describe('a number that the partner states ends no listing', () => {
  const all = ids(10);
  const slice = (from: number, total: number): OwnAnswer => ({ body: { total, data: all.slice(from, from + 3) } });

  test.each([
    { name: 'offsets', pagination: byOffset, from: (url: URL) => number(url, 'offset') },
    {
      name: 'page numbers',
      pagination: { ...byPage, total: 'total' },
      from: (url: URL) => 3 * (number(url, 'page', 1) - 1),
    },
    {
      name: 'page numbers, by a number of pages',
      pagination: { ...byPage, totalPages: 'total' },
      from: (url: URL) => 3 * (number(url, 'page', 1) - 1),
    },
  ])('$name: all is read behind a total that is capped', async ({ pagination, from }) => {
    const partner = await reading((url) => slice(from(url), 2), { pagination });
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 10 } });
    expect(await rowsOf(partner)).toEqual(numbers(10));
  });

  test('records that come twice reach the total before the end', async () => {
    const pages: Record<number, number[]> = { 0: [1, 2], 2: [2, 3], 4: [4, 5], 6: [6] };
    const partner = await reading(
      (url) => ({ body: { total: 6, data: (pages[number(url, 'offset')] ?? []).map((id) => ({ id })) } }),
      { pagination: { ...byOffset, limit: 2 } },
    );
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', reason: null, counts: { fetched: 7 } });
    expect(await rowsOf(partner)).toEqual(numbers(6));
  });

  test.each([404, 400, 416, 422])(
    'a partner that refuses what lies behind its total (%i) has ended',
    async (status) => {
      const partner = await reading(
        (url) =>
          number(url, 'offset') >= 9 ? { status, body: { error: 'out of range' } } : slice(number(url, 'offset'), 9),
        { pagination: byOffset },
      );
      // Nine of ten: the tenth is behind what this partner states.
      expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 9 } });
    },
  );

  test('but a refusal before it is a failure', async () => {
    const partner = await reading(
      (url) => (number(url, 'offset') >= 6 ? { status: 404, body: {} } : slice(number(url, 'offset'), 9)),
      { pagination: byOffset },
    );
    await expect(partner.read('things')).rejects.toThrow(/404/);
  });

  test('the last pages need one request more only where the last one is full', async () => {
    const partner = await reading((url) => slice(3 * (number(url, 'page', 1) - 1), 4), {
      pagination: { ...byPage, totalPages: 'total' },
    });
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', requests: 4 });
  });
});

describe('a stated total is compared with the records that differ', () => {
  test.each([
    { name: 'offsets', pagination: byOffset },
    { name: 'page numbers', pagination: { ...byPage, total: 'total' } },
  ])('a partner that ignores $name is suspect', async ({ pagination }) => {
    const partner = await reading(ignoring, { pagination });
    expect(await partner.read('things')).toMatchObject({
      outcome: 'suspect',
      reason: expect.stringMatching(/says 9 records, 3 came.*page 2 holds the records of the page before it/),
    });
    expect(partner.asked).toHaveLength(2);
  });

  test('and takes no row out of a replace table', async () => {
    let upgraded = false;
    const partner = await reading(
      (url) =>
        upgraded
          ? ignoring()
          : { body: { total: 9, data: ids(9).slice(number(url, 'offset'), number(url, 'offset') + 3) } },
      { pagination: byOffset, disposition: 'replace' },
    );
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok' });
    upgraded = true;
    expect(await partner.read('things', { generation: 2 })).toMatchObject({ outcome: 'suspect', removed: 0 });
    expect(await rowsOf(partner)).toEqual(numbers(9));
  });

  test('a total that falls between pages found by counting leaves a record out', async () => {
    let all = ids(9);
    const partner = await reading(
      (url) => {
        const from = number(url, 'offset');
        if (from === 3) all = all.filter(({ id }) => id !== 1);
        return { body: { total: all.length, data: all.slice(from, from + 3) } };
      },
      { pagination: byOffset },
    );
    expect(await partner.read('things')).toMatchObject({
      outcome: 'suspect',
      reason: expect.stringMatching(/says 9 records, 8 came/),
    });
    expect(await rowsOf(partner)).not.toContain(4);
  });

  test('where the partner names each next page itself, what is deleted meanwhile is no doubt', async () => {
    let all = ids(9);
    const partner = await reading(
      (url) => {
        const after = number(url, 'after');
        if (after === 3) all = all.filter(({ id }) => id !== 7);
        const data = all.filter(({ id }) => id > after).slice(0, 3);
        return { body: { total: all.length, data, next: data.length === 3 ? String(data[2]?.id) : null } };
      },
      { pagination: { type: 'token', token: 'next', as: 'after', total: 'total' } },
    );
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { fetched: 8 } });
  });

  test('each partition for itself: two parents may have a child in common', async () => {
    const partner = await partners.partner(
      (url) =>
        url.pathname === '/groups'
          ? { body: { data: [{ id: 'a' }, { id: 'b' }] } }
          : { body: { total: 1, data: ids(1) } },
      {
        groups: { ...things, path: '/groups', schema: { type: 'object', properties: { id: { type: 'string' } } } },
        things: {
          ...things,
          path: '/groups/{group}',
          pagination: byOffset,
          parent: { stream: 'groups', field: 'id', as: 'group' },
        },
      },
    );
    await partner.read('groups');
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 1, unchanged: 3 } });
  });
});

describe('a page that only repeats the one before it leads nowhere', () => {
  test.each([500, 1])('the last page for ever: ends, doubtful, with %i requests a grant', async (requests) => {
    const partner = await reading(clamped, { pagination: byPage }, { requests });
    expect(await partner.read('things')).toMatchObject({
      outcome: 'suspect',
      reason: expect.stringMatching(/page 4 holds the records of the page before it/),
    });
    expect(await rowsOf(partner)).toEqual(numbers(9));
    expect(partner.asked).toHaveLength(4);
  });

  test('behind the stated end it is no doubt, where the last page was not full', async () => {
    const partner = await reading(
      (url) => {
        const page = Math.min(number(url, 'page', 1), 3);
        return { body: { total: 8, data: ids(8).slice(3 * (page - 1), 3 * page) } };
      },
      { pagination: { ...byPage, total: 'total' } },
    );
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 8 } });
  });

  test('tokens that are always new, though the page is not', async () => {
    let answers = 0;
    const partner = await reading(() => ({ body: { data: ids(3), next: `t${(answers += 1)}` } }), {
      pagination: { type: 'token', token: 'next', as: 'after' },
    });
    expect(await partner.read('things')).toMatchObject({ outcome: 'suspect' });
    // Two pages, and what was foreseen of a third.
    expect(partner.asked.length).toBeLessThanOrEqual(8);
  });

  test.each([500, 1])('page numbers that wrap around end, in doubt', async (requests) => {
    const partner = await reading(
      (url) => {
        const page = (number(url, 'page', 1) - 1) % 5;
        return { body: { data: ids(15).slice(3 * page, 3 * page + 3) } };
      },
      { pagination: byPage },
      { requests },
    );
    expect(await partner.read('things')).toMatchObject({
      outcome: 'suspect',
      reason: expect.stringMatching(/go round in a circle/),
    });
    expect(await rowsOf(partner)).toEqual(numbers(15));
    expect(partner.asked.length).toBeLessThan(60);
  });

  test('records without a key may look alike, but not for ever', async () => {
    const endless = await reading(() => ({ body: { data: [{ id: 1 }, { id: 1 }, { id: 1 }] } }), {
      pagination: byPage,
      primaryKey: [],
      disposition: 'append',
    });
    await expect(endless.read('things')).rejects.toThrow(/21 pages in a row hold the same records/);
    const alike = await reading(
      (url) => ({ body: { data: number(url, 'page') > 10 ? [] : [{ id: 1 }, { id: 1 }, { id: 1 }] } }),
      { pagination: byPage, primaryKey: [], disposition: 'append' },
    );
    expect(await alike.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 30 } });
  });
});

describe('a sign of more without a way to follow it is suspect', () => {
  test.each<[string, Partial<StreamInput>]>([
    ['no pagination', {}],
    ['a token elsewhere', { pagination: { type: 'token', token: 'after', as: 'after' } }],
    ['a URL elsewhere', { pagination: { type: 'nextUrl', path: 'after' } }],
    ['a link that is not there', { pagination: { type: 'link' } }],
    ['a page that is not full', { pagination: { ...byPage, size: 5, stopOnShort: true } }],
    ['an offset that is not full', { pagination: { type: 'offset', limit: 5, stopOnShort: true } }],
    ['a page that is not full behind a number of pages', { pagination: { ...byPage, size: 5, totalPages: 'pages' } }],
  ])('%s', async (_, change) => {
    const partner = await reading(() => ({ body: { data: ids(3), has_more: true, pages: 1 } }), change);
    expect(await partner.read('things')).toMatchObject({
      outcome: 'suspect',
      reason: expect.stringMatching(/"has_more" announces another page, but/),
    });
  });

  test('a link parameter without a value hides no next link', async () => {
    const partner = await reading(
      (url) => {
        const page = number(url, 'page', 1);
        const link = `<https://cdn.example>; rel=preconnect; crossorigin, <?page=${page + 1}>; rel="next"`;
        return { headers: page < 3 ? { link } : {}, body: { data: [{ id: page }] } };
      },
      { pagination: { type: 'link' } },
    );
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 3 } });
  });

  test('errors beside the data of GraphQL', async () => {
    const errors = [{ message: 'timeout while resolving 2 nodes' }];
    const partner = await reading(() => ({ body: { data: { things: ids(3) }, errors } }), { records: 'data.things' });
    expect(await partner.read('things')).toMatchObject({
      outcome: 'suspect',
      reason: expect.stringMatching(/^the answer has something at "errors" beside its records/),
    });
  });

  test('in the middle of a listing, too', async () => {
    const partner = await reading(
      (url) => {
        const first = url.searchParams.get('after') === null;
        return {
          body: { data: { things: [{ id: first ? 1 : 2 }] }, next: first ? 'x' : null, errors: first ? [{}] : [] },
        };
      },
      { records: 'data.things', pagination: { type: 'token', token: 'next', as: 'after' } },
    );
    expect(await partner.read('things')).toMatchObject({ outcome: 'suspect', counts: { inserted: 2 } });
  });

  test.each<[string, Partial<StreamInput>, object]>([
    ['errors without data', {}, { errors: [{ message: 'shard 2 is away' }] }],
    ['a path of the definition', { errorsAt: 'meta.warnings' }, { meta: { warnings: 'shard 2 is away' } }],
    ['one of several', { errorsAt: ['failures', 'partial'] }, { partial: true }],
  ])('%s beside the records', async (_, change, said) => {
    const partner = await reading(() => ({ body: { data: ids(3), ...said } }), change);
    expect(await partner.read('things')).toMatchObject({
      outcome: 'suspect',
      counts: { inserted: 3 },
      reason: expect.stringMatching(/beside its records: what that stands for did not come$/),
    });
  });

  test.each<[string, Partial<StreamInput>, object]>([
    ['nothing at the path', { errorsAt: 'warnings' }, { warnings: [], errors: ['not meant'] }],
    ['no path', { errorsAt: [] }, { errors: ['not meant'] }],
    ['errors that are the records', { records: 'errors' }, { errors: ids(3) }],
  ])('but not %s', async (_, change, said) => {
    const partner = await reading(() => ({ body: { data: ids(3), ...said } }), change);
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 3 } });
  });
});
