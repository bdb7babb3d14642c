import { describe, expect, test } from '@jest/globals';
import { InvalidInput, RetryLater } from '../../core/errors.ts';
import { eventually } from '../support/eventually.ts';
import { none, useRebuilds } from './rebuild-bench.ts';
import { aStream, idAndText, order, rowsOf, runAll, runOf } from './run-of.ts';

const used = useRebuilds();
const { rebuild, compare, sql, tablesOf } = used;

describe('a rebuild', () => {
  const holders = `from pg_locks l join pg_database d on d.oid = l.database
    where l.locktype = 'advisory' and d.datname = current_database()`;
  /** Ends its connection, as the end of its process does. */
  const cutOff = (): Promise<unknown> => used.pool.query(`select pg_terminate_backend(l.pid) ${holders}`);

  test('that is cut off leaves the table as it was, and the next one begins again', async () => {
    const stream = aStream();
    for (const day of [1, 2, 3]) {
      const run = await runOf(used.warehouse, stream, { window: `2026-01-0${day}` });
      await run.commit(run.page(Array.from({ length: 900 }, (_, n) => order(`k${n}`, (n * day) % 7, `${day}`))));
      await run.finish();
    }
    await sql(stream, `update orders set text = 'mine'`);
    const edited = await rowsOf(used.pool, stream);
    let cut: Promise<unknown> | undefined;
    await expect(
      rebuild(stream, {
        progress: () => {
          cut ??= cutOff();
        },
      }),
    ).rejects.toThrow(/terminat|connection/i);
    await cut;
    expect(await rowsOf(used.pool, stream)).toEqual(edited);
    expect(await tablesOf(stream)).toEqual(['_build_N', 'orders']);
    expect(await rebuild(stream)).toMatchObject({ differences: { changed: 900 }, applied: true });
    expect(await tablesOf(stream)).toEqual(['_before_N', 'orders']);
  });

  test('that is cut off while it corrects the table has corrected none of it', async () => {
    const stream = aStream();
    await runAll(used.warehouse, stream, [[order('a', 1), order('b', 1)]]);
    await sql(stream, `update orders set text = 'mine'`);
    const edited = await rowsOf(used.pool, stream);
    const reader = await used.pool.connect();
    await reader.query('begin');
    await reader.query(`select from ${stream.partner.name}.orders where id = 'b' for update`);
    const cut = rebuild(stream).catch((error: unknown) => error);
    await eventually(async () => {
      const { rows } = await used.pool.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like 'update %differ_%'`,
      );
      return rows.length > 0;
    });
    await cutOff();
    expect(await cut).toBeInstanceOf(Error);
    await reader.query('rollback');
    reader.release();
    expect(await rowsOf(used.pool, stream)).toEqual(edited);
    expect(await rebuild(stream)).toMatchObject({ differences: { changed: 2 }, applied: true });
    expect((await idAndText(used.pool, stream)).map(([, text]) => text)).toEqual(['a 1', 'b 1']);
  });

  test('comes one at a time for each stream', async () => {
    const stream = aStream();
    await runAll(used.warehouse, stream, [[order('a', 1)]]);
    const writer = await used.pool.connect();
    await writer.query('begin');
    await writer.query('select from streams where partner = $1 for update', [stream.partner.name]);
    const first = rebuild(stream);
    await eventually(async () => (await used.pool.query(`select ${holders}`)).rows.length > 0);
    const second = compare(stream);
    await expect(second).rejects.toThrow(RetryLater);
    await expect(second).rejects.toThrow(/another rebuild of \S+ is under way/);
    await writer.query('rollback');
    writer.release();
    expect(await first).toMatchObject({ differences: none });
  });

  test('says what is missing: a stream that was never read, a table that is gone, a log that does not say what a replace has', async () => {
    const stream = aStream({ disposition: 'replace', fullListing: false });
    await expect(compare(stream)).rejects.toThrow(InvalidInput);
    await expect(compare(stream)).rejects.toThrow(/was never read/);
    await runAll(used.warehouse, stream, [[order('a', 1)]]);
    await used.pool.query('update streams set swept = null, swept_rows = null where partner = $1', [
      stream.partner.name,
    ]);
    await expect(rebuild(stream)).rejects.toThrow(/the log does not say yet which rows \S+ has.*syncline sync/);
    await sql(stream, 'drop table orders');
    await expect(compare(stream)).rejects.toThrow(/orders is gone: the next run makes it again/);
  });

  test('makes a table that somebody dropped', async () => {
    const stream = aStream();
    await runAll(used.warehouse, stream, [[order('a', 1), order('b', 1)]]);
    const before = await rowsOf(used.pool, stream);
    await sql(stream, 'drop table orders');
    expect(await rebuild(stream)).toMatchObject({ differences: none });
    expect(await rowsOf(used.pool, stream)).toEqual(before);
  });
});
