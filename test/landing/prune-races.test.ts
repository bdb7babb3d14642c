import { describe, expect, test } from '@jest/globals';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { pruneStream } from '../../landing/prune-stream.ts';
import { checkLog } from '../../store/retention/check-log.ts';
import { eventually } from '../support/eventually.ts';
import { none, useRebuilds } from './rebuild-bench.ts';
import { aStream, order, runOf } from './run-of.ts';

const bench = useRebuilds();
const KEYS = 1500;
const keep = { log: { age: '0ms', atLeast: '0ms' } } as const;
const versions = (v: number, keys: number): unknown[] => Array.from({ length: keys }, (_, n) => order(`k${n}`, v));

let days = 0;
async function read(stream: CompiledStream, from: number, nights: number, keys = KEYS): Promise<void> {
  for (let v = from; v < from + nights; v++) {
    const run = await runOf(bench.warehouse, stream, { window: `2026-02-${String((days += 1)).padStart(2, '0')}` });
    await run.commit(run.page(versions(v, keys)));
    await run.finish();
  }
}
const check = (stream: CompiledStream) => checkLog(bench.pool, { partner: stream.partner.name, stream: 'orders' });
const logFrom = async (stream: CompiledStream): Promise<number> =>
  Number(
    (await bench.pool.query('select log_from from streams where partner = $1', [stream.partner.name])).rows[0]
      ?.log_from,
  );

describe('pruning', () => {
  test('while runs commit and the table is rebuilt leaves both as if it had not been', async () => {
    const stream = aStream({ keep });
    await read(stream, 1, 3, 200);
    const ended = new AbortController();
    const until = async (work: () => Promise<unknown>): Promise<void> => {
      while (!ended.signal.aborted) await work();
    };
    const others = [
      until(() => pruneStream(bench.pool, stream, { dryRun: false })),
      until(async () => {
        const { differences } = await bench.rebuild(stream);
        expect(differences).toEqual(none);
      }),
    ];
    try {
      await read(stream, 4, 5, 200);
    } finally {
      ended.abort();
      await Promise.all(others);
    }
    expect(await bench.compare(stream)).toMatchObject({ differences: none });
    await pruneStream(bench.pool, stream, { dryRun: false });
    // Of the last night each line, and of the one before it what held then: the horizon is before the last line.
    expect(await check(stream)).toEqual({ lines: 201, removed: 1399, missing: 0, rows: 0 });
    expect(await bench.compare(stream)).toMatchObject({ differences: none });
  });

  test('that is killed between two pieces has removed whole lines and says from where they may be missing', async () => {
    const stream = aStream({ keep });
    await read(stream, 1, 4);
    const cut = pruneStream(bench.pool, stream, {
      dryRun: false,
      progress: () => {
        throw new Error('killed');
      },
    });
    await expect(cut).rejects.toThrow('killed');
    expect(await check(stream)).toEqual({ lines: 4 * KEYS - 2000, removed: 2000, missing: 0, rows: 0 });
    // The others of those that were found may go at any moment.
    expect(await logFrom(stream)).toBeGreaterThan(2 * KEYS);
    expect(await bench.compare(stream)).toMatchObject({ differences: none });
    await pruneStream(bench.pool, stream, { dryRun: false });
    expect(await check(stream)).toMatchObject({ lines: KEYS + 1, missing: 0, rows: 0 });
  });

  test('whose connection is lost while it looks for lines changes nothing, and the next one begins again', async () => {
    const stream = aStream({ keep });
    await read(stream, 1, 3);
    const writer = await bench.pool.connect();
    await writer.query('begin');
    // It comes as far as this, and waits.
    await writer.query('lock table log_due in access exclusive mode');
    const cut = pruneStream(bench.pool, stream, { dryRun: false }).catch((error: unknown) => error);
    await eventually(async () => {
      const { rows } = await bench.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock' and query like 'delete from log_due%'`,
      );
      return rows.length > 0;
    });
    await writer.query('rollback');
    writer.release();
    expect(await cut).toBeInstanceOf(Error);
    expect(await check(stream)).toEqual({ lines: 3 * KEYS, removed: 0, missing: 0, rows: 0 });
    expect((await pruneStream(bench.pool, stream, { dryRun: false })).lines).toBe(2 * KEYS - 1);
    expect(await bench.compare(stream)).toMatchObject({ differences: none });
  });

  test('waits for nobody who reads, and nobody who reads waits for it', async () => {
    const stream = aStream({ keep });
    await read(stream, 1, 2);
    const reader = await bench.pool.connect();
    await reader.query('begin isolation level repeatable read');
    const counted = async (): Promise<unknown> =>
      (
        await reader.query(
          `select count(*)::integer from events e join streams s using (stream_id) where s.partner = $1`,
          [stream.partner.name],
        )
      ).rows;
    const before = await counted();
    expect((await pruneStream(bench.pool, stream, { dryRun: false })).lines).toBe(KEYS - 1);
    expect(await counted()).toEqual(before);
    await reader.query('commit');
    reader.release();
  });

  test('comes one at a time for each stream', async () => {
    const stream = aStream({ keep });
    await read(stream, 1, 2);
    const both = await Promise.all([1, 2].map(() => pruneStream(bench.pool, stream, { dryRun: false })));
    expect(both.map(({ lines }) => lines).toSorted((a, b) => a - b)).toEqual([0, KEYS - 1]);
    expect(await check(stream)).toMatchObject({ lines: KEYS + 1, missing: 0 });
  });
});
