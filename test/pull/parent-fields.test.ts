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
