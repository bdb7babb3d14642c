import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import type { StreamInput } from '../../definitions/definition.ts';
import { ownPartners, type OwnAnswer, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';

let partners: OwnPartners;
beforeAll(async () => {
  partners = await ownPartners();
});
afterAll(() => partners.close());

const repos = {
  path: '/repos',
  primaryKey: ['id'],
  schema: {
    type: 'object',
    required: ['id'],
    properties: {
      id: { type: 'integer' },
      owner: { type: 'object', properties: { login: { type: 'string' } } },
      name: { type: 'string' },
    },
  },
} satisfies StreamInput;

const time = { type: 'string', format: 'date-time' };
const issues = {
  method: 'POST',
  path: '/repos/{parent.owner.login}/{parent.name|path}/search',
  body: { filters: [{ field: 'updated', op: 'gte', value: '{start:epochMs}' }], after: '{cursor}' },
  records: 'data',
  primaryKey: ['login', 'repo', 'number'],
  version: ['updated'],
  pagination: { type: 'token', token: 'next' },
  incremental: { field: 'updated', initial: '2020-01-01T00:00:00Z' },
  parent: { stream: 'repos', fields: ['owner.login'], include: { 'owner.login': 'login', name: 'repo' } },
  schema: {
    type: 'object',
    required: ['number', 'updated'],
    properties: { number: { type: 'integer' }, updated: time },
  },
} satisfies StreamInput;

interface Asked {
  readonly path: string;
  readonly body: { readonly filters: readonly { readonly value: number }[]; readonly after?: string };
}

/** A partner with some repositories, each with two pages of issues. */
async function hosting(list: { login: string; name: string }[]): Promise<{ partner: OwnPartner; asked: Asked[] }> {
  const asked: Asked[] = [];
  const search = async (url: URL, request: IncomingMessage): Promise<OwnAnswer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Asked['body'];
    asked.push({ path: decodeURIComponent(url.pathname), body });
    const number = body.after === undefined ? 1 : 2;
    const data = [{ number, updated: `2026-01-0${number}T00:00:00Z` }];
    return { body: { data, ...(number === 1 ? { next: 'p2' } : {}) } };
  };
  const partner = await partners.partner(
    (url, request) =>
      url.pathname === '/repos'
        ? { body: list.map(({ login, name }, index) => ({ id: index + 1, owner: { login }, name })) }
        : search(url, request),
    { repos, issues },
    { grant: { requests: 3, time: '30s' } },
  );
  await partner.read('repos');
  return { partner, asked };
}

const rowsOf = async ({ name }: OwnPartner): Promise<string[]> => {
  const { rows } = await partners.pool.query<{ row: string }>(
    `select concat_ws(' ', login, repo, number) as row from ${name}.issues order by 1`,
  );
  return rows.map(({ row }) => row);
};

describe('several fields of a parent', () => {
  test('make a call per combination, from grant to grant, and go into the records', async () => {
    const { partner, asked } = await hosting([
      { login: 'acme', name: 'core' },
      { login: 'acme', name: 'docs/"en"' },
      { login: 'beta', name: 'core' },
      { login: 'beta', name: 'core' },
      { login: '', name: 'none' },
    ]);
    expect(await partner.read('issues')).toMatchObject({ outcome: 'ok', counts: { fetched: 6, inserted: 6 } });
    expect(await rowsOf(partner)).toEqual([
      'acme core 1',
      'acme core 2',
      'acme docs/"en" 1',
      'acme docs/"en" 2',
      'beta core 1',
      'beta core 2',
    ]);
    expect(asked.map(({ path, body }) => `${path} ${body.after ?? ''}`.trim()).toSorted()).toEqual([
      '/repos/acme/core/search',
      '/repos/acme/core/search p2',
      '/repos/acme/docs/"en"/search',
      '/repos/acme/docs/"en"/search p2',
      '/repos/beta/core/search',
      '/repos/beta/core/search p2',
    ]);
    expect(asked.every(({ body }) => body.filters[0]?.value === Date.parse('2020-01-01T00:00:00Z'))).toBe(true);
  });

  test('a new combination is read from the beginning, the others from where they were', async () => {
    const list = [{ login: 'acme', name: 'core' }];
    const { partner, asked } = await hosting(list);
    await partner.read('issues');
    list.push({ login: 'acme', name: 'new' });
    await partner.read('repos', { window: '2026-11-25' });
    asked.length = 0;
    await partner.read('issues', { window: '2026-11-25' });
    const starts = Object.fromEntries(asked.map(({ path, body }) => [path, body.filters[0]?.value]));
    expect(starts).toEqual({
      '/repos/acme/core/search': Date.parse('2026-01-02T00:00:00Z'),
      '/repos/acme/new/search': Date.parse('2020-01-01T00:00:00Z'),
    });
    expect(await rowsOf(partner)).toEqual(['acme core 1', 'acme core 2', 'acme new 1', 'acme new 2']);
  });
});

describe('parents that changed', () => {
  const text = { type: 'string' };
  const posts = {
    path: '/posts',
    primaryKey: ['id'],
    schema: { type: 'object', required: ['id'], properties: { id: text, touched: text } },
  } satisfies StreamInput;
  const comments = {
    path: '/posts/{parent.id}/comments',
    primaryKey: ['id'],
    parent: { stream: 'posts', changed: 'touched', include: { touched: 'touched_at', id: 'post' } },
    concurrency: 1,
    schema: { type: 'object', required: ['id'], properties: { id: text, text } },
  } satisfies StreamInput;

  /** Posts by their ids, each with a comment that is its text. */
  async function blog(streams: Record<string, StreamInput> = { posts, comments }) {
    const touched: Record<string, string> = { a: '1', 'b","c"]': '1', d: '1' };
    const gone = new Set<string>();
    const partner = await partners.partner(
      ({ pathname, searchParams }) => {
        if (pathname === '/posts') return { body: Object.entries(touched).map(([id, at]) => ({ id, touched: at })) };
        const ids = searchParams.get('ids')?.split(';') ?? [decodeURIComponent(pathname.split('/')[2] as string)];
        if (ids.some((id) => gone.has(id))) return { status: 404, body: {} };
        return { body: ids.map((id) => ({ id: `${id}!`, text: `${id} at ${touched[id]}` })) };
      },
      streams,
      { grant: { requests: 2, time: '30s' } },
    );
    /** A night: the outcome, and which posts were asked for. */
    const night = async (window: string): Promise<readonly [string | null, readonly string[]]> => {
      await partner.read('posts', { window });
      const before = partner.asked.length;
      const { outcome } = await partner.read('comments', { window });
      const calls = partner.asked
        .slice(before)
        .map((path) => decodeURIComponent(path).replaceAll(/.*(posts\/|ids=)|\/comments/g, ''));
      return [outcome, calls];
    };
    return { partner, touched, gone, night };
  }

  test('alone are asked for; those that were refused again; those with their former value, too', async () => {
    const { partner, touched, gone, night } = await blog();
    expect(await night('2026-01-01')).toEqual(['ok', ['a', 'b","c"]', 'd']]);
    expect(await night('2026-01-02')).toEqual(['ok', []]);

    touched['b","c"]'] = '2';
    touched['d'] = '2';
    touched['e'] = '1';
    gone.add('d');
    expect(await night('2026-01-03')).toEqual(['partial', ['b","c"]', 'd', 'e']]);
    gone.clear();
    expect(await night('2026-01-04')).toEqual(['ok', ['d']]);

    touched['b","c"]'] = '1';
    expect(await night('2026-01-05')).toEqual(['ok', ['b","c"]']]);
    expect(await night('2026-01-01..2026-01-05')).toEqual(['ok', ['a', 'b","c"]', 'd', 'e']]);
    expect(await night('2026-01-06')).toEqual(['ok', []]);
    const { rows } = await partners.pool.query(`select post, text from ${partner.name}.comments order by id`);
    expect(rows).toEqual([
      { post: 'a', text: 'a at 1' },
      { post: 'b","c"]', text: 'b","c"] at 1' },
      { post: 'd', text: 'd at 2' },
      { post: 'e', text: 'e at 1' },
    ]);
  });

  test('are asked for together where the partner takes several', async () => {
    const parent = {
      stream: 'posts',
      field: 'id',
      as: 'ids',
      in: 'query',
      batch: 2,
      separator: ';',
      changed: 'touched',
    };
    const { touched, night } = await blog({
      posts,
      comments: { ...comments, path: '/comments', parent } as StreamInput,
    });
    expect(await night('2026-01-01')).toEqual(['ok', ['a;b","c"]', 'd']]);
    touched['d'] = '2';
    touched['e'] = '1';
    expect(await night('2026-01-02')).toEqual(['ok', ['d;e']]);
  });

  test('are not asked for when they lack the field', async () => {
    const { touched, night } = await blog();
    touched['a'] = '';
    expect(await night('2026-01-01')).toEqual(['ok', ['b","c"]', 'd']]);
  });
});
