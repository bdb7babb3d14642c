import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'pg';
import { openClient } from '../store/session/open-session.ts';
import { startPostgres } from '../services/postgres.ts';

/**
 * What the log's payloads take on disk by size of a record and way of compression, and what it costs to take most of a log away: in
 * pieces, or by copying what stays and dropping the rest. `node --import tsx bench/log-size.ts [LINES]`. In the embedded
 * PostgreSQL, which was built without lz4; `DATABASE_URL` names another one, an empty database of it.
 */
const LINES = Number(process.argv[2] ?? 200_000);
const say = (line: string): void => console.log(line);

/** In SQL: a record of about so many characters, with the repetition that records of partners have. */
const record = (
  chars: number,
): string => `json_build_object('id', 'pay_' || md5(n::text), 'status', (array['paid', 'open', 'void'])[1 + n % 3],
  'updated_at', '2026-01-28T23:59:59.123456Z', 'amount_minor', n % 100000, 'lines',
  (select json_agg(json_build_object('sku', 'sku_' || (n * 7 + i) % 9973, 'title', 'Item number ' || i || ' of an order', 'quantity', i % 5, 'hash', md5((n + i)::text)))
    from generate_series(1, ${Math.max(0, Math.round((chars - 150) / 115))}) i))`;

const columns = `event bigint, page bigint not null, ordinal integer not null, key text collate "C", version text collate "C",
  operation "char" not null default 'u', event_time timestamptz, received_at timestamptz not null, hash uuid not null, payload json not null,
  received_page bigint, received_ordinal integer`;

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

async function fill(client: Client, table: string, compression: string, chars: number, lines: number): Promise<number> {
  await client.query(`drop table if exists ${table}`);
  await client.query(`create table ${table} (${columns})`);
  await client.query(
    compression === 'none'
      ? `alter table ${table} alter payload set storage external`
      : `alter table ${table} alter payload set compression ${compression}`,
  );
  await client.query(`alter table ${table} add primary key (event)`);
  // Made before, so that only the writing is measured.
  await client.query('drop table if exists made');
  await client.query(
    `create unlogged table made as select n, ${record(chars)}::text as payload from generate_series(1, ${lines}) n`,
  );
  return seconds(() =>
    client.query(`insert into ${table} (event, page, ordinal, key, received_at, hash, payload)
      select n, n / 1000, n % 1000, 'pay_' || md5(n::text), now(), md5(n::text)::uuid, payload::json from made`),
  );
}

const size = async (client: Client, table: string): Promise<number> =>
  Number((await client.query<{ size: string }>(`select pg_total_relation_size('${table}') as size`)).rows[0]?.size);

async function measureCompression(client: Client): Promise<void> {
  const ways = ['none', 'pglz'];
  await client.query('drop table if exists known');
  const lz4 = await client.query('create table known (a text compression lz4)').then(
    () => true,
    () => false,
  );
  if (lz4) ways.push('lz4');
  else say('this server was built without lz4');
  say('record   way     chars/record  bytes/line  write µs/line  read µs/line');
  for (const chars of [300, 2000, 4000, 20_000]) {
    const lines = Math.round(Math.min(LINES, (LINES * 1000) / chars));
    for (const way of ways) {
      const wrote = await fill(client, 'log', way, chars, lines);
      const { rows } = await client.query<{ chars: number }>('select avg(length(payload))::integer as chars from made');
      const read = await seconds(() => client.query('select sum(length(payload::text)) from log'));
      const bytes = (await size(client, 'log')) / lines;
      const micros = (took: number): string => ((took / lines) * 1e6).toFixed(1).padStart(13);
      say(
        `${String(chars).padStart(6)}   ${way.padEnd(6)}  ${String(rows[0]?.chars).padStart(12)}  ${bytes.toFixed(0).padStart(10)}  ${micros(wrote)}  ${micros(read)}`,
      );
    }
  }
}

async function measureRemoval(client: Client): Promise<void> {
  const mb = async (): Promise<string> => `${((await size(client, 'log')) / 1e6).toFixed(0)} MB`;
  for (const share of [50, 90]) {
    await fill(client, 'log', 'pglz', 300, LINES);
    await client.query('vacuum analyze log');
    say(`${LINES} lines, ${await mb()}; ${share} % go`);
    let longest = 0;
    const deleted = await seconds(async () => {
      for (let from = 0; from < LINES; from += 5000)
        longest = Math.max(
          longest,
          await seconds(() =>
            client.query('delete from log where event > $1 and event <= $2 and event % 100 < $3', [
              from,
              from + 5000,
              share,
            ]),
          ),
        );
    });
    const vacuumed = await seconds(() => client.query('vacuum log'));
    say(
      `  deleted in pieces of 5000: ${deleted.toFixed(2)} s (a piece at most ${(longest * 1000).toFixed(0)} ms), vacuum ${vacuumed.toFixed(2)} s, then ${await mb()}`,
    );
    await fill(client, 'log', 'pglz', 300, LINES);
    await client.query('vacuum analyze log');
    const copied = await seconds(async () => {
      await client.query('drop table if exists log_new');
      await client.query(`create table log_new (${columns})`);
      await client.query('insert into log_new select * from log where event % 100 >= $1', [share]);
      await client.query('alter table log_new add primary key (event)');
    });
    const swapped = await seconds(() =>
      client.query('begin; drop table log; alter table log_new rename to log; commit'),
    );
    say(
      `  copied what stays: ${copied.toFixed(2)} s, exchanged under a lock ${(swapped * 1000).toFixed(0)} ms, then ${await mb()}`,
    );
  }
}

async function measure(url: string): Promise<void> {
  const client = await openClient(url, { name: 'bench', schema: 'public' });
  try {
    say((await client.query<{ version: string }>('select version()')).rows[0]?.version ?? '');
    await measureCompression(client);
    await measureRemoval(client);
  } finally {
    await client.end();
  }
}

const { DATABASE_URL: other } = process.env;
if (other === undefined) {
  const dataDir = join(tmpdir(), `syncline-log-size-${randomUUID()}`);
  const server = await startPostgres({ dataDir, durable: true });
  try {
    await measure(server.url);
  } finally {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
} else await measure(other);
