import { describe, expect, test } from '@jest/globals';
import { replayQuarantine, type Replayed } from '../../activities/replay-quarantine.ts';
import { closeRun } from '../../activities/control.ts';
import { plainNames } from '../../messages/names.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { showRun } from '../../store/inspect/inspect.ts';
import { readQuarantine, type QuarantinedRecord } from '../../store/quarantine/quarantine.ts';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { pruneStream } from '../../landing/prune-stream.ts';
import type { LineOf, StagedRecord } from '../../core/staged.ts';
import type { StreamReport, Warehouse } from '../../landing/warehouse.ts';
import { defineStream, ordersSchema } from '../support/define-stream.ts';
import { usePool } from '../support/use-pool.ts';
import { runOf } from './run-of.ts';

const used = usePool(4);
const store = (): Warehouse => postgresWarehouse(used.pool);

interface Definitions {
  readonly strict: CompiledStream;
  /** Takes what the strict one does not. */
  readonly lenient: CompiledStream;
}

let partners = 0;
function definitions(change: Partial<StreamInput> = {}): Definitions {
  const rest = { name: `entries${++partners}` };
  const of = (required: readonly string[]): CompiledStream =>
    defineStream({ ...change, schema: { ...ordersSchema, required } }, rest);
  return { strict: of(['id', 'text']), lenient: of(['id']) };
}

const good = (id: string): unknown => ({ id, v: 1, text: 'good' });
const bad = (id: string): unknown => ({ id, v: 1 });
const day = (n: number): string => `2026-01-${String(n).padStart(2, '0')}`;

/** A run of one partner's one stream, ended as its workflows end it. */
async function night(
  stream: CompiledStream,
  n: number,
  pages: readonly (readonly unknown[])[],
  highMark: string | null = null,
): Promise<StreamReport> {
  const warehouse = store();
  const runId = runIdOf(stream, n);
  await warehouse.openRun({
    runId,
    partner: stream.partner.name,
    kind: 'nightly',
    windowLabel: day(n),
    generation: 1,
    streams: [stream.name],
    workflowRunId: 'r',
  });
  const run = await runOf(warehouse, stream, { window: day(n), runId });
  for (const records of pages) await run.commit(run.page(records, { highMark }));
  const report = await run.finish();
  await closeRun({ warehouse }, { runId, reports: [report] });
  return report;
}

const runIdOf = (stream: CompiledStream, n: number): string =>
  plainNames.partnerSyncId({ partner: stream.partner.name, window: day(n), generation: 1 });

const entries = (stream: CompiledStream, status?: QuarantinedRecord['status']): Promise<QuarantinedRecord[]> =>
  readQuarantine(used.pool, { partner: stream.partner.name, stream: stream.name, status, limit: 100 });

const replay = async (
  stream: CompiledStream,
  { held, into = store() }: { readonly held?: readonly QuarantinedRecord[]; readonly into?: Warehouse } = {},
): Promise<Replayed> =>
  replayQuarantine(into, {
    stream,
    held: held ?? (await entries(stream, 'held')),
    nowMs: Date.parse('2026-02-01T00:00:00Z'),
  });

/** How a run stands: its own outcome and reason, and those of its stream. */
async function standing(stream: CompiledStream, n: number): Promise<unknown> {
  const { run, streams } = await showRun(used.pool, runIdOf(stream, n));
  return [run?.outcome, run?.reason, streams.map(({ outcome, reason, settled = 0 }) => [outcome, reason, settled])];
}

const watermark = async (stream: CompiledStream): Promise<unknown> =>
  (await used.pool.query('select watermark from streams where partner = $1', [stream.partner.name])).rows[0]?.watermark;

const generous = { errorBudget: { count: 100, share: 1 } } satisfies Partial<StreamInput>;
const none = { errorBudget: { count: 0, share: 0 } } satisfies Partial<StreamInput>;

describe('a bad record', () => {
  test('of twelve runs is one entry with a count, its first and its last time; each run counts it', async () => {
    const { strict } = definitions(generous);
    for (let n = 1; n <= 12; n++) {
      const report = await night(strict, n, [[good('a'), bad('b')]]);
      expect(report).toMatchObject({ outcome: 'partial', counts: { fetched: 2, quarantined: 1 } });
    }
    const [entry, ...others] = await entries(strict);
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ id: '1.1', key: 'b', status: 'held', count: 12 });
    const { rows } = await used.pool.query(
      `select quarantined_at < first.committed_at and last_seen_at > eleventh.committed_at as told
        from quarantine q join pages first on first.stream_id = q.stream_id and first.page_id = 1
          join pages eleventh on eleventh.stream_id = q.stream_id and eleventh.page_id = 21
        where q.stream_id = (select stream_id from streams where partner = $1)`,
      [strict.partner.name],
    );
    expect(rows).toEqual([{ told: true }]);
    expect(entry).toMatchObject({ quarantinedAt: expect.stringMatching(iso), lastSeenAt: expect.stringMatching(iso) });
  });

  test('that comes twice on a page, or in one commit, is seen twice', async () => {
    const { strict } = definitions(generous);
    const run = await runOf(store(), strict);
    await run.commit(run.page([bad('a'), bad('a')]), run.page([bad('a'), bad('b')]));
    expect((await entries(strict)).map(({ id, count }) => [id, count])).toEqual([
      ['1.0', 3],
      ['2.1', 1],
    ]);
    expect((await run.finish()).counts).toMatchObject({ fetched: 4, quarantined: 4 });
  });

  test('with other content, another reason or no key is an entry of its own', async () => {
    const { strict } = definitions(generous);
    await night(strict, 1, [[bad('a'), { id: 'a', v: 2 }, { id: 'a', v: 'x', text: null }, { v: 1 }, { v: 1 }]]);
    await night(strict, 2, [[{ v: 1 }]]);
    expect((await entries(strict)).map(({ id, key, count }) => [id, key, count])).toEqual([
      ['1.0', 'a', 1],
      ['1.1', 'a', 1],
      ['1.2', 'a', 1],
      ['1.3', null, 3],
    ]);
  });

  test('that went through and comes bad again is a new entry', async () => {
    const { strict, lenient } = definitions(generous);
    await night(strict, 1, [[bad('a')]]);
    await replay(lenient);
    await night(strict, 2, [[bad('a')]]);
    expect((await entries(strict)).map(({ status, count }) => [status, count])).toEqual([
      ['held', 1],
      ['replayed', 1],
    ]);
  });

  test('that was dismissed stays so, is counted, and is no reason for a run to be partial', async () => {
    const { strict } = definitions(none);
    await night(strict, 1, [[good('a'), bad('b')]]);
    await used.pool.query(`update quarantine set status = 'dismissed' where key = 'b' and stream_id =
      (select stream_id from streams where partner = '${strict.partner.name}')`);
    const report = await night(strict, 2, [[good('a'), bad('b')]]);
    expect(report).toMatchObject({ outcome: 'ok', settled: 1, counts: { fetched: 2, quarantined: 1 } });
    expect((await entries(strict)).map(({ status, count }) => [status, count])).toEqual([['dismissed', 2]]);
  });

  test('is counted on one of the entries that earlier versions made of it', async () => {
    const { strict, lenient } = definitions(generous);
    await night(strict, 1, [[bad('a')]]);
    await night(strict, 2, [[good('b')]]);
    // As a worker of before writes it.
    await used.pool.query(
      `insert into quarantine (stream_id, page, ordinal, key, path, reason, hash, payload, definition_version)
        select stream_id, 3, 7, key, path, reason, hash, payload, definition_version from quarantine
          where stream_id = (select stream_id from streams where partner = $1)`,
      [strict.partner.name],
    );
    await night(strict, 3, [[bad('a')]]);
    expect(Object.fromEntries((await entries(strict)).map(({ id, count }) => [id, count]))).toEqual({
      '1.0': 1,
      '3.7': 2,
    });
    expect((await replay(lenient)).report).toMatchObject({ counts: { fetched: 2, inserted: 1, unchanged: 1 } });
  });
});

const iso = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

describe('after a replay', () => {
  test('that took all, the runs are not partial any more; what they counted stays', async () => {
    const { strict, lenient } = definitions(generous);
    await night(strict, 1, [[good('a'), bad('b'), bad('c')]]);
    await night(strict, 2, [[good('a'), bad('b'), bad('b')]]);
    const before = '2 records are in quarantine';
    for (const n of [1, 2])
      expect(await standing(strict, n)).toEqual(['partial', `orders partial: ${before}`, [['partial', before, 0]]]);
    await replay(lenient);
    for (const n of [1, 2]) expect(await standing(strict, n)).toEqual(['ok', null, [['ok', null, 2]]]);
    const { streams } = await showRun(used.pool, runIdOf(strict, 1));
    expect(streams).toMatchObject([{ counts: { fetched: 3, inserted: 1, quarantined: 2 } }]);
  });

  test('that took some, they say how many are left', async () => {
    const { strict, lenient } = definitions(generous);
    await night(strict, 1, [[good('a'), bad('b'), bad('c'), { v: 1 }]]);
    const { fitted, refused } = await replay(lenient);
    expect([fitted, refused.map(({ id }) => id)]).toEqual([['1.1', '1.2'], ['1.3']]);
    const left = '1 record is in quarantine';
    expect(await standing(strict, 1)).toEqual(['partial', `orders partial: ${left}`, [['partial', left, 2]]]);
  });

  test('a run that had failed on the error budget has not, and moves the watermark as it would have', async () => {
    const { strict, lenient } = definitions(none);
    await night(strict, 1, [[good('a'), bad('b')]], '2025 mark 1');
    expect([await watermark(strict), await standing(strict, 1)]).toEqual([
      null,
      ['failed', expect.stringContaining('error budget of 0'), [['failed', expect.anything(), 0]]],
    ]);
    await replay(lenient);
    expect([await watermark(strict), await standing(strict, 1)]).toEqual([
      '2025 mark 1',
      ['ok', null, [['ok', null, 1]]],
    ]);
  });

  test('the watermark never goes back, nor into a table that the run did not fill', async () => {
    const { strict, lenient } = definitions(none);
    await night(strict, 1, [[bad('b')]], '2025 mark 1');
    await night(strict, 2, [[good('a')]], '2025 mark 2');
    await replay(lenient);
    expect([await watermark(strict), await standing(strict, 1)]).toEqual([
      '2025 mark 2',
      ['ok', null, [['ok', null, 1]]],
    ]);

    const other = definitions(none);
    await night(other.strict, 1, [[bad('b')]], '2025 mark 1');
    await replay({ ...other.lenient, table: 'orders_anew' });
    expect([await watermark(other.strict), await standing(other.strict, 1)]).toEqual([
      null,
      ['ok', null, [['ok', null, 1]]],
    ]);
  });

  test('what failed or is in doubt for another reason stays so', async () => {
    const { strict, lenient } = definitions(none);
    const run = await runOf(store(), strict, { window: day(1) });
    await run.commit(run.page([bad('b')]));
    const away = { syncId: run.opened.run.syncId, stream: strict.name, reason: 'the partner was away' };
    await store().failStream(away);
    const short = await runOf(store(), strict, { window: day(2), total: 9 });
    await short.commit(short.page([bad('c')]));
    await short.finish();
    await replay(lenient);
    expect(await store().streamReport(run.opened.run.syncId)).toMatchObject({ outcome: 'failed', reason: away.reason });
    expect(await store().streamReport(short.opened.run.syncId)).toMatchObject({
      outcome: 'suspect',
      reason: 'the partner says 9 records, 1 came',
    });
  });

  test('a run whose stream ends later counts what went through meanwhile, and so does one that closes later', async () => {
    const { strict, lenient } = definitions(none);
    const run = await runOf(store(), strict, { window: day(1) });
    await run.commit(run.page([good('a'), bad('b')]));
    await replay(lenient);
    const report = await run.finish();
    expect(report).toMatchObject({ outcome: 'ok', settled: 1, counts: { quarantined: 1 } });
    const told: StreamReport = { ...report, outcome: 'failed', reason: 'as the workflow was told before' };
    expect(await closeRun({ warehouse: store() }, { runId: runIdOf(strict, 1), reports: [told] })).toMatchObject({
      outcome: 'ok',
      reason: null,
    });
  });

  test('what PostgreSQL itself refuses stays held, with its word', async () => {
    const { strict, lenient } = definitions(generous);
    await night(strict, 1, [[bad('b'), bad('c')]]);
    const spoiling: Warehouse = {
      ...store(),
      lineWriter: (page) => {
        const writer = store().lineWriter(page);
        const add = (line: LineOf): StagedRecord =>
          writer.add(line.key === 'b' ? { ...line, eventTime: 'never', plain: false } : line);
        return { add, finish: () => writer.finish() };
      },
    };
    const { report, fitted, refused } = await replay(lenient, { into: spoiling });
    expect(report).toMatchObject({ outcome: 'ok', counts: { fetched: 1, inserted: 1, quarantined: 0 } });
    expect(fitted).toEqual(['1.1']);
    const said = {
      id: '1.0',
      path: 'event_time',
      reason: expect.stringMatching(/^the warehouse refused it \(SQLSTATE 22/),
    };
    expect(refused).toEqual([said]);
    expect(await entries(strict, 'held')).toMatchObject([{ id: '1.0', path: 'event_time' }]);
    const left = '1 record is in quarantine';
    expect(await standing(strict, 1)).toEqual(['partial', `orders partial: ${left}`, [['partial', left, 1]]]);
  });
});

test('retention forgets entries whose records went through or were overtaken, not those that are held or dismissed', async () => {
  const { strict, lenient } = definitions({ ...generous, version: [], keep: { settled: '0ms' } });
  await night(strict, 1, [['through', 'overtaken', 'held', 'dismissed'].map(bad)]);
  const idOf = new Map((await entries(strict)).map((entry) => [entry.key, entry]));
  await replay(lenient, { held: [idOf.get('through') as QuarantinedRecord] });
  await used.pool
    .query(`update quarantine set status = 'dismissed', settled_at = now() where key = 'dismissed' and stream_id =
    (select stream_id from streams where partner = '${strict.partner.name}')`);
  await night(strict, 2, [[{ id: 'overtaken', v: 2, text: 'good' }]]);

  const statuses = async (): Promise<unknown> =>
    (await entries(strict)).map(({ key, status }) => `${key} ${status}`).toSorted();
  const before = ['dismissed dismissed', 'held held', 'overtaken held', 'through replayed'];
  expect(await statuses()).toEqual(before);
  expect(await pruneStream(used.pool, strict, { dryRun: true })).toMatchObject({ entries: 2 });
  expect(await statuses()).toEqual(before);
  expect(await pruneStream(used.pool, strict, { dryRun: false })).toMatchObject({ entries: 2 });
  expect(await statuses()).toEqual(['dismissed dismissed', 'held held']);
});
