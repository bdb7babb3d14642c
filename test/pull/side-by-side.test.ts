import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import { ownPartners, type OwnAnswer, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';

let partners: OwnPartners;
beforeAll(async () => {
  partners = await ownPartners();
});
afterAll(() => partners.close());

const repos = {
  path: '/repos',
  records: 'data',
  primaryKey: ['name'],
  schema: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
} satisfies StreamInput;
const commits = {
  path: '/repos/{repo}/commits',
  records: 'data',
  primaryKey: ['id'],
  parent: { stream: 'repos', field: 'name', as: 'repo' },
  pagination: { type: 'token', token: 'next', as: 'cursor' },
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' }, of: { type: 'string' } } },
} satisfies StreamInput;

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `r${String(i).padStart(4, '0')}`);
const repoOf = (url: URL): string => url.pathname.split('/')[2] ?? '';
const listing = (all: readonly string[]): OwnAnswer => ({ body: { data: all.map((name) => ({ name })) } });
/** Two pages of each repository. */
const pageOf = (url: URL): OwnAnswer => {
  const of = repoOf(url);
  const last = url.searchParams.get('cursor') === 'two';
  return { body: { data: [{ id: `${of}-${last ? 2 : 1}`, of }], ...(last ? {} : { next: 'two' }) } };
};

async function reposAnd(
  all: readonly string[],
  answer: (url: URL) => OwnAnswer | Promise<OwnAnswer>,
  change: Partial<StreamInput> = {},
  more: Parameters<OwnPartners['partner']>[2] = {},
): Promise<OwnPartner> {
  const partner = await partners.partner(
    (url) => (url.pathname === '/repos' ? listing(all) : answer(url)),
    { repos, commits: { ...commits, ...change } },
    more,
  );
  await partner.read('repos');
  return partner;
}

const idsOf = async ({ name }: OwnPartner): Promise<string[]> =>
  (await partners.pool.query<{ id: string }>(`select id from ${name}.commits order by id`)).rows.map(({ id }) => id);
const checkpointsOf = async ({ name }: OwnPartner): Promise<string[]> => {
  const { rows } = await partners.pool.query<{ checkpoint: string }>(
    `select r.checkpoint from syncline.stream_runs r join syncline.streams s using (stream_id)
      where s.partner = $1 and s.name = 'commits' order by r.run_no`,
    [name],
  );
  return rows.map(({ checkpoint }) => checkpoint);
};
const bothPagesOf = (all: readonly string[]): string[] => all.flatMap((name) => [`${name}-1`, `${name}-2`]);

/** Answers when so many requests are there at once, or none has come for a while. */
function crowd(wanted: number) {
  let waiting: (() => void)[] = [];
  let most = 0;
  const letGo = (): void => {
    const all = waiting;
    waiting = [];
    for (const go of all) go();
  };
  return {
    most: () => most,
    arrive: async (): Promise<void> => {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        most = Math.max(most, waiting.length);
        if (waiting.length >= wanted) letGo();
        else setTimeout(letGo, 300);
      });
    },
  };
}

describe('parents are read side by side', () => {
  test.each([
    { name: 'as many as the definition says', change: { concurrency: 6 }, more: {}, most: 6 },
    { name: 'one, where it says so', change: { concurrency: 1 }, more: {}, most: 1 },
    { name: 'no more than the partner allows at once', change: {}, more: { limits: { concurrency: 3 } }, most: 3 },
    { name: 'a bounded number where nothing says how many', change: {}, more: {}, most: 16 },
  ])('$name', async ({ change, more, most }) => {
    const all = names(40);
    const group = crowd(most);
    const partner = await reposAnd(all, async (url) => (await group.arrive(), pageOf(url)), change, more);
    expect(await partner.read('commits')).toMatchObject({ outcome: 'ok', counts: { fetched: 80, inserted: 80 } });
    expect(group.most()).toBe(most);
    expect(await idsOf(partner)).toEqual(bothPagesOf(all));
    expect(partner.asked).toHaveLength(81);
  });

  test('from grant to grant, with a checkpoint that stays small', async () => {
    const all = names(80);
    const partner = await reposAnd(all, pageOf, { concurrency: 10 }, { grant: { requests: 7, time: '30s' } });
    const largest = { bytes: 0 };
    const watch = setInterval(() => {
      void checkpointsOf(partner).then((texts) => {
        largest.bytes = Math.max(largest.bytes, ...texts.map((text) => text.length));
      });
    }, 20);
    expect(await partner.read('commits')).toMatchObject({ outcome: 'ok', counts: { fetched: 160, inserted: 160 } });
    clearInterval(watch);
    expect(await idsOf(partner)).toEqual(bothPagesOf(all));
    expect(partner.asked).toHaveLength(161);
    expect(largest.bytes).toBeLessThan(3000);
  });

  test('a record of two parents is what came last', async () => {
    // The first parent answers when the second has, and both have the record.
    const answered: (() => void)[] = [];
    const second = new Promise<void>((resolve) => answered.push(resolve));
    const partner = await reposAnd(
      ['a', 'b'],
      async (url) => {
        if (repoOf(url) === 'a') await second;
        else setTimeout(() => answered[0]?.(), 50);
        return { body: { data: [{ id: 'shared', of: repoOf(url) }] } };
      },
      { concurrency: 2 },
    );
    expect(await partner.read('commits')).toMatchObject({ outcome: 'ok', counts: { inserted: 1, updated: 1 } });
    const { rows } = await partners.pool.query(`select of from ${partner.name}.commits`);
    expect(rows).toEqual([{ of: 'a' }]);
  });

  test('what the others brought is written when one of them fails, and none of it is asked for again', async () => {
    const all = names(12);
    let broken = 1;
    const partner = await reposAnd(
      all,
      async (url) => {
        if (repoOf(url) === 'r0003' && broken-- > 0) return { status: 500, body: {} };
        await new Promise((resolve) => setTimeout(resolve, 50));
        return pageOf(url);
      },
      { concurrency: 4 },
    );
    expect(await partner.read('commits')).toMatchObject({ outcome: 'ok', counts: { fetched: 24, inserted: 24 } });
    expect(await idsOf(partner)).toEqual(bothPagesOf(all));
    expect(partner.asked).toHaveLength(1 + 24 + 1);
  });

  test('two owners of one run, each with its own pages in flight, lose and double nothing', async () => {
    const all = names(60);
    const partner = await reposAnd(
      all,
      async (url) => {
        await new Promise((resolve) => setTimeout(resolve, 5 + (url.href.length % 7) * 5));
        return pageOf(url);
      },
      { concurrency: 5 },
      { grant: { requests: 20, time: '30s' } },
    );
    await Promise.allSettled([partner.read('commits'), partner.read('commits')]);
    expect(await partner.read('commits')).toMatchObject({ outcome: 'ok', counts: { fetched: 120, inserted: 120 } });
    expect(await idsOf(partner)).toEqual(bothPagesOf(all));
  });
});

const refusing =
  (gone: readonly string[], status = 404) =>
  (url: URL): OwnAnswer =>
    gone.includes(repoOf(url)) ? { status, body: {} } : pageOf(url);

describe('a parent that the partner refuses for good', () => {
  test.each([404, 410, 403, 451, 400])('ends neither the others nor the stream (%i)', async (status) => {
    const partner = await reposAnd(['a', 'b', 'c'], refusing(['b'], status), { disposition: 'append' });
    expect(await partner.read('commits')).toMatchObject({
      outcome: 'partial',
      reason: expect.stringMatching(
        new RegExp(`^the call of one parent was refused and skipped, the first: .*answered ${status}`),
      ),
      counts: { fetched: 4 },
    });
    expect(await idsOf(partner)).toEqual(bothPagesOf(['a', 'c']));
  });

  test('makes a full listing doubtful, so that a replace keeps what it has', async () => {
    const gone: string[] = [];
    const partner = await reposAnd(['a', 'b', 'c'], (url) => refusing(gone)(url), { disposition: 'replace' });
    expect(await partner.read('commits')).toMatchObject({ outcome: 'ok' });
    gone.push('b');
    expect(await partner.read('commits', { window: '2026-11-25' })).toMatchObject({ outcome: 'suspect' });
    expect(await idsOf(partner)).toEqual(bothPagesOf(['a', 'b', 'c']));
  });

  test('is read from the beginning when it is back', async () => {
    const gone = ['b'];
    const since: Record<string, string[]> = {};
    const incremental = { field: 'at', start: { as: 'since', format: 'iso' } } as const;
    const schema = {
      ...commits.schema,
      properties: { ...commits.schema.properties, at: { type: 'string', format: 'date-time' } },
    };
    const partner = await reposAnd(
      ['a', 'b'],
      (url) => {
        (since[repoOf(url)] ??= []).push(url.searchParams.get('since') ?? 'ever');
        return gone.includes(repoOf(url))
          ? { status: 404, body: {} }
          : { body: { data: [{ id: repoOf(url), at: '2026-11-20T00:00:00Z' }] } };
      },
      { incremental, schema },
    );
    expect(await partner.read('commits', { window: '2026-11-24' })).toMatchObject({ outcome: 'partial' });
    gone.pop();
    expect(await partner.read('commits', { window: '2026-11-25' })).toMatchObject({ outcome: 'ok' });
    expect(since).toEqual({
      a: ['ever', '2026-11-20T00:00:00.000Z'],
      b: ['ever', 'ever'],
    });
  });

  test('is not alone when all are refused', async () => {
    const few = await reposAnd(['a', 'b'], refusing(['a', 'b']));
    expect(await few.read('commits')).toMatchObject({
      outcome: 'failed',
      reason: expect.stringMatching(/^the calls of 2 parents were refused/),
    });
    const many = await reposAnd(names(40), refusing(names(40)), { concurrency: 1 });
    await expect(many.read('commits')).rejects.toThrow(
      /11 calls in a row were refused: it is not about single parents/,
    );
    expect(many.asked).toHaveLength(12);
  });
});
