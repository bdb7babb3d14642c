import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { findings, openPlays, wellChecked, type Plays } from '../examples/open-plays.ts';
import { startServer, type DataServer } from './start-server.ts';
import { vegaData, type Row } from './vega-data.ts';

/** The earthquakes, as graphql-http tells of them: those that were known by one day, and all of them the day after. */

let quakes: readonly Row[];
let plays: Plays;
const servers: DataServer[] = [];
beforeAll(async () => {
  [{ earthquakes: quakes }, plays] = await Promise.all([vegaData(), openPlays()]);
});
afterAll(async () => {
  await plays?.close();
  for (const server of servers) await server.stop();
});

const cut = Date.parse('2018-02-06T00:00:00Z');
const updatedOf = (quake: Row): number => (quake['properties'] as { readonly updated: number }).updated;

async function serve(earthquakes: readonly Row[]): Promise<Record<string, string>> {
  const server = await startServer('graphql-http', { earthquakes });
  servers.push(server);
  return { VEGA_URL: server.url };
}

const asAsked = ({ id, properties, geometry }: Row): unknown => {
  const { mag, place, felt, updated } = properties as Row;
  return { id, mag, place, felt, updated, coordinates: (geometry as Row)['coordinates'] };
};

test('cursors, variables and a filter by time bring the data set, day by day', async () => {
  const known = quakes.filter((quake) => updatedOf(quake) < cut);
  const newest = Math.max(...known.map(updatedOf));
  const again = quakes.filter((quake) => updatedOf(quake) >= newest - 3_600_000);
  expect(known.length).toBeGreaterThan(250);
  expect(again.length).toBeLessThan(quakes.length);

  const before = await plays.example('vega_graphql', await serve(known));
  expect(await before.read('earthquakes', { window: '2018-02-06' })).toMatchObject({
    outcome: 'ok',
    counts: { inserted: known.length },
    pages: Math.ceil(known.length / 250),
  });
  expect(findings(await before.check())).toEqual(wellChecked(['earthquakes']));

  const after = await plays.example('vega_graphql', await serve(quakes));
  expect(await after.read('earthquakes', { window: '2018-02-10' })).toMatchObject({
    outcome: 'ok',
    counts: { fetched: again.length, inserted: quakes.length - known.length },
  });
  const rows = await after.rows(
    `select id, mag::float, place, felt::integer, updated::float, coordinates from vega_graphql.earthquakes order by id collate "C"`,
  );
  expect(rows).toEqual(quakes.map(asAsked).toSorted(byId));
});

const byId = (one: unknown, other: unknown): number => ((one as Row)['id']! < (other as Row)['id']! ? -1 : 1);

test('errors beside the data leave a run in doubt, and its rows where they are', async () => {
  const partner = await plays.example('vega_graphql', await serve(quakes.slice(0, 10)), [
    ['nodes { id', 'nodes { time id'],
  ]);
  expect(await partner.read('earthquakes', { window: '2017-12-01..2018-02-28' })).toMatchObject({
    outcome: 'suspect',
    reason: expect.stringContaining('the answer has 10 of them at "errors" beside its records'),
    counts: { fetched: 10 },
  });
});
