import { describe, expect, test } from '@jest/globals';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { rebuildTable } from '../../landing/rebuild-table.ts';
import { takeUndosBack, undoRuns, type UndoReport } from '../../landing/undo-run.ts';
import { readQuarantine } from '../../store/quarantine/quarantine.ts';
import { eventually } from '../support/eventually.ts';
import { usePool } from '../support/use-pool.ts';
import { aStream, idAndText, order, rowsOf, runAll, runOf } from '../landing/run-of.ts';
import { aBank, log, rows, payAndRefund } from '../waiting/bank.ts';

const used = usePool(6);
const warehouse = () => postgresWarehouse(used.pool);

const day = (n: number): string => `2026-01-${String(n).padStart(2, '0')}`;
const idOf = (stream: CompiledStream, window: string): string => `sync/${stream.partner.name}/${stream.name}/${window}`;
const given = { by: 'tester', reason: 'a test', dryRun: false };
const undo = async (stream: CompiledStream, window: string, more: Partial<typeof given> = {}): Promise<UndoReport> =>
  (await undoRuns(used.pool, { runs: [{ stream, syncId: idOf(stream, window) }], ...given, ...more }))[0] as UndoReport;
const back = async (stream: CompiledStream, window: string): Promise<UndoReport> =>
  (await takeUndosBack(used.pool, { runs: [{ stream, syncId: idOf(stream, window) }], ...given }))[0] as UndoReport;

/** What the table lacks or has too much, by the log. */
const differs = async (stream: CompiledStream): Promise<unknown> => {
  const { differences } = await rebuildTable(used.pool, {
    stream,
    dryRun: true,
    acceptUnfit: false,
    progress: () => {},
  });
  return { ...differences, examples: [] };
};
const nothing = { changed: 0, gone: 0, came: 0, examples: [] };

const refund = (id: string, of: string): unknown => ({ id, v: 1, of });
const pay = (id: string): unknown => ({ id, v: 1 });

async function read(stream: CompiledStream, window: string, ...records: readonly unknown[]): Promise<void> {
  const run = await runOf(warehouse(), stream, { window });
  await run.commit(run.page(records));
  await run.finish();
}

async function readingOf(stream: CompiledStream): Promise<Record<string, unknown>> {
  const { rows: found } = await used.pool.query<Record<string, unknown>>(
    'select watermark, validators, kept_cursor from streams where partner = $1 and name = $2',
    [stream.partner.name, stream.name],
  );
  return found[0] as Record<string, unknown>;
}

const at = (id: string, n: number): unknown => ({ id, at: `${day(n)}T12:00:00Z` });
const readTimes = async (stream: CompiledStream, n: number, ...records: readonly unknown[]): Promise<void> => {
  const run = await runOf(warehouse(), stream, { window: day(n) });
  await run.commit(
    run.page(records, { highMark: `${day(n)}T12:00:00.000000000Z`, askedAt: `${day(n)}T13:00:00.000Z` }),
  );
  await run.finish();
};

const say = (text: string): unknown => ({ id: 'a', v: 1, text });

describe('what the next run reads', () => {
  const timed: Partial<StreamInput> = {
    incremental: { field: 'at', start: { as: 'since' }, initial: '2026-01-01T00:00:00Z' },
    schema: {
      type: 'object',
      required: ['id'],
      properties: { id: { type: 'string' }, at: { type: 'string', format: 'date-time' } },
    },
    version: ['at'],
  };
  test('is read again where an undo is taken back, and a run had found it unchanged meanwhile', async () => {
    const stream = aStream({ version: [], fullListing: false });
    const stateOf = async (): Promise<unknown> =>
      (await used.pool.query('select state from freshness where partner = $1', [stream.partner.name])).rows[0];
    await read(stream, day(2), say('now'));
    await read(stream, day(3), say('wrong'));
    await undo(stream, day(3));
    await read(stream, day(4), say('now'));
    expect(await stateOf()).toEqual({ state: 'final' });
    await used.pool.query(`update streams set validators = '{"etag":"x"}' where partner = $1`, [stream.partner.name]);
    // The log has nothing of what the third run saw.
    expect((await back(stream, day(3))).effects).toMatchObject({ events: 1, unchanged: 1 });
    expect(await idAndText(used.pool, stream)).toEqual([['a', 'wrong']]);
    expect(await readingOf(stream)).toEqual({ watermark: null, validators: null, kept_cursor: null });
    expect(await stateOf()).toEqual({ state: 'reconciling' });
    await read(stream, day(5), say('now'));
    expect(await idAndText(used.pool, stream)).toEqual([['a', 'now']]);
    expect(await stateOf()).toEqual({ state: 'final' });
  });

  test('begins where the undone run began, and goes on from where it was once that is taken back', async () => {
    const stream = aStream(timed);
    await readTimes(stream, 2, at('a', 2));
    await readTimes(stream, 3, at('b', 3));
    await readTimes(stream, 4, at('c', 4));
    await used.pool.query(`update streams set validators = '{"etag":"x"}', kept_cursor = 'k' where partner = $1`, [
      stream.partner.name,
    ]);
    const before = await readingOf(stream);
    expect(before).toMatchObject({ watermark: '2026-01-04T12:00:00.000000000Z' });
    const { rows: ranges } = await used.pool.query<{ from: Date }>(
      `select range_from as from from stream_runs r join streams s using (stream_id) where s.partner = $1 and window_label = $2`,
      [stream.partner.name, day(3)],
    );
    const from = ranges[0]?.from.toISOString().replace('Z', '000000Z') as string;
    expect(await undo(stream, day(3), { dryRun: true })).toMatchObject({
      effects: { events: 1, keys: 1 },
      watermark: from,
    });
    expect(await readingOf(stream)).toEqual(before);
    expect(await undo(stream, day(3))).toMatchObject({ watermark: from });
    expect(await readingOf(stream)).toEqual({ watermark: from, validators: null, kept_cursor: null });
    const { range } = (await runOf(warehouse(), stream, { window: day(5) })).opened;
    expect(Date.parse(range?.from ?? '')).toBeLessThanOrEqual(ranges[0]?.from.getTime() ?? 0);
    await back(stream, day(3));
    expect(await readingOf(stream)).toMatchObject({
      watermark: before['watermark'],
      validators: null,
      kept_cursor: null,
    });
    expect(await differs(stream)).toEqual(nothing);
  });

  test('a run that began before the undo does not move the watermark past what is to be read again', async () => {
    const stream = aStream(timed);
    await readTimes(stream, 2, at('a', 2));
    await readTimes(stream, 3, at('b', 3));
    const late = await runOf(warehouse(), stream, { window: day(4) });
    await late.commit(late.page([at('b', 3), at('c', 4)], { highMark: `${day(4)}T12:00:00.000000000Z` }));
    const { watermark } = await undo(stream, day(3));
    await late.finish();
    expect(await readingOf(stream)).toMatchObject({ watermark });
    expect((await rowsOf(used.pool, stream)).map(({ id }) => id)).toEqual(['a', 'c']);
    await readTimes(stream, 5, at('b', 3), at('c', 4), at('d', 5));
    expect(new Set((await rowsOf(used.pool, stream)).map(({ id }) => id))).toEqual(new Set(['a', 'b', 'c', 'd']));
    expect(await readingOf(stream)).toMatchObject({ watermark: '2026-01-05T12:00:00.000000000Z' });
  });
});

describe('an undo', () => {
  test('and a commit of another run take turns, whoever comes first', async () => {
    const stream = aStream();
    await runAll(warehouse(), stream, [[order('a', 1)], [order('a', 5), order('b', 1)]]);
    const [commits, undoes] = await Promise.all([
      runOf(warehouse(), stream, { window: day(3) }),
      used.pool.connect(),
    ] as const);
    // Holds the stream's lock, so that both wait for it side by side.
    await undoes.query('begin');
    await undoes.query('select from streams where partner = $1 for update', [stream.partner.name]);
    const both = Promise.all([commits.commit(commits.page([order('a', 3), order('c', 1)])), undo(stream, day(2))]);
    await eventually(async () => {
      const { rows: waits } = await used.pool.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return waits.length >= 2;
    });
    await undoes.query('rollback');
    undoes.release();
    await both;
    await commits.finish();
    expect(await idAndText(used.pool, stream)).toEqual(
      expect.arrayContaining([
        ['a', 'a 3'],
        ['c', 'c 1'],
      ]),
    );
    expect(await rowsOf(used.pool, stream)).toHaveLength(2);
    expect(await differs(stream)).toEqual(nothing);
    await back(stream, day(2));
    expect(new Map(await idAndText(used.pool, stream))).toEqual(
      new Map([
        ['a', 'a 5'],
        ['b', 'b 1'],
        ['c', 'c 1'],
      ]),
    );
    expect(await differs(stream)).toEqual(nothing);
  });

  test('that is cut off before its end has changed nothing, and behind it all', async () => {
    const stream = aStream();
    await runAll(warehouse(), stream, [[order('a', 1)], [order('a', 5)]]);
    const cutAt = (point: string) =>
      undoRuns(used.pool, {
        runs: [{ stream, syncId: idOf(stream, day(2)) }],
        ...given,
        failpoint: (name) => {
          if (name === point) throw new Error('cut off');
        },
      });
    await expect(cutAt('undo.before')).rejects.toThrow('cut off');
    expect(await idAndText(used.pool, stream)).toEqual([['a', 'a 5']]);
    expect(await log(used.pool, stream)).toEqual(['u a', 'u a']);
    await expect(cutAt('undo.after')).rejects.toThrow('cut off');
    expect(await idAndText(used.pool, stream)).toEqual([['a', 'a 1']]);
    expect(await log(used.pool, stream)).toEqual(['u a', 'U a', 'r a']);
    await expect(undo(stream, day(2))).rejects.toThrow('is undone already');
  });

  test('is refused, with the reason, where it could not be right', async () => {
    const stream = aStream();
    await runAll(warehouse(), stream, [[order('a', 1)]]);
    await runOf(warehouse(), stream, { window: day(2) });
    await expect(undo(stream, day(2))).rejects.toThrow('is under way: wait for its end');
    await expect(undo(stream, day(9))).rejects.toThrow('has no run');
    await expect(back(stream, day(1))).rejects.toThrow('is not undone: there is nothing to take back');
    await used.pool.query('update streams set log_from = 2 where partner = $1', [stream.partner.name]);
    await expect(undo(stream, day(1))).rejects.toThrow('retention has removed events below 2');
    await expect(undo(aStream(), day(1))).rejects.toThrow('was ever read');
  });

  test('of a run that failed ends it: it does not go on from where it stood', async () => {
    const stream = aStream();
    const run = await runOf(warehouse(), stream, { window: day(1) });
    await run.commit(run.page([order('a', 1)]));
    await warehouse().failStream({ syncId: idOf(stream, day(1)), stream: stream.name, reason: 'down' });
    await undo(stream, day(1));
    expect(await rowsOf(used.pool, stream)).toEqual([]);
    await expect(runOf(warehouse(), stream, { window: day(1) })).rejects.toThrow('was undone: it cannot go on');
  });

  test('takes what the run had in quarantine with it, until it comes again', async () => {
    const stream = aStream({ errorBudget: { count: 9, share: 1 } });
    const held = async () =>
      (await readQuarantine(used.pool, { partner: stream.partner.name, stream: stream.name, status: 'held', limit: 9 }))
        .length;
    await read(stream, day(1), order('a', 1), { id: 'b', v: 'bad' });
    expect(await undo(stream, day(1))).toMatchObject({ effects: { quarantined: 1 } });
    expect(await held()).toBe(0);
    await read(stream, day(2), { id: 'b', v: 'bad' });
    expect(await held()).toBe(1);
    await back(stream, day(1));
    expect(await held()).toBe(1);
  });
});

describe('a complete listing of a replace', () => {
  test('is taken out where it is the last one: the table is that of the one before, and the next goes on from there', async () => {
    const stream = aStream({ disposition: 'replace', fullListing: false });
    await runAll(warehouse(), stream, [
      [order('a', 1), order('b', 1)],
      [order('a', 1), order('c', 1)],
      [order('c', 2), order('d', 1)],
    ]);
    const before = await rowsOf(used.pool, stream);
    await expect(undo(stream, day(2))).rejects.toThrow('a later one has replaced it');
    await undo(stream, day(3));
    expect(new Map(await idAndText(used.pool, stream))).toEqual(
      new Map([
        ['a', 'a 1'],
        ['c', 'c 1'],
      ]),
    );
    expect(await differs(stream)).toEqual(nothing);
    await back(stream, day(3));
    expect(await rowsOf(used.pool, stream)).toEqual(before);
    await undo(stream, day(3));
    await read(stream, day(4), order('c', 1), order('d', 1));
    expect(new Map(await idAndText(used.pool, stream))).toEqual(
      new Map([
        ['c', 'c 1'],
        ['d', 'd 1'],
      ]),
    );
    expect(await differs(stream)).toEqual(nothing);
    await expect(back(stream, day(3))).rejects.toThrow('another run of its stream has begun since');
    await undo(stream, day(4));
    await undo(stream, day(2));
    expect(new Map(await idAndText(used.pool, stream))).toEqual(
      new Map([
        ['a', 'a 1'],
        ['b', 'b 1'],
      ]),
    );
    await expect(undo(stream, day(1))).rejects.toThrow('is the first complete listing');
  });
});

describe('records without a key', () => {
  test('go and come back, and other tables are to be made anew', async () => {
    const stream = aStream({ disposition: 'append', primaryKey: [], version: [] });
    await runAll(warehouse(), stream, [[order('a', 1)], [order('b', 1), order('a', 1)]]);
    const before = await rowsOf(used.pool, stream);
    await undo(stream, day(2));
    expect(await idAndText(used.pool, stream)).toEqual([['a', 'a 1']]);
    await back(stream, day(2));
    expect(await rowsOf(used.pool, stream)).toEqual(before);
  });
});

describe('records that others need', () => {
  test('what they released waits again, and comes with the next one; taken back, all is as it was', async () => {
    const { payments, refunds } = payAndRefund() as { payments: CompiledStream; refunds: CompiledStream };
    await read(refunds, day(1), refund('r1', 'p1'), refund('r2', 'p2'));
    await read(payments, day(1), pay('p1'));
    await read(payments, day(2), pay('p2'));
    expect(await rows(used.pool, refunds)).toEqual(['r1 1', 'r2 1']);
    const before = [await rowsOf(used.pool, payments), await waitingOf(refunds)];
    const { effects } = await undo(payments, day(2));
    expect(effects).toMatchObject({ waiting: 1 });
    expect(await rows(used.pool, payments)).toEqual(['p1 1']);
    expect(await rows(used.pool, refunds)).toEqual(['r1 1']);
    expect(await differs(refunds)).toEqual(nothing);
    await back(payments, day(2));
    expect([await rowsOf(used.pool, payments), await waitingOf(refunds)]).toEqual(before);
    expect(await rows(used.pool, refunds)).toEqual(['r1 1', 'r2 1']);
    await undo(payments, day(2));
    await read(payments, day(3), pay('p2'));
    expect(await rows(used.pool, refunds)).toEqual(['r1 1', 'r2 1']);
    expect(await differs(refunds)).toEqual(nothing);
  });

  test('records that were told at once, since it was there, refuse it; together with their own run it goes', async () => {
    const { payments, refunds } = payAndRefund() as { payments: CompiledStream; refunds: CompiledStream };
    await read(payments, day(1), pay('p1'));
    await read(refunds, day(2), refund('r1', 'p1'));
    await expect(undo(payments, day(1))).rejects.toThrow(
      /1 record of refunds needs what it brought to payments, such as r1/,
    );
    expect(await rows(used.pool, payments)).toEqual(['p1 1']);
    await undoRuns(used.pool, {
      runs: [
        { stream: payments, syncId: idOf(payments, day(1)) },
        { stream: refunds, syncId: idOf(refunds, day(2)) },
      ],
      ...given,
    });
    expect(await rows(used.pool, payments)).toEqual([]);
    expect(await rows(used.pool, refunds)).toEqual([]);
  });

  test('a run whose records wait is undone with them', async () => {
    const { payments, refunds } = payAndRefund() as { payments: CompiledStream; refunds: CompiledStream };
    await read(refunds, day(1), refund('r1', 'p1'));
    await undo(refunds, day(1));
    await read(payments, day(1), pay('p1'));
    expect(await rows(used.pool, refunds)).toEqual([]);
    await back(refunds, day(1));
    expect(await rows(used.pool, refunds)).toEqual(['r1 1']);
    expect(await differs(refunds)).toEqual(nothing);
  });

  test('and a list of what is gone: the records that it named are there again', async () => {
    const { customers, gone } = aBank({
      customers: { deletes: { as: 'hard', hold: false } },
      gone: { deletes: { of: 'customers' } },
    }) as { customers: CompiledStream; gone: CompiledStream };
    await read(customers, day(1), pay('c1'), pay('c2'));
    await read(gone, day(1), { id: 'c1', v: 2 });
    expect(await rows(used.pool, customers)).toEqual(['c2 1']);
    await undo(gone, day(1));
    expect(await rows(used.pool, customers)).toEqual(['c1 1', 'c2 1']);
    expect(await differs(customers)).toEqual(nothing);
    await back(gone, day(1));
    expect(await rows(used.pool, customers)).toEqual(['c2 1']);
  });
});

async function waitingOf(stream: CompiledStream): Promise<unknown[]> {
  const { rows: found } = await used.pool.query<{ row: unknown }>(
    `select to_jsonb(w) as row from waiting w join streams s using (stream_id) where s.partner = $1 and s.name = $2 order by event`,
    [stream.partner.name, stream.name],
  );
  return found.map(({ row }) => row);
}
