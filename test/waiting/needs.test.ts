import { describe, expect, test } from '@jest/globals';
import { replayQuarantine } from '../../activities/replay-quarantine.ts';
import { erase } from '../../landing/erase.ts';
import { rebuildTable } from '../../landing/rebuild-table.ts';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { readQuarantine } from '../../store/quarantine/quarantine.ts';
import { usePool } from '../support/use-pool.ts';
import { aBank, arrive, log, payAndRefund, rows, waits } from './bank.ts';

const used = usePool(4);
const warehouse = () => postgresWarehouse(used.pool);

const schema = (texts: readonly string[]) => ({
  type: 'object',
  required: ['id'],
  properties: {
    id: { type: 'string' },
    v: { type: 'integer' },
    of: { type: ['string', 'null'] },
    ref: { enum: texts },
  },
});

describe('what a record needs', () => {
  test('may be several records, by a key of two fields and by a field that is no key, and is optional or not', async () => {
    const { orders, customers, lines } = aBank({
      orders: { primaryKey: ['id', 'v'], version: [] },
      customers: {},
      lines: {
        requires: {
          order: { stream: 'orders', by: ['of', 'amount'] },
          customer: { stream: 'customers', by: 'ref', field: 'ref', optional: true },
        },
      },
    });
    expect(
      await arrive(
        warehouse(),
        lines,
        { id: 'a', v: 1, of: 'o', amount: 7, ref: 'C' },
        { id: 'b', v: 1, of: 'o', amount: 7, ref: null },
        { id: 'c', v: 1, of: null, amount: 7 },
      ),
    ).toMatchObject({ fetched: 3, waiting: 2, quarantined: 1 });
    const [held] = await readQuarantine(used.pool, { partner: lines!.partner.name, limit: 5 });
    expect(held).toMatchObject({ path: 'of', reason: 'expected a value for what it requires (order), found nothing' });
    await arrive(warehouse(), orders, { id: 'o', v: 7 }, { id: 'o', v: 8 });
    expect(await rows(used.pool, lines)).toEqual(['b 1']);
    await arrive(warehouse(), customers, { id: 'x', v: 1, ref: 'B' });
    expect(await rows(used.pool, lines)).toEqual(['b 1']);
    // A changed field brings it as well as a new record.
    await arrive(warehouse(), customers, { id: 'x', v: 2, ref: 'C' });
    expect(await rows(used.pool, lines)).toEqual(['a 1', 'b 1']);
    expect(await arrive(warehouse(), lines, { id: 'd', v: 1, of: 'o', amount: 7, ref: 'C' })).toMatchObject({
      inserted: 1,
    });
    const { rows: indexes } = await used.pool.query(
      `select indexdef from pg_indexes where schemaname = $1 and tablename = 'customers' and indexdef ~ 'ref'`,
      [customers!.partner.name],
    );
    expect(indexes).toHaveLength(1);
  });

  test('is looked for by a replay of the quarantine, too, whose records keep their place', async () => {
    const requires = { parent: { stream: 'nodes', by: 'of', optional: true } };
    const strict = aBank({ nodes: { version: [], requires, schema: schema(['x']) } })['nodes']!;
    const lenient = aBank({ nodes: { version: [], requires, schema: schema(['x', 'y']) } }, strict.partner.name)[
      'nodes'
    ]!;
    await arrive(warehouse(), strict, { id: 'a', v: 1, of: 'top', ref: 'y' }, { id: 'b', v: 1, of: 'top', ref: 'y' });
    await arrive(warehouse(), strict, { id: 'b', v: 2, of: null, ref: 'x' });
    const held = await readQuarantine(used.pool, { partner: strict.partner.name, status: 'held', limit: 10 });
    const replayed = await replayQuarantine(warehouse(), {
      stream: lenient,
      held,
      nowMs: Date.parse('2026-02-01T00:00:00Z'),
    });
    expect(replayed.report).toMatchObject({ counts: { fetched: 2, waiting: 2 } });
    expect(await readQuarantine(used.pool, { partner: strict.partner.name, status: 'held', limit: 10 })).toEqual([]);
    expect(await rows(used.pool, lenient)).toEqual(['b 2']);
    await arrive(warehouse(), lenient, { id: 'top', v: 1, of: null, ref: 'x' });
    // What came after the bad record stays.
    expect(await rows(used.pool, lenient)).toEqual(['a 1', 'b 2', 'top 1']);
    expect(await waits(used.pool, lenient)).toEqual(['released a inserted', 'released b stale']);
    expect(await log(used.pool, lenient)).toEqual(['u b', 'w a', 'w b', 'u top', 'u a', 's b']);
  });

  test('comes also when the table that waits was dropped, or not made yet for a new definition', async () => {
    const streams = { payments: {}, refunds: { requires: { original: { stream: 'payments', by: 'of' } } } };
    const { payments, refunds } = aBank(streams);
    await arrive(warehouse(), refunds, { id: 'r', v: 1, of: 'p' });
    await used.pool.query(`drop table "${payments!.partner.name}".refunds`);
    await arrive(warehouse(), payments, { id: 'p', v: 1 });
    expect(await waits(used.pool, refunds)).toEqual(['waiting r']);
    await arrive(warehouse(), refunds, { id: 's', v: 1, of: 'q' });
    expect(await rows(used.pool, refunds)).toEqual(['r 1']);
    const wider = {
      type: 'object',
      required: ['id'],
      properties: { id: { type: 'string' }, v: { type: 'integer' }, of: { type: 'string' }, note: { type: 'string' } },
    };
    const later = aBank({ ...streams, refunds: { ...streams.refunds, schema: wider } }, payments!.partner.name);
    await arrive(warehouse(), later['payments'], { id: 'q', v: 1 });
    expect(await waits(used.pool, refunds)).toEqual(['released r inserted', 'waiting s']);
    await arrive(warehouse(), later['refunds']);
    expect(await rows(used.pool, refunds)).toEqual(['r 1', 's 1']);
    // The log alone says the same.
    const report = await rebuildTable(used.pool, {
      stream: later['refunds']!,
      dryRun: true,
      acceptUnfit: false,
      progress: () => {},
    });
    expect(report.differences).toMatchObject({ changed: 0, gone: 0, came: 0 });
  });

  test('that does not fit any more when its need comes goes to quarantine', async () => {
    const streams = { payments: {}, refunds: { requires: { original: { stream: 'payments', by: 'of' } } } };
    const { payments, refunds } = aBank(streams);
    await arrive(warehouse(), refunds, { id: 'r', v: 1, of: 'p' }, { id: 's', v: 1, of: 'p', amount: 5 });
    const strict = {
      type: 'object',
      required: ['id', 'amount'],
      properties: {
        id: { type: 'string' },
        v: { type: 'integer' },
        of: { type: 'string' },
        ref: { type: 'string' },
        amount: { type: 'integer' },
      },
    };
    const later = aBank({ ...streams, refunds: { ...streams.refunds, schema: strict } }, payments!.partner.name);
    await arrive(warehouse(), later['refunds']);
    expect(await waits(used.pool, refunds)).toEqual(['refused r quarantined', 'waiting s']);
    await arrive(warehouse(), later['payments'], { id: 'p', v: 1 });
    expect(await rows(used.pool, refunds)).toEqual(['s 1']);
    expect(await readQuarantine(used.pool, { partner: refunds!.partner.name, limit: 5 })).toMatchObject([
      { key: 'r', path: 'amount', status: 'held' },
    ]);
  });

  test('is forgotten when the record that waits for it is erased', async () => {
    const { payments, refunds } = payAndRefund();
    await arrive(warehouse(), refunds, { id: 'r', v: 1, of: 'p' }, { id: 's', v: 1, of: 'p' });
    await used.pool.query(`update stream_runs set state = 'done'`);
    const { erased } = await erase(used.pool, {
      stream: refunds!,
      whose: { key: 'r' },
      reason: 'test',
      by: 'me',
      dryRun: false,
    });
    expect(erased).toMatchObject({ events: 1, waiting: 1 });
    await arrive(warehouse(), payments, { id: 'p', v: 1 });
    expect(await rows(used.pool, refunds)).toEqual(['s 1']);
    expect(await waits(used.pool, refunds)).toEqual(['released s inserted']);
  });

  test('is found by a key whose column has another name', async () => {
    const { payments, refunds } = aBank({
      payments: { transforms: { id: { rename: 'payment_no' } } },
      refunds: {
        requires: { original: { stream: 'payments', by: 'of' } },
        transforms: { of: { hash: 'k'.repeat(32) } },
      },
    });
    await arrive(warehouse(), refunds, { id: 'r', v: 1, of: 'p' });
    await arrive(warehouse(), payments, { id: 'p', v: 1 });
    expect(await arrive(warehouse(), refunds, { id: 's', v: 1, of: 'p' })).toMatchObject({ inserted: 1 });
    expect(await rows(used.pool, refunds)).toEqual(['r 1', 's 1']);
  });
});
