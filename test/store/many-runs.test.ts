import { beforeAll, expect, test } from '@jest/globals';
import type { ClientBase } from 'pg';
import { inspections } from '../../bench/inspect.ts';
import { middleOf, writePast, type Past } from '../../bench/past.ts';
import { holdRecords } from '../../store/quarantine/hold-records.ts';
import { listRuns } from '../../store/inspect/inspect.ts';
import { openStream } from '../../landing/open-stream.ts';
import { settleEntries } from '../../store/quarantine/settle-entries.ts';
import { statusOfStreams } from '../../store/inspect/stream-status.ts';
import { supersedeHeld } from '../../store/quarantine/supersede.ts';
import type { StagedPage } from '../../core/staged.ts';
import { defineStream } from '../support/define-stream.ts';
import { blocksReadBy } from '../support/explained-queries.ts';
import { usePool } from '../support/use-pool.ts';

/** What `npm run bench -- --only inspect` asks of a hundred times as much. */
const past: Past = { partners: 10, streams: 2, nights: 1500, backfills: 100, windows: 24, quarantined: 600 };
const streams = past.partners * past.streams;
/** A row by its index is four blocks, and each record of the quarantine comes with its page. */
const FEW = 250;

const used = usePool(2);
beforeAll(() => writePast(used.pool, past));

test('each table has more blocks than a question may read', async () => {
  const { rows } = await used.pool.query<{ name: string; blocks: number }>(
    `select relname as name, relpages as blocks from pg_class where relname in ('runs', 'stream_runs', 'pages', 'quarantine')`,
  );
  expect(rows.filter(({ blocks }) => blocks <= FEW)).toEqual([]);
});

const asked = inspections(past).filter(({ name }) => name !== 'status, freshness');
test.each(asked.map(({ name, ask }) => [name, ask] as const))(
  '%s reads few blocks of a long past',
  async (_name, ask) => {
    expect(await blocksReadBy(used.pool, ask)).toBeLessThan(FEW);
  },
);

test.each([
  [{ partner: 'p4' }, `partner = 'p4'`],
  [{ outcome: 'ok' }, `outcome = 'ok'`],
  [{ outcome: 'failed' }, `outcome = 'failed'`],
  [{ outcome: 'running' }, 'finished_at is null'],
  [{ partner: 'p4', outcome: 'partial' }, `partner = 'p4' and outcome = 'partial'`],
] as const)('runs list shows the newest runs of %j', async (filter, where) => {
  const found = await listRuns(used.pool, { ...filter, limit: 7 });
  const { rows } = await used.pool.query<{ run_id: string }>(
    `select run_id from runs where ${where} order by started_at desc limit 7`,
  );
  expect(found.map(({ runId }) => runId)).toEqual(rows.map(({ run_id }) => run_id));
  expect(rows.length).toBeGreaterThan(1);
});

test('a night that goes on behind thousands of windows of backfills finds what the nights before it needed', async () => {
  const { stream } = middleOf(past);
  const night = stream.replace(/[^/]*$/, '2026-11-24').replaceAll('p1', 'p5');
  const compiled = defineStream();
  await used.pool.query('create schema p5');
  await used.pool.query('create table p5.s1 (id text, v bigint, text text)');
  const opened = { ...compiled, name: 's1', partner: { ...compiled.partner, name: 'p5' }, definitionVersion: 'v1' };
  const ask: Parameters<typeof blocksReadBy>[1] = async (pool) => {
    const found = await openStream(pool, {
      stream: opened,
      syncId: night,
      runId: null,
      windowLabel: '2026-11-24',
      kind: 'nightly',
      lane: 'normal',
    });
    expect(found).toMatchObject({ report: { state: 'running' }, usualRequests: 1 });
  };
  expect(await blocksReadBy(used.pool, ask)).toBeLessThan(60);
});

test('records of the quarantine that went through are found by their places', async () => {
  const ids = Array.from({ length: 20 }, (_, n) => `${2 * n + 2}.0`);
  const held = async (): Promise<number> =>
    Number((await used.pool.query(`select from quarantine where status = 'held'`)).rowCount);
  const before = await held();
  const { rows } = await used.pool.query<{ stream_id: number }>(
    `select stream_id from streams where partner = 'p2' and name = 's2'`,
  );
  const streamId = rows[0]?.stream_id as number;
  const read = await blocksReadBy(used.pool, (pool) => settleEntries(pool, { streamId, ids }));
  expect(before - (await held())).toBe(20);
  expect(read).toBeLessThan(4 * FEW);
});

test('a bad record that comes again finds its entry, and a good one what is held of its key, by an index', async () => {
  const { rows } = await used.pool.query<{
    stream_id: number;
    key: string;
    path: string;
    reason: string;
    hash: string;
  }>(
    `select stream_id, key, path, reason, hash from quarantine where status = 'held' and superseded_at is null order by stream_id, page offset 100 limit 1`,
  );
  const { stream_id: streamId, ...held } = rows[0] as (typeof rows)[number];
  const run = { streamId, runNo: 1, syncId: '' };
  const rejected = { ...held, ordinal: 0, payload: '{}' };
  const record = { key: held.key, ordinal: 1 };
  const again = [{ rejected: [rejected], records: [] }] as unknown as readonly StagedPage[];
  const good = [{ rejected: [], records: [record] }] as unknown as readonly StagedPage[];
  const of = { run, stream: defineStream(), firstPage: 999_999 };
  expect(
    await blocksReadBy(used.pool, (pool) => holdRecords(pool as unknown as ClientBase, { ...of, pages: again })),
  ).toBeLessThan(FEW);
  expect(
    await blocksReadBy(used.pool, (pool) => supersedeHeld(pool as unknown as ClientBase, { ...of, pages: good })),
  ).toBeLessThan(FEW);
  const after = await used.pool.query(
    'select count > 1 as counted, superseded_at is not null as superseded from quarantine where stream_id = $1 and hash = $2',
    [streamId, held.hash],
  );
  expect(after.rows).toEqual([{ counted: true, superseded: true }]);
});

test('status tells the last run that brought a stream up to date, however long ago that is, beside later backfills', async () => {
  await used.pool.query(`update stream_runs r set outcome = 'failed', state = 'failed' from streams s
    where s.stream_id = r.stream_id and s.partner = 'p3' and r.kind = 'nightly' and r.started_at > timestamptz '2024-03-01'`);
  const { rows } = await used.pool.query<{ day: string }>(
    `select max(window_label) as day from stream_runs join streams using (stream_id)
      where partner = 'p3' and name = 's1' and kind = 'nightly' and outcome in ('ok', 'partial')`,
  );
  const found = (await statusOfStreams(used.pool)).filter(({ partner }) => partner === 'p3' || partner === 'p5');
  expect(found.map(({ freshAt }) => freshAt?.slice(0, 10)).slice(0, 2)).toEqual([rows[0]?.day, rows[0]?.day]);
  expect(found.map(({ partner, running, lastOutcome }) => [partner, running, lastOutcome])).toEqual([
    ['p3', false, 'failed'],
    ['p3', false, 'failed'],
    ['p5', true, 'ok'],
    ['p5', true, 'ok'],
  ]);
});

test('status reads a few blocks a stream, and what it counts', async () => {
  await used.pool.query('truncate quarantine, quarantine_sightings, waiting, waiting_needs');
  expect(await blocksReadBy(used.pool, statusOfStreams)).toBeLessThan(40 * streams);
});
