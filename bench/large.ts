import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createGunzip, createGzip } from 'node:zlib';
import { reportOfSync, startSync } from '../client/start-sync.ts';
import { connectClient } from '../client/temporal-client.ts';
import { processConfig } from '../config/env.ts';
import { startEmbedded } from '../services/embedded.ts';
import { startChild } from './processes.ts';

/**
 * One answer of a gigabyte, packed, in lines of JSON or as CSV: rows per second, and the memory that the worker needs for it. Beside it, in the
 * same run, what it takes to fetch, unpack and write down the same bytes. `npm run bench:large -- --mb 1000 --format csv --json`
 */
const { values } = parseArgs({
  options: {
    mb: { type: 'string', default: '1000' },
    format: { type: 'string', default: 'ndjson' },
    json: { type: 'boolean', default: false },
  },
});
const say = (line: string): void => console.error(line);
const MB = 1024 * 1024;
const isCsv = values.format === 'csv';

const dir = await mkdtemp(join(tmpdir(), 'syncline-large-'));
await chmod(dir, 0o755);
const file = join(dir, 'export.gz');
let rows = 0;
let bytes = 0;
await pipeline(Readable.from(lines()), createGzip({ level: 1 }), createWriteStream(file));
const packed = (await stat(file)).size;
say(`${rows} rows, ${Math.round(bytes / MB)} MB, ${Math.round(packed / MB)} MB packed`);

const server = createServer((_, response) => {
  response.writeHead(200, { 'content-length': packed });
  createReadStream(file).pipe(response);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const config = processConfig();
const services = await startEmbedded({
  dir: join(dir, 'services'),
  cacheDir: config.cacheDir,
  pathEnv: config.pathEnv,
  durable: true,
  say,
});
const client = await connectClient({ address: services.temporalAddress, namespace: 'default' });
try {
  const partners = join(dir, 'partners');
  await mkdir(partners);
  await writeFile(join(partners, 'bench.yaml'), definition());
  const worker = await startChild({
    // As the image starts it (Dockerfile).
    args: ['--single-threaded-gc', 'dist/cli/main.js', 'worker'],
    env: {
      DATABASE_URL: services.databaseUrl,
      TEMPORAL_ADDRESS: services.temporalAddress,
      SYNCLINE_WORKFLOW_BUNDLE: services.workflowBundle,
      SYNCLINE_PARTNERS_DIR: partners,
      BENCH_URL: url,
      MALLOC_ARENA_MAX: '2',
    },
    ready: /"partner\.bench"/,
  });
  try {
    const bytesSeconds = await unpackOnly();
    const idleMb = await worker.peakMb();
    const startedAt = performance.now();
    const started = await startSync(client, {
      partner: 'bench',
      streams: [],
      window: '2026-11-24',
      kind: 'manual',
      generation: 1,
    });
    const report = await reportOfSync(started.handle);
    const seconds = (performance.now() - startedAt) / 1000;
    if ('failure' in report) throw new Error(report.failure);
    const result = {
      format: isCsv ? 'csv' : 'ndjson',
      rows,
      megabytes: Math.round(bytes / MB),
      outcome: report.outcome,
      inserted: report.counts.inserted,
      requests: report.streams[0]?.requests,
      pages: report.streams[0]?.pages,
      seconds: Math.round(seconds),
      rowsPerSecond: Math.round(rows / seconds),
      fetchAndUnpackSeconds: Number(bytesSeconds.toFixed(1)),
      idleMb,
      peakMb: await worker.peakMb(),
    };
    for (const [name, value] of Object.entries(result)) say(`${name.padEnd(24)} ${String(value)}`);
    if (values.json) console.log(JSON.stringify(result));
  } finally {
    await worker.stop();
  }
} finally {
  await client.connection.close();
  await services.stop();
  server.closeAllConnections();
  server.close();
  await rm(dir, { recursive: true, force: true });
}

function* lines(): Generator<string> {
  const head = 'id,v,customer,amount,note\n';
  if (isCsv) yield head;
  while (bytes < Number(values.mb) * MB) {
    let text = '';
    for (let i = 0; i < 1000; i++) text += line(rows++);
    bytes += Buffer.byteLength(text);
    yield text;
  }
}

function line(n: number): string {
  const note = `order ${n} of a customer who "buys" é `.repeat(5);
  return isCsv
    ? `o${n},${n},c${n % 9999},${n % 977},"${note.replaceAll('"', '""')}"\n`
    : `${JSON.stringify({ id: `o${n}`, v: n, customer: `c${n % 9999}`, amount: n % 977, note })}\n`;
}

/** The bytes alone: fetched, unpacked, written to a file. Seconds. */
async function unpackOnly(): Promise<number> {
  const startedAt = performance.now();
  const { body } = await fetch(url);
  if (body === null) throw new Error('no body');
  await pipeline(body, createGunzip(), createWriteStream(join(dir, 'plain')));
  await rm(join(dir, 'plain'));
  return (performance.now() - startedAt) / 1000;
}

function definition(): string {
  const number = isCsv ? '{ type: string }' : '{ type: integer }';
  return `name: bench
baseUrl: \${BENCH_URL}
timeout: 10m
maxBytes: 8000000000
streams:
  orders:
    path: /export
    format: ${isCsv ? 'csv' : 'ndjson'}
    compression: gzip
    primaryKey: [id]
    version: [v]
    schema:
      type: object
      required: [id, v, customer, amount, note]
      properties:
        id: { type: string }
        v: ${number}
        customer: { type: string }
        amount: ${number}
        note: { type: string }
`;
}
