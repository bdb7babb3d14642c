import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTable, type LoadOf } from '../activities/apply/load-table.ts';
import { historyTableOf, loadedTable, tableOf } from '../apply/table-of.ts';
import type { LoggedEvent } from '../core/logged-event.ts';
import { noUnfit } from '../core/unfit-events.ts';
import { compileStream } from '../definitions/compile.ts';
import { partner } from '../definitions/definition.ts';
import { plainNames } from '../messages/names.ts';
import { startPostgres } from '../services/postgres.ts';
import { openDuckdb } from '../targets/duckdb/open-duckdb.ts';
import { openPostgres } from '../targets/postgres/open-postgres.ts';
import type { Target } from '../targets/target.ts';

/**
 * Loads of a history beside those of the stream's own table, from the same events in memory: new keys, then versions of keys that are there,
 * the last of them late. `node --import tsx bench/target-history.ts [KEYS] [VERSIONS]`
 */
const KEYS = Number(process.argv[2] ?? 100_000);
const VERSIONS = Number(process.argv[3] ?? 4);
const PER_LOAD = 50_000;

const text = { type: 'string' };
const acme = partner.parse({
  name: 'acme',
  baseUrl: 'https://api.acme.example',
  streams: {
    payments: {
      path: '/payments',
      primaryKey: ['id'],
      version: ['updated_at'],
      history: true,
      schema: {
        type: 'object',
        properties: {
          id: text,
          customer: text,
          amount: { type: 'number' },
          quantity: { type: 'integer' },
          paid: { type: 'boolean' },
          updated_at: { type: 'string', format: 'date-time' },
          day: { type: 'string', format: 'date' },
          details: { type: 'object' },
          note: text,
        },
      },
    },
  },
});
const stream = compileStream(acme, 'payments', plainNames);
const streams = new Map([['payments', stream]]);

/** Keys come in no order, as those of partners do. The last round is older than the one before. */
function eventOf(event: number): LoggedEvent {
  const n = (event - 1) % KEYS;
  const round = Math.floor((event - 1) / KEYS);
  const isLate = VERSIONS > 2 && round === VERSIONS - 1;
  const day = String(isLate ? round - 1 : round + 1).padStart(2, '0');
  const at = `2026-01-${day}T${isLate ? 12 : 10}:04:05.678000000Z`;
  const key = `pay_${createHash('md5').update(String(n)).digest('hex').slice(0, 20)}`;
  const payload = JSON.stringify({
    id: key,
    customer: `customer ${n % 977}`,
    amount: (n % 100_000) / 100,
    quantity: round,
    paid: n % 2 === 0,
    updated_at: at.replace('000000Z', 'Z'),
    day: `2026-02-${String(1 + (n % 28)).padStart(2, '0')}`,
    details: { method: 'card', attempt: n % 4, tags: ['a', 'b'] },
    note: `note of payment ${n}`,
  });
  const page = Math.ceil(event / 500);
  return {
    event,
    operation: isLate ? 's' : 'u',
    page,
    ordinal: event % 500,
    received: { page, ordinal: event % 500 },
    run: round + 1,
    key,
    version: at,
    hash: createHash('md5').update(payload).digest('hex'),
    parents: [],
    payload,
    receivedAt: `2026-02-${day}T00:00:00.000000Z`,
  };
}

const store: LoadOf['store'] = {
  async *readLog({ after, to }, { events }) {
    for (let from = after; from < to; from += events)
      yield Array.from({ length: Math.min(events, to - from) }, (_, i) => eventOf(from + i + 1));
  },
  readEvents: () => Promise.resolve([]),
  nextListing: () => Promise.resolve(undefined),
  readUnfit: () => Promise.resolve(noUnfit),
  noteUnfit: () => Promise.resolve(),
  readKeys: () => Promise.resolve(new Map()),
};

async function measure(target: Target, name: 'payments' | 'payments.history'): Promise<readonly string[]> {
  const loaded = loadedTable(streams, name);
  if (loaded === undefined) throw new Error(`no table ${name}`);
  const { table, taking } = loaded;
  const noted = { target: target.name, partner: 'acme', stream: name, table: 'bench' };
  await target.open(table);
  const of = { store, target, table, noted, stream, streamId: 1, taking, rows: PER_LOAD, mayGoOn: () => {} };
  const cells: string[] = [];
  let event = 0;
  for (let round = 0; round < VERSIONS; round++) {
    const start = performance.now();
    while (event < (round + 1) * KEYS) ({ event } = await loadTable(of, event, (round + 1) * KEYS));
    cells.push(Math.round(KEYS / ((performance.now() - start) / 1000)).toLocaleString('en-US'));
  }
  return cells;
}

const peakMb = (): string => `${Math.round(process.resourceUsage().maxRSS / 1000)} MB`;

async function run(target: Target): Promise<void> {
  for (const name of ['payments', 'payments.history'] as const)
    console.log(`| ${[`${target.kind}, ${name}`, ...(await measure(target, name)), peakMb()].join(' | ')} |`);
  await target.drop(tableOf(stream));
  const history = historyTableOf(stream);
  if (history !== undefined) await target.drop(history);
  await target.close();
}

const folder = await mkdtemp(join(tmpdir(), 'target-history-'));
const server = await startPostgres({ dataDir: join(folder, randomUUID()), durable: true });
try {
  console.log(
    `| events per second | ${Array.from({ length: VERSIONS }, (_, i) => `version ${i + 1}`).join(' | ')} | peak memory so far |`,
  );
  await run(await openDuckdb({ name: 'duck', path: join(folder, 'bench.duckdb') }));
  await run(openPostgres({ name: 'twin', url: server.url }));
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
