import { isAscii } from 'node:buffer';
import { setTimeout as wait } from 'node:timers/promises';
import type { Pool } from 'pg';
import { start, writeCheckpoint } from '../core/checkpoint.ts';
import { parseJson } from '../core/json.ts';
import { pageKey } from '../core/page-key.ts';
import { quoted } from '../core/sql-text.ts';
import { compileStream } from '../definitions/compile.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { partner } from '../definitions/definition.ts';
import { openPool, postgresWarehouse } from '../landing/postgres-warehouse.ts';
import { rebuildTable } from '../landing/rebuild-table.ts';
import { plainNames } from '../messages/names.ts';
import { stageRecords } from '../records/stage-records.ts';
import { migrate } from '../store/migrate/migrate.ts';

/** Of ten events one is a later version of a record that came before. */
const KEYS = 0.9;
const PAGE = 1000;
const BATCH = 10;
const table = `${quoted('bench')}.${quoted('orders')}`;

const stream: CompiledStream = compileStream(
  partner.parse({
    name: 'bench',
    baseUrl: 'https://bench.example',
    streams: {
      orders: {
        path: '/orders',
        primaryKey: ['id'],
        version: ['updated_at', 'sequence'],
        schema: {
          type: 'object',
          required: ['id', 'amount_minor', 'updated_at', 'sequence'],
          properties: {
            id: { type: 'string' },
            customer_id: { type: 'string' },
            amount_minor: { type: 'integer' },
            currency: { type: 'string' },
            status: { type: 'string' },
            description: { type: ['string', 'null'] },
            updated_at: { type: 'string', format: 'date-time' },
            sequence: { type: 'integer' },
          },
        },
      },
    },
  }),
  'orders',
  plainNames,
);

const orderOf = (key: number, sequence: number): object => ({
  id: `ord_${((key * 2_654_435_761) % 4_294_967_296).toString(16)}_${key}`,
  customer_id: `cus_${key % 9973}`,
  amount_minor: key % 100_000,
  currency: 'EUR',
  status: sequence % 2 === 0 ? 'paid' : 'open',
  description: `order number ${key} of a customer`,
  updated_at: '2026-01-28T23:59:59.123456Z',
  sequence,
});

/** As a grant commits them: returns when all pages are in. */
async function commitAll(
  pool: Pool,
  { window, events, stop }: { window: string; events: Iterable<object>; stop?: () => boolean },
): Promise<number> {
  const warehouse = postgresWarehouse(pool);
  const syncId = `sync/bench/orders/${window}`;
  const opened = await warehouse.openStream({
    stream,
    syncId,
    runId: null,
    windowLabel: window,
    kind: 'manual',
    lane: 'normal',
  });
  let [before, pageNo, cursor] = [opened.checkpointText, 0, null as string | null];
  const page = (records: readonly object[], done: boolean) => {
    const fetchedAt = new Date().toISOString();
    const texts = records.map((record) => JSON.stringify(record));
    const writer = warehouse.lineWriter({ receivedAt: fetchedAt, chars: texts.length * 250, records: texts.length });
    const content = stageRecords(
      stream,
      texts.map((payload) => ({ payload, ascii: isAscii(Buffer.from(payload)), record: parseJson(payload) })),
      { add: (line) => writer.add(line) },
    );
    pageNo += 1;
    const cursorOut = `after ${pageNo}`;
    const after = writeCheckpoint(done ? { ...start, done: true } : { ...start, cursor: cursorOut });
    const key = {
      syncId,
      stream: stream.name,
      slice: 0,
      parents: [],
      cursor,
      definitionVersion: stream.definitionVersion,
    };
    const staged = {
      ...{
        pageKey: pageKey(key),
        pageNo,
        slice: 0,
        parents: [],
        cursorIn: cursor,
        cursorOut,
        status: 200,
        requestId: null,
      },
      ...{
        bytes: texts.length * 250,
        fetchedAt,
        before,
        after,
        highMark: null,
        askedAt: fetchedAt,
        keys: null,
        ...content,
      },
      ...{ lines: writer.finish(), skipped: false, notModified: false, validators: null },
    };
    [before, cursor] = [after, cursorOut];
    return staged;
  };
  const commit = (pages: readonly ReturnType<typeof page>[]) =>
    warehouse.commitPages({
      stream,
      run: opened.run,
      writer: { workflowRunId: 'bench', attempt: 1 },
      pages,
      requests: pages.length,
    });
  let [count, records, pages]: [number, object[], ReturnType<typeof page>[]] = [0, [], []];
  for (const event of events) {
    records.push(event);
    count += 1;
    if (records.length < PAGE) continue;
    pages.push(page(records, false));
    records = [];
    if (pages.length < BATCH && stop === undefined) continue;
    await commit(pages);
    pages = [];
    if (stop?.() === true) break;
    if (stop !== undefined) await wait(200);
  }
  await commit([...pages, page(records, true)]);
  await warehouse.finishStream({ stream, run: opened.run });
  return count;
}

function* history(events: number): Generator<object> {
  const keys = Math.round(events * KEYS);
  for (let n = 0; n < events; n++) yield n < keys ? orderOf(n, 0) : orderOf((n * 7919) % keys, 1);
}

/** A tenth of the pages' records are new ones. */
function* nights(events: number): Generator<object> {
  for (let n = 0; ; n++)
    yield n % 10 === 0 ? orderOf(events + n, 0) : orderOf((n * 104_729) % Math.round(events * KEYS), 2);
}

/** In SQL alone, without Syncline: the newest version of each key, with typed columns and a key, beside the live table and in its place. */
async function plain(pool: Pool, streamId: number): Promise<number> {
  const startedAt = performance.now();
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query(`create table bench.plain (like ${table} including defaults)`);
    await client.query(`insert into bench.plain (_event, _page, _run, _version, _hash, id, customer_id, amount_minor, currency, status, description, updated_at, sequence)
      select event, page, 1, version, hash, payload ->> 'id', payload ->> 'customer_id', (payload ->> 'amount_minor')::bigint, payload ->> 'currency',
          payload ->> 'status', payload ->> 'description', (payload ->> 'updated_at')::timestamptz, (payload ->> 'sequence')::bigint
        from (select distinct on (key) * from syncline.events_${streamId} order by key, version desc, event desc) newest`);
    await client.query('alter table bench.plain add primary key (id)');
    await client.query('commit');
    const seconds = (performance.now() - startedAt) / 1000;
    await client.query('drop table bench.plain');
    return seconds;
  } finally {
    client.release();
  }
}

/**
 * How long the table of so many events takes to be made anew, beside what SQL alone takes; and the same while the stream is read, with readers
 * that count rows all the time.
 */
export async function measureRebuild(
  url: string,
  { events, runs, say }: { readonly events: number; readonly runs: number; readonly say: (line: string) => void },
): Promise<Readonly<Record<string, number>>> {
  await migrate(url);
  const pool = openPool(url, 6);
  try {
    await commitAll(pool, { window: '2026-01-01', events: history(events) });
    await pool.query(`vacuum analyze ${table}`);
    const { rows } = await pool.query<{ stream_id: number }>('select stream_id from streams');
    const streamId = rows[0]?.stream_id as number;
    await pool.query(`vacuum analyze events_${streamId}`);
    const edit = `update ${table} set status = 'edited' where amount_minor % 100 = 7`;
    const [own, sql]: [number[], number[]] = [[], []];
    for (let run = 0; run < runs; run++) {
      sql.push(await plain(pool, streamId));
      const { rowCount } = await pool.query(edit);
      const startedAt = performance.now();
      const { differences } = await rebuildTable(pool, {
        stream,
        dryRun: false,
        acceptUnfit: false,
        progress: () => {},
      });
      own.push((performance.now() - startedAt) / 1000);
      if (differences.changed !== rowCount)
        throw new Error(`${differences.changed} rows were corrected, ${rowCount} edited`);
      say(`rebuild of ${events} events: ${own.at(-1)?.toFixed(1)} s, SQL alone ${sql.at(-1)?.toFixed(1)} s`);
    }
    const meanwhile = await underway(pool, { events, say });
    return {
      rebuild_s: median(own),
      rebuild_sql_s: median(sql),
      rebuild_ratio: median(own.map((s, i) => s / (sql[i] as number))),
      ...meanwhile,
    };
  } finally {
    await pool.end();
  }
}

async function underway(
  pool: Pool,
  { events, say }: { readonly events: number; readonly say: (line: string) => void },
): Promise<Readonly<Record<string, number>>> {
  const ended = new AbortController();
  const edited = await pool.query(`update ${table} set status = 'edited' where amount_minor % 100 = 7`);
  const least = await rowsIn(pool);
  const writing = commitAll(pool, { window: '2026-01-02', events: nights(events), stop: () => ended.signal.aborted });
  let [reads, slowest] = [0, 0];
  const reading = (async () => {
    while (!ended.signal.aborted) {
      const startedAt = performance.now();
      const rows = await rowsIn(pool);
      slowest = Math.max(slowest, performance.now() - startedAt);
      if (rows < least) throw new Error(`a reader saw ${rows} rows, there were ${least}`);
      const { rows: halves } = await pool.query<{ count: string }>(
        `select count(*) from ${table} where status = 'edited'`,
      );
      const left = Number(halves[0]?.count);
      // Later versions correct some by themselves.
      if (left > (edited.rowCount ?? 0)) throw new Error(`${left} rows are edited`);
      reads += 1;
      await wait(100);
    }
  })();
  const startedAt = performance.now();
  try {
    await Promise.race([
      rebuildTable(pool, { stream, dryRun: false, acceptUnfit: false, progress: () => {} }),
      reading,
    ]);
  } finally {
    ended.abort();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const came = await writing;
  await reading;
  const after = await rebuildTable(pool, { stream, dryRun: true, acceptUnfit: true, progress: () => {} });
  const { changed, gone, came: lost } = after.differences;
  if (changed + gone + lost > 0)
    throw new Error(`${changed + gone + lost} rows differ from the log behind the rebuild`);
  say(
    `while ${came} events came and readers looked ${reads} times (at most ${slowest.toFixed(0)} ms): ${seconds.toFixed(1)} s; nothing differs`,
  );
  return { rebuild_while_read_s: seconds, rebuild_slowest_reader_ms: Math.round(slowest) };
}

const rowsIn = async (pool: Pool): Promise<number> =>
  Number((await pool.query<{ count: string }>(`select count(*) from ${table}`)).rows[0]?.count);

const median = (numbers: readonly number[]): number =>
  Number((numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0).toFixed(2));
