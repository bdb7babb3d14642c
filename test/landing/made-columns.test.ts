import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { compileStream } from '../../definitions/compile.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { loadPartner } from '../../definitions/load.ts';
import { decideColumns, makeColumns } from '../../landing/make-columns.ts';
import { withMade } from '../../landing/made-columns.ts';
import { readDrift } from '../../landing/read-drift.ts';
import { readPlans } from '../../landing/read-plans.ts';
import { rebuildTable } from '../../landing/rebuild-table.ts';
import { undoRuns } from '../../landing/undo-run.ts';
import { plainNames } from '../../messages/names.ts';
import { RetryLater } from '../../core/errors.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';

let own: OwnPartners;
let other: OwnPartners;
beforeAll(async () => {
  own = await ownPartners();
  other = await ownPartners({ sharing: own });
});
afterAll(async () => {
  await other.close();
  await own.close();
});

const orders = (onMismatch: StreamInput['onMismatch'], more: Partial<StreamInput> = {}): StreamInput => ({
  path: '/orders',
  primaryKey: ['id'],
  errorBudget: { count: 100, share: 1 },
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
  onMismatch,
  ...more,
});
let windows = 0;
const window = (): { window: string } => ({
  window: new Date(Date.UTC(2026, 0, (windows += 1))).toISOString().slice(0, 10),
});

async function partner(stream: StreamInput) {
  let text = '[]';
  const acme = await own.partner(() => ({ text }), { orders: stream });
  const read = (records: readonly unknown[] | string, by: OwnPartner = acme) => {
    text = typeof records === 'string' ? records : JSON.stringify(records);
    return by.read('orders', window());
  };
  const compiled = async (): Promise<CompiledStream> =>
    withMade(own.pool, compileStream(await loadPartner(acme.name, { dir: own.folder, env: {} }), 'orders', plainNames));
  const rows = async (): Promise<unknown[]> =>
    (
      await own.pool.query(
        `select to_jsonb(whole) - array(select k from jsonb_object_keys(to_jsonb(whole)) k where k like '\\_%' and k <> '_extra') as row from ${acme.name}.orders whole order by id`,
      )
    ).rows.map(({ row }) => row as unknown);
  /** A table made anew of the log would be the same. */
  const isAsLog = async (): Promise<void> => {
    const report = await rebuildTable(own.pool, {
      stream: await compiled(),
      dryRun: true,
      acceptUnfit: false,
      progress: () => {},
    });
    expect(report).toMatchObject({ differences: { changed: 0, gone: 0, came: 0 } });
  };
  return { acme, read, compiled, rows, isAsLog };
}

describe('fields that no schema names', () => {
  test('get columns of the types that they were seen with, filled from the log, and are told', async () => {
    const { read, rows, isAsLog, compiled, acme } = await partner(orders({ newFields: 'columns' }));
    await read(
      '[{"id":"a","n":1,"s":"x","flag":true,"o":{"k":1},"mixed":1,"none":null,"_own":1,"ID":2,"big":12345678901234567890},{"id":"b","mixed":"m","n":1.5}]',
    );
    const types = await own.pool.query(
      `select attname || ' ' || format_type(atttypid, -1) as column from pg_attribute
        where attrelid = $1::regclass and attnum > 0 and attname !~ '^_' and attname <> 'id' order by attname`,
      [`${acme.name}.orders`],
    );
    expect(types.rows.map(({ column }) => column as string)).toEqual([
      'big numeric',
      'flag boolean',
      'mixed jsonb',
      'n numeric',
      'o jsonb',
      's text',
    ]);
    const extra = { none: null, _own: 1, ID: 2 };
    expect(await rows()).toMatchObject([
      { id: 'a', n: 1, s: 'x', flag: true, o: { k: 1 }, mixed: 1, _extra: extra },
      { id: 'b', n: 1.5, s: null, flag: null, o: null, mixed: 'm', _extra: null },
    ]);
    const big = await own.pool.query(`select big::text from ${acme.name}.orders where id = 'a'`);
    expect(big.rows).toEqual([{ big: '12345678901234567890' }]);
    await read([{ id: 'c', s: 'y', none: 'now', o: [] }]);
    expect(await rows()).toMatchObject([{}, {}, { id: 'c', s: 'y', none: 'now', o: [], _extra: null }]);
    await isAsLog();
    expect(await readPlans(own.pool, [await compiled()])).toMatchObject([
      {
        made: ['big', 'flag', 'mixed', 'n', 'o', 's', 'none'],
        kept: [],
        added: [],
      },
    ]);
    const drift = await readDrift(own.pool, await compiled());
    expect(drift.made).toContainEqual({ field: 's', type: 'text', no: expect.any(Number) });
    expect(drift.unnamed).toMatchObject([
      { field: 'ID', why: 'there is a column id' },
      { field: '_own', why: 'names with _ at their beginning are for our own columns' },
    ]);
  });

  test('of another type than their columns go as the contract says', async () => {
    const { read, rows, isAsLog } = await partner(orders({ newFields: 'columns', fields: { soft: 'evolve' } }));
    await read([{ id: 'a', hard: 'x', soft: 'x', num: 1 }]);
    expect(
      await read([
        { id: 'b', soft: 5 },
        { id: 'c', hard: 5 },
        { id: 'd', num: '1' },
      ]),
    ).toMatchObject({
      outcome: 'partial',
      counts: { inserted: 1, quarantined: 2 },
    });
    expect(await rows()).toMatchObject([
      { id: 'a', hard: 'x', soft: 'x', _extra: null },
      { id: 'b', hard: null, soft: null, _extra: { soft: 5 } },
    ]);
    await isAsLog();
  });

  test('beyond the bound stay in _extra, which is said; what the definition names later is as that says', async () => {
    const { acme, read, rows, isAsLog } = await partner(orders({ newFields: { columns: 2 } }));
    const record = { id: 'a', one: 1, third: 'x', two: 3 };
    expect(await read([record])).toMatchObject({
      outcome: 'ok',
      reason: expect.stringContaining(
        '1 more fields that no schema names stay in _extra: onMismatch.newFields makes 2 columns at most',
      ),
    });
    expect(await rows()).toEqual([{ id: 'a', one: 1, third: 'x', _extra: { two: 3 } }]);
    const properties = { id: { type: 'string' }, third: { type: 'string' } };
    await acme.define({ orders: orders({ newFields: { columns: 3 } }, { schema: { type: 'object', properties } }) });
    await read([record, { id: 'b', third: 'y', two: 4 }]);
    expect(await rows()).toEqual([
      { ...record, _extra: null },
      { id: 'b', one: null, third: 'y', two: 4, _extra: null },
    ]);
    await isAsLog();
  });

  test('keep their columns empty while the definition makes none, and are filled again', async () => {
    const { acme, read, rows, isAsLog } = await partner(orders({ newFields: 'columns' }));
    await read([{ id: 'a', x: 1 }]);
    await acme.define({ orders: orders('quarantine') });
    await read([{ id: 'b', x: 2 }]);
    expect(await rows()).toMatchObject([
      { x: 1, _extra: null },
      { x: null, _extra: { x: 2 } },
    ]);
    await acme.define({ orders: orders({ newFields: 'columns' }) });
    await read([{ id: 'c', x: 3 }]);
    expect(await rows()).toMatchObject([
      { x: 1, _extra: null },
      { x: 2, _extra: null },
      { x: 3, _extra: null },
    ]);
    await isAsLog();
  });

  test('are decided once: two workers that end at once agree, and one that was killed in between is no matter', async () => {
    const { acme, read, compiled, rows, isAsLog } = await partner(orders({ newFields: 'columns' }));
    const beside = await other.again(acme);
    await read([{ id: 'a' }]);
    // Both have read the definition before there was a column.
    const again = async (): Promise<unknown> => {
      const at = window();
      // As Temporal does it.
      for (;;)
        try {
          return await beside.read('orders', at);
        } catch (error) {
          if (!(error instanceof RetryLater)) throw error;
        }
    };
    await Promise.all([read([{ id: 'b', x: 1, y: 'n' }]).catch(again), again(), again()]);
    const decided = await own.pool.query(
      `select field, made_no, made_type from new_fields join streams using (stream_id) where partner = $1 order by made_no`,
      [acme.name],
    );
    expect(decided.rows).toEqual([
      { field: 'x', made_no: 1, made_type: 'number' },
      { field: 'y', made_no: 2, made_type: 'text' },
    ]);
    // Decided, and then killed: the table has no column yet, and another worker goes on.
    await own.pool.query(
      `insert into new_fields (stream_id, field, types, first_event, made_no, made_type) select stream_id, 'z', '{string}', 1, 3, 'text' from streams where partner = $1`,
      [acme.name],
    );
    await read([{ id: 'c', z: 'here' }], beside);
    expect(await rows()).toMatchObject([
      { id: 'a', x: null },
      { id: 'b', x: 1, y: 'n' },
      { id: 'c', z: 'here', _extra: null },
    ]);
    const stale = await compiled();
    expect(await decideColumns(own.pool, stale)).toBeUndefined();
    await makeColumns(own.pool, stale);
    await isAsLog();
  });

  test('stay when the run is undone that brought them', async () => {
    const { read, rows, compiled, isAsLog } = await partner(orders({ newFields: 'columns' }));
    await read([{ id: 'a', x: 1 }]);
    const { syncId } = await read([{ id: 'a', x: 2, y: 'n' }]);
    const stream = await compiled();
    await undoRuns(own.pool, { runs: [{ stream, syncId }], by: 'me', reason: 'wrong', dryRun: false });
    expect(await rows()).toEqual([{ id: 'a', x: 1, y: null, _extra: null }]);
    await isAsLog();
  });

  test('that an upsert, an append and a replace bring are the same', async () => {
    for (const disposition of ['append', 'replace'] as const) {
      const { read, rows, isAsLog } = await partner(orders({ newFields: 'columns' }, { disposition }));
      await read([
        { id: 'a', x: 1 },
        { id: 'b', x: { deep: 1 } },
      ]);
      await read([
        { id: 'a', x: 1 },
        { id: 'b', x: 'more' },
      ]);
      const before = disposition === 'append' ? [{ id: 'b', x: { deep: 1 }, _extra: null }] : [];
      expect(await rows()).toEqual([{ id: 'a', x: 1, _extra: null }, ...before, { id: 'b', x: 'more', _extra: null }]);
      await isAsLog();
    }
  });
});
