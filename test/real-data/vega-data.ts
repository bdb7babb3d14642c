import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export type Row = Readonly<Record<string, unknown>>;

export interface VegaData {
  readonly movies: readonly Row[];
  readonly earthquakes: readonly Row[];
  readonly flights: readonly Row[];
}

// The package exports nothing but its entry, build/index.js.
const data = join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '..', 'data');

/** The package's files as they are; rows without an id get their place as one. */
export async function vegaData(): Promise<VegaData> {
  const [movies, earthquakes, flights] = await Promise.all([
    read('movies.json') as Promise<Row[]>,
    read('earthquakes.json') as Promise<{ features: Row[] }>,
    read('flights-20k.json') as Promise<Row[]>,
  ]);
  return { movies: numbered(movies), earthquakes: earthquakes.features, flights: numbered(flights) };
}

const read = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(data, name), 'utf8'));

const numbered = (rows: readonly Row[]): Row[] => rows.map((row, index) => ({ ...row, id: index + 1 }));
