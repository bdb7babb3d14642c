import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import { ownPartners, type OwnAnswer, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';

/** Cursors that live for a while only: within a run, and from one run to the next. */

let partners: OwnPartners;
beforeAll(async () => {
  partners = await ownPartners();
});
afterAll(() => partners.close());

const ids = (from: number, to: number): { id: number }[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ id: from + i }));

const things = {
  path: '/things',
  records: 'data',
  primaryKey: ['id'],
  pagination: { type: 'token', token: 'next', as: 'cursor' },
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } },
} satisfies StreamInput;

const rowsOf = async ({ name }: OwnPartner): Promise<number[]> => {
  const { rows } = await partners.pool.query<{ id: string }>(`select id from ${name}.things order by id`);
  return rows.map((row) => Number(row.id));
};
const numbers = (to: number): number[] => ids(1, to).map(({ id }) => id);

/** Twelve records, two a page. All cursors die when so many requests have come. */
function mortal(
  deaths: readonly number[],
  { dead, all = ids(1, 12) }: { readonly dead?: OwnAnswer; readonly all?: { id: number }[] } = {},
): (url: URL) => OwnAnswer {
  let requests = 0;
  let epoch = 0;
  return (url) => {
    requests += 1;
    if (deaths.includes(requests)) epoch += 1;
    const [of = epoch, from = 0] = (url.searchParams.get('cursor') ?? `${epoch}.0`).split('.').map(Number);
    if (of !== epoch) return dead ?? { status: 400, body: { code: 'INVALID_CURSOR' } };
    const next = from + 2 < all.length ? `${epoch}.${from + 2}` : null;
    return { body: { data: all.slice(from, from + 2), next, total: all.length } };
  };
}

const reading = (
  answer: (url: URL) => OwnAnswer,
  change: Partial<StreamInput> = {},
  requests = 2,
): Promise<OwnPartner> =>
  partners.partner(answer, { things: { ...things, ...change } }, { grant: { requests, time: '30s' } });

describe('a cursor that has died when a run goes on', () => {
  test.each([400, 404, 410, 422])('with a %i: the listing is read anew, once, and nothing doubles', async (status) => {
    const partner = await reading(mortal([5], { dead: { status, body: {} } }));
    expect(await partner.read('things')).toMatchObject({
      outcome: 'ok',
      pages: 10,
      counts: { fetched: 20, inserted: 12, unchanged: 8 },
    });
    expect(await rowsOf(partner)).toEqual(numbers(12));
    expect(partner.asked.filter((url) => !url.includes('cursor'))).toHaveLength(2);
  });

  test('also where a grant is one request', async () => {
    const partner = await reading(mortal([5]), {}, 1);
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 12 } });
  });

  test('and dies again, names itself and the way on', async () => {
    const partner = await reading(mortal([5, 9]));
    await expect(partner.read('things')).rejects.toThrow(/400.* died, was begun anew and died again.*--force/);
    expect(await partner.read('things', { generation: 2 })).toMatchObject({ outcome: 'ok' });
    expect(await rowsOf(partner)).toEqual(numbers(12));
  });

  test('appends no record twice that has a key', async () => {
    const partner = await reading(mortal([5]), { disposition: 'append' });
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 12, unchanged: 8 } });
    expect(await rowsOf(partner)).toEqual(numbers(12));
  });

  test.each(['append', 'replace'] as const)(
    'and of %s without a key, ends the run and says so',
    async (disposition) => {
      const partner = await reading(mortal([5]), { disposition, primaryKey: [] });
      await expect(partner.read('things')).rejects.toThrow(/the cursor has died, and without a primaryKey .*--force/);
    },
  );

  test('is none where places are counted: there a refusal is a refusal', async () => {
    const partner = await reading(
      (url) => (url.searchParams.get('offset') === '4' ? { status: 400, body: {} } : { body: { data: ids(1, 2) } }),
      { primaryKey: [], disposition: 'append', pagination: { type: 'offset', limit: 2 } },
    );
    await expect(partner.read('things')).rejects.toThrow(/^(?!.*died).*400/);
  });

  test('of one parent: the others are read once', async () => {
    const answers = new Map(['a', 'b', 'c'].map((group) => [group, mortal(group === 'b' ? [3] : [])]));
    const partner = await partners.partner(
      (url) => {
        const group = /^\/groups\/(.)$/.exec(url.pathname)?.[1];
        if (group === undefined) return { body: { data: [...answers.keys()].map((id) => ({ id })) } };
        return (answers.get(group) as (url: URL) => OwnAnswer)(url);
      },
      {
        groups: {
          ...things,
          path: '/groups',
          pagination: { type: 'none' },
          schema: { type: 'object', properties: { id: { type: 'string' } } },
        },
        things: {
          ...things,
          path: '/groups/{group}',
          concurrency: 1,
          primaryKey: ['group', 'id'],
          schema: { type: 'object', properties: { id: { type: 'integer' }, group: { type: 'string' } } },
          parent: { stream: 'groups', field: 'id', as: 'group', include: 'group' },
        },
      },
      { grant: { requests: 4, time: '30s' } },
    );
    await partner.read('groups');
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 36 } });
    const firsts = (group: string): number => partner.asked.filter((url) => url === `/groups/${group}`).length;
    expect([firsts('a'), firsts('b'), firsts('c')]).toEqual([1, 2, 1]);
  });

  test('what came before it died says nothing of whether all came after', async () => {
    const answer = mortal([3]);
    let requests = 0;
    const partner = await reading(
      (url) => {
        requests += 1;
        const { status, body } = answer(url) as { status?: number; body: { data: { id: number }[] } };
        if (status !== undefined) return { status, body };
        // Record 2 came in time to be counted, and is left out since.
        return { body: requests < 3 ? body : { ...body, data: body.data.filter(({ id }) => id !== 2) } };
      },
      { pagination: { ...things.pagination, total: 'total' } },
    );
    expect(await partner.read('things')).toMatchObject({
      outcome: 'suspect',
      reason: expect.stringMatching(/says 12 records, 11 came/),
    });
  });
});

describe('a rule that a listing starts anew', () => {
  const restart = { code: { path: 'code', equals: 'INVALID_CURSOR' }, action: 'restart' } as const;

  test.each([400, 200, 500])('holds in the middle of a grant, with a %i', async (status) => {
    const partner = await reading(
      mortal([5], { dead: { status, body: { code: 'INVALID_CURSOR' } } }),
      { errors: [restart] },
      500,
    );
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 12 } });
    expect(await rowsOf(partner)).toEqual(numbers(12));
  });

  test('holds once', async () => {
    const partner = await reading(mortal([4, 8]), { errors: [restart] }, 500);
    await expect(partner.read('things')).rejects.toThrow(/died again.*--force/);
  });

  test('has no meaning on the first page', async () => {
    const partner = await reading(() => ({ body: { code: 'INVALID_CURSOR' } }), { errors: [restart] });
    await expect(partner.read('things')).rejects.toThrow(/this is the first page/);
  });
});

/** Deltas as some partners give them: pages by `next`, and a link behind the last one that names what has changed since. */
function changing() {
  const all = ids(1, 5);
  const state = { forgets: false, all };
  const answer = (url: URL): OwnAnswer => {
    const since = Number(url.searchParams.get('since') ?? 0);
    if (since > 0 && state.forgets) return { status: 410, body: { error: 'resyncRequired' } };
    const from = Number(url.searchParams.get('skip') ?? since);
    const isLast = from + 2 >= all.length;
    return {
      body: {
        data: all.slice(from, from + 2),
        ...(isLast ? { delta: `?since=${all.length}` } : { next: `?skip=${from + 2}` }),
      },
    };
  };
  return { state, answer };
}

describe('a cursor that is kept for the next run', () => {
  const byUrl = { type: 'nextUrl', path: 'next', keep: 'delta' } as const;

  test('leads to what is new, and to nothing where nothing is', async () => {
    const { state, answer } = changing();
    const partner = await reading(answer, { pagination: byUrl });
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 5 }, requests: 3 });
    expect(await partner.read('things', { window: '2026-11-25' })).toMatchObject({ outcome: 'ok', requests: 1 });
    state.all.push({ id: 6 });
    expect(await partner.read('things', { window: '2026-11-26' })).toMatchObject({
      outcome: 'ok',
      requests: 1,
      counts: { fetched: 1, inserted: 1 },
    });
    expect(partner.asked.slice(3)).toEqual(['/things?since=5', '/things?since=5']);
  });

  test('is not what a range begins with, nor left behind by it', async () => {
    const { answer } = changing();
    const partner = await reading(answer, { pagination: byUrl });
    await partner.read('things');
    await partner.read('things', { window: '2026-11-01..2026-11-20' });
    expect(partner.asked.slice(3)).toEqual(['/things', '/things?skip=2', '/things?skip=4']);
  });

  test('that the partner has forgotten lets all be read anew, and is kept again', async () => {
    const { state, answer } = changing();
    const partner = await reading(answer, { pagination: byUrl });
    await partner.read('things');
    state.forgets = true;
    expect(await partner.read('things', { window: '2026-11-25' })).toMatchObject({
      outcome: 'ok',
      requests: 4,
      counts: { unchanged: 5 },
    });
    state.forgets = false;
    expect(await partner.read('things', { window: '2026-11-26' })).toMatchObject({ outcome: 'ok', requests: 1 });
  });

  test('stays where a run in doubt began', async () => {
    const { answer } = changing();
    let fails = false;
    const partner = await reading(
      (url) => {
        const { body } = answer(url) as { body: object };
        return { body: fails ? { ...body, delta: '?since=99', errors: ['shard 2 is away'] } : body };
      },
      { pagination: byUrl },
    );
    await partner.read('things');
    fails = true;
    expect(await partner.read('things', { window: '2026-11-25' })).toMatchObject({ outcome: 'suspect' });
    fails = false;
    await partner.read('things', { window: '2026-11-26' });
    expect(partner.asked.at(-1)).toBe('/things?since=5');
  });

  test('may be the token of the pages, which the last one has, too', async () => {
    const all = ids(1, 3);
    const partner = await reading(
      (url) => {
        const from = Number(url.searchParams.get('cursor') ?? 0);
        const data = all.slice(from, from + 2);
        const to = from + data.length;
        return { body: { data, after_cursor: String(to), end_of_stream: to >= all.length } };
      },
      {
        pagination: {
          type: 'token',
          token: 'after_cursor',
          as: 'cursor',
          isLast: 'end_of_stream',
          keep: 'after_cursor',
        },
      },
    );
    expect(await partner.read('things')).toMatchObject({ outcome: 'ok', counts: { inserted: 3 } });
    for (const [window, fetched] of [
      ['2026-11-25', 0],
      ['2026-11-26', 1],
    ] as const) {
      if (fetched === 1) all.push({ id: 4 });
      expect(await partner.read('things', { window })).toMatchObject({
        outcome: 'ok',
        requests: 1,
        counts: { fetched },
      });
    }
  });

  test('may go back in a parameter of its own', async () => {
    const partner = await reading(
      (url) => ({
        body: url.searchParams.has('page_token')
          ? { data: ids(3, 4), sync_token: 's1' }
          : url.searchParams.get('sync_token') === 's1'
            ? { data: ids(5, 5), sync_token: 's2' }
            : { data: ids(1, 2), next: 'p2' },
      }),
      {
        pagination: { type: 'token', token: 'next', as: 'page_token', keep: { path: 'sync_token', as: 'sync_token' } },
      },
    );
    await partner.read('things');
    expect(await partner.read('things', { window: '2026-11-25' })).toMatchObject({ outcome: 'ok', requests: 1 });
    expect(partner.asked).toEqual(['/things', '/things?page_token=p2', '/things?sync_token=s1']);
    expect(await rowsOf(partner)).toEqual(numbers(5));
  });

  test('is given up with a definition that asks for something else', async () => {
    const { answer } = changing();
    const partner = await reading(answer, { pagination: byUrl });
    await partner.read('things');
    await partner.define({ things: { ...things, pagination: byUrl, query: { state: 'open' } } });
    await partner.read('things', { window: '2026-11-25' });
    expect(partner.asked[3]).toBe('/things?state=open');
  });
});
