import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { buildSchema } from 'graphql';
import { createHandler } from 'graphql-http/lib/use/http';

// As a command: `serve-graphql.mjs DB_FILE` prints the port. The list is a connection, sorted by its cursor.
const { earthquakes } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const cursorOf = ({ id }) => Buffer.from(`quake:${id}`).toString('base64');
const sorted = earthquakes.toSorted((one, other) => (one.id < other.id ? -1 : 1));

const schema = buildSchema(/* GraphQL */ `
  type Earthquake {
    id: ID!
    mag: Float
    place: String
    felt: Int
    updated: Float!
    coordinates: [Float!]!
    # A common mistake: milliseconds do not fit. The executor answers null, and an error beside the data.
    time: Int
  }
  type PageInfo {
    hasNextPage: Boolean!
    endCursor: String
  }
  type EarthquakeConnection {
    totalCount: Int!
    nodes: [Earthquake!]!
    pageInfo: PageInfo!
  }
  type Query {
    earthquakes(first: Int!, after: String, updatedSince: Float): EarthquakeConnection!
  }
`);

const node = ({ id, properties, geometry }) => {
  const { mag, place, felt, updated, time } = properties;
  return { id, mag, place, felt, updated, time, coordinates: geometry.coordinates };
};

const rootValue = {
  earthquakes: ({ first, after, updatedSince = 0 }) => {
    const found = sorted.filter(({ properties }) => properties.updated >= updatedSince);
    const from = after === undefined || after === null ? 0 : found.findIndex((quake) => cursorOf(quake) === after) + 1;
    const nodes = found.slice(from, from + first);
    const last = nodes.at(-1);
    return {
      totalCount: found.length,
      nodes: nodes.map(node),
      pageInfo: {
        hasNextPage: from + first < found.length,
        endCursor: last === undefined ? null : cursorOf(last),
      },
    };
  },
};

const handle = createHandler({ schema, rootValue });
const server = createServer((request, response) => void handle(request, response)).listen(0, '127.0.0.1', () => {
  process.stdout.write(`port ${server.address().port}\n`);
});
