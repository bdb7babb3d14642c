import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import { ownPartners, type OwnAnswer, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';

let partners: OwnPartners;
beforeAll(async () => {
  partners = await ownPartners();
});
afterAll(() => partners.close());

const rows = {
  path: '/rows',
  records: 'data',
  primaryKey: ['id'],
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
} satisfies StreamInput;

const ids = async ({ name }: OwnPartner, table = 'rows'): Promise<string[]> =>
  (await partners.pool.query<{ id: string }>(`select id from ${name}.${table} order by id`)).rows.map(({ id }) => id);

/** Answers one request per connection, and resets it when a second one comes: an idle time that always just ended. */
async function resetting(): Promise<{ url: string; seen: () => number; resets: () => number; close: () => void }> {
  const sockets = new Set<Socket>();
  const counts = { seen: 0, resets: 0 };
  const server = createServer((socket) => {
    let served = false;
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
    socket.on('data', (data) => {
      counts.seen += 1;
      if (served) {
        counts.resets += 1;
        socket.resetAndDestroy();
        return;
      }
      served = true;
      const page = Number(/page=(\d+)/.exec(data.toString())?.[1]);
      const body = JSON.stringify({ data: page > 12 ? [] : [{ id: String(page).padStart(2, '0') }] });
      socket.write(
        `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nKeep-Alive: timeout=60\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: () => counts.seen,
    resets: () => counts.resets,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

const moved = (location: string, status = 301): OwnAnswer => ({ status, headers: { location }, body: {} });

describe('a kept connection', () => {
  test.each([
    ['without limits', {}],
    ['by turns', { rate: 200, per: '1s' }],
    ['one at a time', { concurrency: 1 }],
  ] as const)('that is reset is no failure of the partner, and each request counts: %s', async (_, limits) => {
    const server = await resetting();
    try {
      const partner = await partners.partner(
        () => ({}),
        { rows: { ...rows, pagination: { type: 'page', size: 1 } } },
        { baseUrl: server.url, limits, circuit: { streak: 1, minCalls: 1 }, retry: { attempts: 1 } },
      );
      const report = await partner.read('rows');
      expect(report).toMatchObject({ outcome: 'ok', requests: server.seen() });
      expect(server.resets()).toBeGreaterThan(1);
      expect(await ids(partner)).toHaveLength(12);
    } finally {
      server.close();
    }
  });
});

describe('a redirect', () => {
  test('on the same origin is followed, counts, and what the answer links to begins there', async () => {
    const seen: (string | undefined)[] = [];
    const partner = await partners.partner(
      ({ pathname, searchParams }, request) => {
        seen.push(request.headers['x-tenant']?.toString());
        if (pathname === '/rows') return moved('/moved/once', 302);
        if (pathname === '/moved/once') return moved('/v2/rows?page=1', 307);
        return searchParams.get('page') === '1'
          ? { body: { data: [{ id: 'a' }], next: 'rows?page=2' } }
          : { body: { data: [{ id: 'b' }] } };
      },
      { rows: { ...rows, pagination: { type: 'nextUrl', path: 'next' } } },
      { headers: { 'X-Tenant': 't' }, auth: { type: 'apiKey', in: 'query', name: 'key', key: 'k' } },
    );
    const report = await partner.read('rows');
    expect(report).toMatchObject({ outcome: 'ok', requests: 4 });
    expect(partner.asked).toEqual([
      '/rows?key=k',
      '/moved/once?key=k',
      '/v2/rows?page=1&key=k',
      '/v2/rows?page=2&key=k',
    ]);
    expect(seen).toEqual(['t', 't', 't', 't']);
    expect(await ids(partner)).toEqual(['a', 'b']);
  });

  test('of one parent is followed, and one that leads elsewhere or in a circle ends that parent alone', async () => {
    const elsewhere = await partners.partner(() => ({ body: { data: [{ id: 'stolen' }] } }), { rows });
    const partner = await partners.partner(
      ({ pathname }) => {
        if (pathname === '/repos')
          return { body: { data: ['a', 'away', 'circle', 'many', 'old', 'z'].map((id) => ({ id })) } };
        if (pathname === '/repos/old/rows') return moved('/repositories/7/rows');
        if (pathname === '/repositories/7/rows') return { body: { data: [{ id: 'old' }] } };
        if (pathname === '/repos/away/rows') return moved('http://localhost:1/rows');
        if (pathname === '/repos/circle/rows') return moved('/repos/circle/rows');
        const hop = /^\/(?:repos\/many\/rows|hop(\d+))$/.exec(pathname);
        if (hop !== null) return moved(`/hop${Number(hop[1] ?? 0) + 1}`);
        return { body: { data: [{ id: pathname.split('/')[2] }] } };
      },
      {
        repos: { ...rows, path: '/repos' },
        rows: { ...rows, path: '/repos/{repo}/rows', parent: { stream: 'repos', field: 'id', as: 'repo' } },
      },
    );
    await partner.read('repos');
    const before = partner.asked.length;
    const report = await partner.read('rows');
    expect(report).toMatchObject({
      outcome: 'suspect',
      requests: partner.asked.length - before,
      reason: expect.stringContaining('the calls of 3 parents were refused'),
    });
    expect(await ids(partner)).toEqual(['a', 'old', 'z']);
    expect(partner.asked.filter((url) => url.startsWith('/hop'))).toHaveLength(5);
    expect(partner.asked.filter((url) => url.startsWith('/repos/circle'))).toHaveLength(1);
    expect(elsewhere.asked).toEqual([]);
  });

  test('that a rule names is not followed', async () => {
    const partner = await partners.partner(() => moved('/login', 302), {
      rows: { ...rows, errors: [{ status: 302, action: 'attention', message: 'the session has ended' }] },
    });
    await expect(partner.read('rows')).rejects.toThrow(/the session has ended/);
    expect(partner.asked).toEqual(['/rows']);
  });
});
