import { createHash, randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'pg';
import { startPostgres } from '../services/postgres.ts';
import { copyInto } from '../targets/postgres/copy.ts';
import { openClient } from '../store/session/open-session.ts';
import { arrayLiteral } from '../core/sql-text.ts';

/**
 * Where heads stand (the newest event of each key): in the target's own rows, or in a table of their own beside it. What
 * PostgreSQL alone takes for each, with the statements of a commit: ask for the heads of a batch, COPY events and rows, and
 * in the second case the heads. `node --import tsx bench/heads.ts [ROWS] [RUNS]`
 */
const ROWS = Number(process.argv[2] ?? 1_000_000);
const RUNS = Number(process.argv[3] ?? 3);
/** As many as a grant commits at once when pages come fast. */
const BATCH = 5_000;
const say = (line: string): void => console.log(line);
const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

type Where = 'target' | 'table';
type Record = { readonly key: string; readonly version: string; readonly hash: string; readonly payload: string };

function recordOf(n: number, version: number): Record {
  // Keys come in no order, as those of partners do.
  const key = `pay_${createHash('md5').update(String(n)).digest('hex').slice(0, 20)}`;
  const payload = JSON.stringify({
    id: key,
    customer_id: `cus_${n % 9973}`,
    amount_minor: n % 100_000,
    currency: 'EUR',
    status: 'succeeded',
    description: `payment ${n} of an order`,
    updated_at: '2026-01-28T23:59:59.123456Z',
    sequence: version,
  });
  return {
    key,
    version: `2026-01-28T23:59:59.123456Z ${version}`,
    hash: createHash('md5').update(payload).digest('hex'),
    payload,
  };
}

const batchOf = (from: number, version: number): Record[] =>
  Array.from({ length: Math.min(BATCH, ROWS - from) }, (_, i) => recordOf(from + i, version));

async function makeTables(client: Client, where: Where): Promise<void> {
  await client.query('drop schema if exists bench_heads cascade');
  await client.query('create schema bench_heads');
  await client.query('set search_path = bench_heads');
  await client.query(`create table events (event bigint primary key, page bigint not null, operation "char" not null, ordinal integer not null,
    key text collate "C", version text collate "C", received_at timestamptz not null, hash uuid not null, payload json not null)`);
  await client.query(`create table target (id text primary key, customer_id text, amount_minor bigint, currency text, status text,
    description text, updated_at timestamptz, sequence bigint, _extra jsonb, _event bigint not null, _page bigint not null,
    _run integer not null, _version text collate "C", _hash uuid not null, _loaded_at timestamptz not null default now(),
    _deleted_at timestamptz)`);
  if (where === 'table')
    await client.query(`create table heads (key text collate "C" primary key, event bigint not null, version text collate "C",
      hash uuid not null)`);
  await client.query('checkpoint');
}

/** Only what the database does is timed. */
class Clock {
  ms = 0;
  async of<T>(work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    try {
      return await work();
    } finally {
      this.ms += performance.now() - startedAt;
    }
  }
}

interface Used {
  readonly cpuMs: number;
  readonly walBytes: number;
}

/** What does not depend on who else is at work on the machine: CPU time of the session's process (Linux), and what was written ahead. */
async function usedBy(client: Client): Promise<Used> {
  const { rows } = await client.query<{ pid: number; wal: string }>(
    `select pg_backend_pid() as pid, pg_current_wal_insert_lsn() - '0/0' as wal`,
  );
  const { pid, wal } = rows[0] as { pid: number; wal: string };
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const [user = 0, system = 0] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14).map(Number);
  return { cpuMs: (user + system) * 10, walBytes: Number(wal) };
}

interface Loaded {
  readonly seconds: number;
  readonly cpuUs: number;
  readonly walBytes: number;
}

const perRow = ({ cpuUs, walBytes }: Loaded): string =>
  `${(cpuUs / ROWS).toFixed(1)} µs CPU and ${(walBytes / ROWS).toFixed(0)} bytes of WAL a row`;

const askFor = {
  target:
    'select k.ord, t._version, t._hash, t._event from unnest($1::text[]) with ordinality as k(k0, ord) join target t on t.id = k.k0',
  table:
    'select k.ord, h.version, h.hash, h.event from unnest($1::text[]) with ordinality as k(k0, ord) join heads h on h.key = k.k0',
} as const;

async function load(client: Client, where: Where, version: number): Promise<Loaded> {
  const clock = new Clock();
  const before = await usedBy(client);
  for (let from = 0; from < ROWS; from += BATCH) {
    const records = batchOf(from, version);
    const keys = arrayLiteral(records.map(({ key }) => key));
    await clock.of(() => client.query('begin'));
    const { rows } = await clock.of(() =>
      client.query<[string, string, string, string]>({
        rowMode: 'array',
        name: where,
        text: askFor[where],
        values: [keys],
      }),
    );
    const known = new Map(rows.map(([ord, , hash]) => [Number(ord) - 1, hash.replaceAll('-', '')]));
    const news = records.filter(({ hash }, i) => known.get(i) !== hash);
    if (news.length > 0) await clock.of(() => write(client, where, { news, from }));
    await clock.of(() => client.query('commit'));
  }
  const after = await usedBy(client);
  return {
    seconds: clock.ms / 1000,
    cpuUs: (after.cpuMs - before.cpuMs) * 1000,
    walBytes: after.walBytes - before.walBytes,
  };
}

async function write(
  client: Client,
  where: Where,
  { news, from }: { readonly news: readonly Record[]; readonly from: number },
): Promise<void> {
  const page = from / BATCH + 1;
  const lines = (of: (record: Record, event: number, ordinal: number) => readonly unknown[]): Buffer[] => [
    Buffer.from(news.map((record, i) => `${of(record, from + i + 1, i).join('\t')}\n`).join('')),
  ];
  await copyInto(
    client,
    'events',
    lines(({ key, version, hash, payload }, event, ordinal) => [
      event,
      page,
      'u',
      ordinal,
      key,
      version,
      '2026-01-29',
      hash,
      payload,
    ]),
  );
  await copyInto(
    client,
    'target (id, customer_id, amount_minor, currency, status, description, updated_at, sequence, _extra, _event, _page, _run, _version, _hash)',
    lines(({ key, version, hash, payload }, event) => {
      const row = JSON.parse(payload) as { [field: string]: unknown };
      const { customer_id, amount_minor, currency, status, description, updated_at, sequence } = row;
      return [
        key,
        customer_id,
        amount_minor,
        currency,
        status,
        description,
        updated_at,
        sequence,
        '\\N',
        event,
        page,
        1,
        version,
        hash,
      ];
    }),
  );
  if (where === 'table')
    await copyInto(
      client,
      'heads',
      lines(({ key, version, hash }, event) => [key, event, version, hash]),
    );
}

async function again(client: Client, where: Where): Promise<Loaded> {
  await client.query('vacuum analyze');
  return load(client, where, 1);
}

const dataDir = join(tmpdir(), `syncline-heads-${randomUUID()}`);
const postgres = await startPostgres({ dataDir, durable: true });
try {
  const client = await openClient(postgres.url, { name: 'syncline bench' });
  const all = new Map<string, Loaded[]>();
  say(`${ROWS} rows, ${RUNS} runs, ${cpus().length} CPUs`);
  for (let run = 1; run <= RUNS; run++)
    for (const where of ['target', 'table'] as const) {
      await makeTables(client, where);
      const loads = { new: await load(client, where, 1), unchanged: await again(client, where) };
      for (const [what, loaded] of Object.entries(loads)) {
        const name = `${what}, heads in ${where}`;
        all.set(name, [...(all.get(name) ?? []), loaded]);
        say(`run ${run}, ${name}: ${Math.round(ROWS / loaded.seconds)} rows/s, ${perRow(loaded)}`);
      }
      const { rows } = await client.query<{ mb: number }>(
        `select round(sum(pg_total_relation_size(c.oid)) / 1e6)::integer as mb from pg_class c
          where relnamespace = 'bench_heads'::regnamespace and relkind = 'r'`,
      );
      say(`run ${run}, heads in ${where}: ${rows[0]?.mb} MB`);
    }
  say('medians');
  for (const [name, loads] of all) {
    const of = (pick: (loaded: Loaded) => number): number => median(loads.map(pick));
    const middle = {
      seconds: of((each) => each.seconds),
      cpuUs: of((each) => each.cpuUs),
      walBytes: of((each) => each.walBytes),
    };
    say(`${name}: ${Math.round(ROWS / middle.seconds)} rows/s, ${perRow(middle)}`);
  }
  await client.end();
} finally {
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
}
