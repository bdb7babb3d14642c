import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';

// As a command: `serve-graphql.mjs DB_FILE` prints the port. The list is a connection, sorted by its cursor.
const { earthquakes } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const cursorOf = ({ id }) => Buffer.from(`quake:${id}`).toString('base64');
const sorted = earthquakes.toSorted((one, other) => (one.id < other.id ? -1 : 1));

const schema = createSchema({
  typeDefs: /* GraphQL */ `
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
  `,
  resolvers: {
    Query: {
      earthquakes: (_, { first, after, updatedSince = 0 }) => {
        const found = sorted.filter(({ properties }) => properties.updated >= updatedSince);
        const from = after === undefined ? 0 : found.findIndex((quake) => cursorOf(quake) === after) + 1;
        const nodes = found.slice(from, from + first);
        const last = nodes.at(-1);
        return {
          totalCount: found.length,
          nodes,
          pageInfo: {
            hasNextPage: from + first < found.length,
            endCursor: last === undefined ? null : cursorOf(last),
          },
        };
      },
    },
    Earthquake: {
      mag: ({ properties }) => properties.mag,
      place: ({ properties }) => properties.place,
      felt: ({ properties }) => properties.felt,
      updated: ({ properties }) => properties.updated,
      time: ({ properties }) => properties.time,
      coordinates: ({ geometry }) => geometry.coordinates,
    },
  },
});

const yoga = createYoga({ schema, logging: false });
const server = createServer((request, response) => void yoga(request, response)).listen(0, '127.0.0.1', () => {
  process.stdout.write(`port ${server.address().port}\n`);
});
