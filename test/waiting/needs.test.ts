import { describe, expect, test } from '@jest/globals';
import { replayQuarantine } from '../../activities/replay-quarantine.ts';
import { erase } from '../../landing/erase.ts';
import { rebuildTable } from '../../landing/rebuild-table.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { readAnomalies } from '../../store/anomalies/read-anomalies.ts';
import { readQuarantine } from '../../store/quarantine/quarantine.ts';
import { usePool } from '../support/use-pool.ts';
import { aBank, arrive, begin, log, payAndRefund, rows, waits } from './bank.ts';

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

  test('by a field is absent once all that have it are gone, also in the same commit', async () => {
    const definition = {
      deletes: { field: 'gone' },
      requires: { parent: { stream: 'nodes', by: 'of', field: 'ref', optional: true } },
    };
    const { nodes } = aBank({ nodes: definition });
    await arrive(
      warehouse(),
      nodes,
      { id: 'a', v: 1, ref: 'X' },
      { id: 'b', v: 1, ref: 'X' },
      { id: 'c', v: 1, ref: 'Y' },
    );
    expect(
      await arrive(
        warehouse(),
        nodes,
        { id: 'a', v: 2, gone: true },
        { id: 'one', v: 1, of: 'X' },
        { id: 'b', v: 2, gone: true },
        { id: 'two', v: 1, of: 'X' },
        { id: 'd', v: 1, ref: 'Z' },
        { id: 'd', v: 2, gone: true },
        { id: 'three', v: 1, of: 'Z' },
        { id: 'four', v: 1, of: 'Y' },
      ),
    ).toMatchObject({ deleted: 3, waiting: 2 });
    expect(await rows(used.pool, nodes)).toEqual(['c 1', 'four 1', 'one 1']);
    await arrive(warehouse(), nodes, { id: 'e', v: 1, ref: 'X' });
    expect(await rows(used.pool, nodes)).toEqual(['c 1', 'e 1', 'four 1', 'one 1', 'two 1']);
  });

  test('that comes shows where what waited contradicts what is known', async () => {
    const { payments, refunds } = payAndRefund();
    await arrive(
      warehouse(),
      refunds,
      { id: 'r', v: 1, of: 'p', amount: 1 },
      { id: 'r', v: 1, of: 'p', amount: 2 },
      { id: 'late', v: 2, of: 'p' },
      { id: 'late', v: 1, of: 'p' },
    );
    const asked = { partner: refunds!.partner.name, stream: undefined, limit: 9 };
    expect(await readAnomalies(used.pool, asked)).toMatchObject({ count: 0 });
    await arrive(warehouse(), payments, { id: 'p', v: 1 });
    const { newest } = await readAnomalies(used.pool, asked);
    expect(newest).toMatchObject([{ kind: 'same-version', key: 'r', times: 1, known: 5, came: 6 }]);
    expect(newest[0]?.lastRun).toMatch(/refunds/);
  });

  test('costs a stream that has no relations neither a statement nor a lock', async () => {
    const asked: string[] = [];
    const pool = openPool(used.database.url, 1);
    pool.on('connect', (client) => {
      const query = client.query.bind(client) as (...args: readonly unknown[]) => unknown;
      client.query = ((...args: readonly unknown[]) => {
        const [first] = args as readonly [string | { readonly text: string }];
        asked.push(typeof first === 'string' ? first : first.text);
        return query(...args);
      }) as typeof client.query;
    });
    const { plain, needed, needing } = aBank({
      plain: {},
      needed: {},
      needing: { requires: { original: { stream: 'needed', by: 'of' } } },
    });
    const commit = async (stream: typeof plain): Promise<readonly string[]> => {
      const run = await begin(postgresWarehouse(pool), stream!);
      asked.length = 0;
      await run.commit(run.page([{ id: 'a', v: 1, of: 'a' }]));
      return [...asked];
    };
    const usual = await commit(plain);
    expect(usual.filter((text) => / for update/.test(text))).toHaveLength(1);
    expect(usual.filter((text) => /\bwaiting_needs\b|\bfrom waiting\b/.test(text))).toEqual([]);
    // One to lock, one to look.
    expect(await commit(needed)).toHaveLength(usual.length + 2);
    expect((await commit(needing)).length).toBeGreaterThan(usual.length);
    await pool.end();
  });
});
