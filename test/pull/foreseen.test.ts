import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openPullBench, streamReport } from '../support/pull-bench.ts';
import type { PullBench } from '../support/pull-bench.ts';
import { tableRows } from '../support/table-rows.ts';
import { serve, type LocalServer } from '../http/support/local-server.ts';

let bench: PullBench;
let server: LocalServer;
const asked: string[] = [];
let latencyMs = 0;

/** Each page says its next one twice: what stands first is a lie, and JSON has it that the last one counts. */
const pages: Readonly<Record<string, string>> = {
  '': '{"next":"lie","data":[{"id":"a"},{"id":"b"}],"next":"two","extra":[]}',
  two: '{"next":"lie","data":[{"id":"c"}],"next":"three","extra":[]}',
  three: '{"next":"lie","data":[{"id":"d"}],"next":null,"extra":[]}',
};

const isLie = (cursor: string): boolean => cursor.startsWith('lie');

beforeAll(async () => {
  bench = await openPullBench();
  server = await serve((request, response) => {
    const cursor = new URL(request.url ?? '/', 'http://local').searchParams.get('cursor') ?? '';
    asked.push(cursor);
    response.setHeader('content-type', 'application/json');
    // Whoever follows a lie finds the next one, without end.
    const body = pages[cursor] ?? `{"data":[{"id":"never"}],"next":"${cursor}e"}`;
    setTimeout(() => response.end(body), latencyMs);
  });
});
afterAll(async () => {
  await server.close();
  await bench.close();
});

test.each([
  ['without limits', {}, 4, 1],
  ['where requests are dear', { rate: 1000, per: '1s', burst: 1000 }, 1, 0],
])('a page foreseen wrongly costs few requests, %s, and nothing of it lands', async (_, limits, most, least) => {
  asked.length = 0;
  // Slow where nothing limits: there what was foreseen leaves before a page is read.
  latencyMs = most > 1 ? 40 : 0;
  const stream = {
    path: '/listing',
    records: 'data',
    primaryKey: ['id'],
    pagination: { type: 'token' as const, token: 'next', as: 'cursor' },
    schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
  };
  const { partner, report } = await bench.syncOnce({
    streams: { listing: stream },
    partner: { baseUrl: server.url, auth: { type: 'none' }, limits },
  });
  expect(streamReport(report, 'listing')).toMatchObject({ outcome: 'ok', pages: 3, counts: { inserted: 4 } });
  const rows = await tableRows(bench.pool, partner.name, 'listing');
  expect(rows.map((row) => String(row['id'])).toSorted((a, b) => a.localeCompare(b))).toEqual(['a', 'b', 'c', 'd']);
  // Three pages tell it, and each costs so many requests at the most. What has not left yet is withdrawn.
  expect(asked.filter(isLie).length).toBeGreaterThanOrEqual(least);
  expect(asked.filter(isLie).length).toBeLessThanOrEqual(3 * most);
  expect(asked.filter((cursor) => !isLie(cursor))).toEqual(['', 'two', 'three']);
});
