import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openPullBench, streamReport } from '../support/pull-bench.ts';
import type { PullBench } from '../support/pull-bench.ts';
import { tableRows } from '../support/table-rows.ts';
import { serve, type LocalServer } from '../http/support/local-server.ts';

let bench: PullBench;
let server: LocalServer;
const asked: string[] = [];

/** Each page says its next one twice: what stands first is a lie, and JSON has it that the last one counts. */
const pages: Readonly<Record<string, string>> = {
  '': '{"next":"lie","data":[{"id":"a"},{"id":"b"}],"next":"two","extra":[]}',
  two: '{"next":"lie","data":[{"id":"c"}],"next":"three","extra":[]}',
  three: '{"next":"lie","data":[{"id":"d"}],"next":null,"extra":[]}',
  lie: '{"data":[{"id":"never"}],"next":null}',
};

beforeAll(async () => {
  bench = await openPullBench();
  server = await serve((request, response) => {
    const cursor = new URL(request.url ?? '/', 'http://local').searchParams.get('cursor') ?? '';
    asked.push(cursor);
    response.setHeader('content-type', 'application/json');
    response.end(pages[cursor]);
  });
});
afterAll(async () => {
  await server.close();
  await bench.close();
});

test('a next page that was foreseen wrongly is asked for in vain, and nothing of it lands', async () => {
  const stream = {
    path: '/listing',
    records: 'data',
    primaryKey: ['id'],
    pagination: { type: 'token' as const, token: 'next', as: 'cursor' },
    schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
  };
  const { partner, report } = await bench.syncOnce({
    streams: { listing: stream },
    partner: { baseUrl: server.url, auth: { type: 'none' } },
  });
  expect(streamReport(report, 'listing')).toMatchObject({ outcome: 'ok', pages: 3, counts: { inserted: 4 } });
  const rows = await tableRows(bench.pool, partner.name, 'listing');
  expect(rows.map((row) => String(row['id'])).toSorted((a, b) => a.localeCompare(b))).toEqual(['a', 'b', 'c', 'd']);
  // The lie was followed, or this test shows nothing.
  expect(asked).toContain('lie');
  expect(asked.filter((cursor) => cursor !== 'lie')).toEqual(['', 'two', 'three']);
});
