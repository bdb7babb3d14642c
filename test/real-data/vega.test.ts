import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import type { RunReport } from '../../messages/sync-partner.ts';
import { reportOfSync, startSync, type StartSync } from '../../client/start-sync.ts';
import { connectClient } from '../../client/temporal-client.ts';
import { readConfig } from '../../config/config.ts';
import { canonicalJson } from '../../core/canonical.ts';
import { parseJson } from '../../core/json.ts';
import { openPool } from '../../landing/postgres-warehouse.ts';
import { createLogger } from '../../workers/logger.ts';
import { startWorkers, type RunningWorkers } from '../../workers/sync-worker.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { temporalAddress } from '../support/temporal.ts';
import { startServer, type DataServer } from './start-server.ts';
import { vegaData, type Row, type VegaData } from './vega-data.ts';

const streams = ['movies', 'earthquakes', 'flights'] as const;
type Stream = (typeof streams)[number];

let source: VegaData;
let server: DataServer;
let database: TestDatabase;
let pool: Pool;
let workers: RunningWorkers;
let client: Client;
let first: RunReport;

beforeAll(async () => {
  source = await vegaData();
  const [started, fresh, namespace] = await Promise.all([
    startServer('json-server', source),
    freshDatabase(),
    freshNamespace(),
  ]);
  server = started;
  database = fresh;
  pool = openPool(database.url);
  const config = readConfig({
    ...process.env,
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: temporalAddress(),
    TEMPORAL_NAMESPACE: namespace,
    SYNCLINE_PARTNERS_DIR: fileURLToPath(new URL('../../examples/partners', import.meta.url)),
    SYNCLINE_WORKFLOW_BUNDLE: process.env['WORKFLOW_BUNDLE'],
    VEGA_URL: server.url,
  });
  workers = await startWorkers({ config, log: createLogger('silent'), roles: ['workflows', 'partner=vega'] });
  client = await connectClient({ address: config.temporalAddress, namespace });
  first = await sync({});
});

afterAll(async () => {
  await workers?.stop();
  await client?.connection.close();
  await pool?.end();
  await database?.drop();
  await server?.stop();
});

async function sync(run: Partial<StartSync>): Promise<RunReport> {
  const { handle } = await startSync(client, {
    partner: 'vega',
    streams: [],
    window: '2026-11-24',
    kind: 'manual',
    generation: 1,
    ...run,
  });
  const report = await reportOfSync(handle);
  if ('failure' in report) throw new Error(report.failure);
  return report;
}

/** One digest over the records, in an order of their own. */
function checksum(records: readonly unknown[]): string {
  const hash = createHash('sha256');
  for (const line of records.map((record) => canonicalJson(record)).toSorted()) hash.update(line).update('\n');
  return hash.digest('hex');
}

/** The payloads behind the rows of a target. */
async function payloads(stream: Stream): Promise<readonly unknown[]> {
  const { rows } = await pool.query<{ payload: string }>(
    `select e.payload::text as payload from vega.${stream} t join events e on e.event = t._event
      join streams s on s.stream_id = e.stream_id and s.partner = 'vega' and s.name = $1`,
    [stream],
  );
  return rows.map(({ payload }) => parseJson(payload));
}

/** The rows of a target by their typed columns alone, back in the shape of records. */
async function typedRows(stream: Stream): Promise<readonly Row[]> {
  const { rows } = await pool.query<{ row: string }>(
    `select ((to_jsonb(t) || coalesce(_extra, '{}')) - array(select column_name from information_schema.columns
        where table_schema = 'vega' and table_name = $1 and column_name like E'\\\\_%' and column_name <> 'id')::text[])::text
        as row from vega.${stream} t`,
    [stream],
  );
  return rows.map(({ row }) => parseJson(row) as Row);
}

const sumOf = (field: string): string => String(source.flights.reduce((sum, flight) => sum + Number(flight[field]), 0));

const one = async (sql: string): Promise<Row | undefined> => (await pool.query<Row>(sql)).rows[0];

describe('the data sets of vega-datasets, served by json-server', () => {
  test('arrive whole, each list by its own kind of pages', () => {
    expect(first.outcome).toBe('ok');
    expect(
      Object.fromEntries(
        first.streams.map(({ stream, outcome, counts, pages }) => [
          stream,
          { outcome, fetched: counts.fetched, inserted: counts.inserted, pages },
        ]),
      ),
    ).toEqual({
      // 3201 rows, 500 a page, and the empty page that ends an offset listing without a total.
      movies: { outcome: 'ok', fetched: 3201, inserted: 3201, pages: 8 },
      earthquakes: { outcome: 'ok', fetched: 1707, inserted: 1707, pages: 7 },
      // The last page is full, so only the empty one after it ends the list.
      flights: { outcome: 'ok', fetched: 20_000, inserted: 20_000, pages: 21 },
    });
  });

  test.each(streams)('%s: payloads have the checksum of the source file', async (stream) => {
    const rows = await payloads(stream);
    expect(rows.length).toBe(source[stream].length);
    expect(checksum(rows)).toBe(checksum(source[stream]));
  });

  test.each(streams)('%s: columns alone, with those unnamed by the schema, give the source back', async (stream) => {
    expect(checksum(await typedRows(stream))).toBe(checksum(source[stream]));
  });

  test.each([
    [
      'a title that is a number, in a JSON column',
      `"Title", jsonb_typeof("Title") as type from vega.movies where id = 1091`,
      { Title: 300, type: 'number' },
    ],
    [
      'a title that is null',
      `"Title", "Title" is null as none from vega.movies where id = 3054`,
      { Title: null, none: true },
    ],
    [
      'a date that is no ISO date, and a null',
      `"Release Date", "US DVD Sales" from vega.movies where id = 22`,
      { 'Release Date': 'Nov 09 1972', 'US DVD Sales': null },
    ],
    ['a number with a fraction', `"IMDB Rating"::text as rating from vega.movies where id = 23`, { rating: '5.6' }],
    [
      'a field that the schema does not name',
      `_extra->>'Source' as source from vega.movies where id = 22`,
      { source: 'Based on Play' },
    ],
    ['a negative integer', 'delay, date from vega.flights where id = 282', { delay: '-59', date: '2001/01/02 09:47' }],
    ['the sum of a column', 'sum(delay)::text as delay from vega.flights', () => ({ delay: sumOf('delay') })],
    [
      'a nested negative number',
      `properties->>'mag' as mag from vega.earthquakes where id = 'mb80280489'`,
      { mag: '-0.07' },
    ],
    [
      'nested coordinates',
      `geometry->'coordinates' as at from vega.earthquakes where id = 'us1000chl5'`,
      { at: [169.4658, -18.9718, 246.28] },
    ],
  ])('holds %s', async (_, select, expected) => {
    expect(await one(`select ${select}`)).toEqual(typeof expected === 'function' ? expected() : expected);
  });

  test('a range of days asks json-server for the changes of those days only', async () => {
    const report = await sync({ streams: ['earthquakes'], window: '2018-02-04..2018-02-05' });
    const end = Date.parse('2018-02-06T00:00:00Z');
    const changed = source.earthquakes.filter(({ properties }) => (properties as { updated: number }).updated <= end);
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.length).toBeLessThan(source.earthquakes.length);
    expect(report.counts).toMatchObject({ fetched: changed.length, unchanged: changed.length });
  });

  test('a second, forced run changes nothing', async () => {
    const before = await fingerprint();
    const second = await sync({ generation: 2 });
    expect(second.outcome).toBe('ok');
    expect(second.counts).toMatchObject({ fetched: 24_908, unchanged: 24_908, inserted: 0, updated: 0 });
    expect(await fingerprint()).toEqual(before);
  });
});

/** Every byte of the targets and the number of events. */
async function fingerprint(): Promise<unknown> {
  const targets = await Promise.all(
    streams.map((stream) => one(`select md5(string_agg(t::text, chr(10) order by id)) as value from vega.${stream} t`)),
  );
  return { targets, events: await one('select count(*) from events') };
}
