import { describe, expect, test } from '@jest/globals';
import { noFailpoint, type Failpoint } from '../../core/failpoint.ts';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import type { Warehouse } from '../../landing/warehouse.ts';
import { usePool } from '../support/use-pool.ts';
import { aBank, arrive, begin, log, payAndRefund, rows, waits } from './bank.ts';

const used = usePool(8);
let fail: Failpoint = noFailpoint;
const warehouse = (): Warehouse => postgresWarehouse(used.pool, { failpoint: (name) => fail(name) });

const payment = (id: string, v = 1) => ({ id, v, amount: 10 });
const refund = (id: string, of: string, v = 1) => ({ id, v, of, amount: -10 });
const own = { requires: { original: { stream: 'payments', by: 'of', optional: true } } };

const needing = (stream: string) => ({ requires: { other: { stream, by: 'of', optional: true } } });
const everyOf = (side: number): readonly string[] =>
  Array.from({ length: 8 }, (_, n) => [`${side}${n} 1`, ...(n < 7 ? [`${side}${n} early 1`] : [])]).flat();

describe('a reversal before its original', () => {
  test('in the same page is decided behind it, and nothing waits', async () => {
    const { payments } = aBank({ payments: own });
    expect(await arrive(warehouse(), payments, refund('r', 'p'), payment('p'))).toMatchObject({
      fetched: 2,
      inserted: 2,
      waiting: 0,
    });
    expect(await log(used.pool, payments)).toEqual(['u p', 'u r']);
    expect(await rows(used.pool, payments)).toEqual(['p 1', 'r 1']);
    expect(await waits(used.pool, payments)).toEqual([]);
  });

  test('in another page, or in another run, waits and comes with it', async () => {
    const { payments } = aBank({ payments: own });
    const run = await begin(warehouse(), payments!);
    expect(await run.commit(run.page([refund('r', 'p'), refund('s', 'q')]))).toMatchObject({ fetched: 2, waiting: 2 });
    expect(await rows(used.pool, payments)).toEqual([]);
    expect(await run.commit(run.page([payment('p')]))).toMatchObject({ fetched: 1, inserted: 1 });
    expect(await rows(used.pool, payments)).toEqual(['p 1', 'r 1']);
    expect(await run.finish()).toMatchObject({ outcome: 'ok', counts: { fetched: 3, inserted: 1, waiting: 2 } });
    await arrive(warehouse(), payments, payment('q'));
    expect(await rows(used.pool, payments)).toEqual(['p 1', 'q 1', 'r 1', 's 1']);
    expect(await log(used.pool, payments)).toEqual(['w r', 'w s', 'u p', 'u r', 'u q', 'u s']);
    expect(await waits(used.pool, payments)).toEqual(['released r inserted', 'released s inserted']);
    const { rows: events } = await used.pool.query(
      `select page, ordinal, received_page from events e join streams s using (stream_id) where s.partner = $1 and key = 's' order by event`,
      [payments!.partner.name],
    );
    // Both say where the record came first.
    expect(events[1]).toEqual(events[0]);
  });

  test('of another stream waits and comes with it, also through a chain', async () => {
    const { payments, refunds, fees } = aBank({
      payments: {},
      refunds: { requires: { original: { stream: 'payments', by: 'of' } } },
      fees: { requires: { refund: { stream: 'refunds', by: 'of' } } },
    });
    expect(await arrive(warehouse(), fees, refund('f', 'r'))).toMatchObject({ waiting: 1 });
    expect(await arrive(warehouse(), refunds, refund('r', 'p'))).toMatchObject({ waiting: 1 });
    // The same content once more waits no second time.
    expect(await arrive(warehouse(), refunds, refund('r', 'p'))).toMatchObject({ waiting: 0, unchanged: 1 });
    await arrive(warehouse(), payments, payment('p'));
    expect(await rows(used.pool, refunds)).toEqual(['r 1']);
    expect(await rows(used.pool, fees)).toEqual(['f 1']);
    expect(await log(used.pool, fees)).toEqual(['w f', 'u f']);
    expect(await arrive(warehouse(), refunds, refund('r2', 'p'))).toMatchObject({ inserted: 1 });
  });

  test('comes once, whoever commits first, when two workers write both at the same moment', async () => {
    for (let round = 0; round < 6; round++) {
      const { payments, refunds } = payAndRefund();
      const [first, second] = [await begin(warehouse(), payments!), await begin(warehouse(), refunds!)];
      const pay = first.page([payment('a'), payment('b'), payment('c')]);
      const back = second.page([refund('x', 'a'), refund('y', 'b'), refund('z', 'c'), refund('lost', 'd')]);
      await Promise.all(
        round % 2 === 0 ? [first.commit(pay), second.commit(back)] : [second.commit(back), first.commit(pay)],
      );
      expect(await rows(used.pool, refunds)).toEqual(['x 1', 'y 1', 'z 1']);
      expect((await waits(used.pool, refunds)).filter((each) => each.startsWith('waiting'))).toEqual(['waiting lost']);
    }
  });

  test('two streams that need each other never lock each other out', async () => {
    const { left, right } = aBank({ left: needing('right'), right: needing('left') });
    const runs = [await begin(warehouse(), left!), await begin(warehouse(), right!)] as const;
    for (let n = 0; n < 8; n++)
      await Promise.all(
        runs.map((run, side) =>
          run.commit(
            run.page([
              { id: `${side}${n}`, v: 1, of: n === 0 ? null : `${1 - side}${n - 1}` },
              { id: `${side}${n} early`, v: 1, of: `${1 - side}${n + 1}` },
            ]),
          ),
        ),
      );
    expect(await rows(used.pool, left)).toEqual(everyOf(0));
    expect(await rows(used.pool, right)).toEqual(everyOf(1));
  });

  test('a worker that is killed in between leaves nothing, and the same page is committed again', async () => {
    const { payments, refunds } = payAndRefund();
    await arrive(warehouse(), refunds, refund('r', 'p'));
    const run = await begin(warehouse(), payments!);
    const page = run.page([payment('p')]);
    for (const blow of ['commit.middle', 'commit.released']) {
      fail = (name) => {
        if (name === blow) throw new Error('killed');
      };
      await expect(run.commit(page)).rejects.toThrow('killed');
      fail = noFailpoint;
      expect(await rows(used.pool, refunds)).toEqual([]);
      expect(await waits(used.pool, refunds)).toEqual(['waiting r']);
    }
    await run.commit(page);
    await run.commit(page);
    expect(await rows(used.pool, refunds)).toEqual(['r 1']);
    expect(await log(used.pool, refunds)).toEqual(['w r', 'u r']);
  });

  test('two reversals of one original both come, an older version of one stays behind', async () => {
    const { payments, refunds } = payAndRefund();
    await arrive(warehouse(), refunds, refund('r', 'p', 1), refund('s', 'p'), refund('r', 'p', 3), refund('r', 'p', 2));
    await arrive(warehouse(), payments, payment('p'));
    expect(await rows(used.pool, refunds)).toEqual(['r 3', 's 1']);
    expect(await waits(used.pool, refunds)).toEqual([
      'released r inserted',
      'released s inserted',
      'released r updated',
      'released r stale',
    ]);
    expect(await log(used.pool, refunds)).toEqual(['w r', 'w s', 'w r', 'w r', 'u r', 'u s', 'u r', 's r']);
  });

  test('an original that is deleted was there, whether its delete or the reversal came first', async () => {
    const { payments, refunds } = aBank({
      payments: { deletes: { field: 'gone' } },
      refunds: { requires: { original: { stream: 'payments', by: 'of' } } },
    });
    await arrive(warehouse(), payments, payment('p'));
    await arrive(warehouse(), refunds, refund('r', 'p'));
    await arrive(warehouse(), payments, { id: 'p', v: 2, gone: true });
    expect(await arrive(warehouse(), refunds, refund('s', 'p'))).toMatchObject({ inserted: 1 });
    // Of another one the delete comes first, then the reversal, then the original.
    await arrive(warehouse(), payments, { id: 'q', v: 2, gone: true });
    expect(await arrive(warehouse(), refunds, refund('t', 'q'))).toMatchObject({ waiting: 1 });
    expect(await arrive(warehouse(), payments, payment('q', 1))).toMatchObject({ stale: 1 });
    expect(await rows(used.pool, payments)).toEqual([]);
    expect(await rows(used.pool, refunds)).toEqual(['r 1', 's 1', 't 1']);
    expect(await waits(used.pool, refunds)).toEqual(['released t inserted']);
  });

  test('in one page with the delete of its original comes; without the original it waits', async () => {
    const { payments } = aBank({ payments: { ...own, deletes: { field: 'gone' } } });
    await arrive(warehouse(), payments, payment('p'));
    await arrive(warehouse(), payments, refund('r', 'p'), { id: 'p', v: 2, gone: true }, refund('s', 'p'));
    const later = [{ id: 'q', v: 2, gone: true }, refund('t', 'q'), refund('u', 'x')];
    await arrive(warehouse(), payments, ...later);
    await arrive(warehouse(), payments, payment('q', 1));
    expect(await rows(used.pool, payments)).toEqual(['r 1', 's 1', 't 1']);
    expect(await waits(used.pool, payments)).toEqual(['released t inserted', 'waiting u']);
    const behind = [{ id: 'y', v: 2, gone: true }, refund('v', 'y'), payment('y', 1)];
    expect(await arrive(warehouse(), payments, ...behind)).toMatchObject({ inserted: 1, stale: 1, waiting: 0 });
    expect(await rows(used.pool, payments)).toEqual(['r 1', 's 1', 't 1', 'v 1']);
  });

  test('a reversal that is deleted while it waits was there for what needs it', async () => {
    const { payments, refunds, fees } = aBank({
      payments: {},
      refunds: { requires: { original: { stream: 'payments', by: 'of' } }, deletes: { field: 'gone' } },
      fees: { requires: { refund: { stream: 'refunds', by: 'of' } } },
    });
    await arrive(warehouse(), fees, refund('f', 'r'));
    await arrive(warehouse(), refunds, refund('r', 'p'));
    await arrive(warehouse(), refunds, { id: 'r', v: 2, gone: true });
    expect(await rows(used.pool, fees)).toEqual([]);
    await arrive(warehouse(), payments, payment('p'));
    expect(await rows(used.pool, refunds)).toEqual([]);
    expect(await rows(used.pool, fees)).toEqual(['f 1']);
  });

  test.each([
    ['of a newer version', 3],
    ['without a version', undefined],
  ])('that is deleted while it waits, by a delete %s, does not come', async (_what, v) => {
    const { payments, refunds } = aBank({
      payments: {},
      refunds: { requires: { original: { stream: 'payments', by: 'of' } }, deletes: { field: 'gone' } },
    });
    await arrive(warehouse(), refunds, refund('r', 'p', 2));
    await arrive(warehouse(), refunds, { id: 'r', v, gone: true });
    await arrive(warehouse(), payments, payment('p'));
    expect(await rows(used.pool, refunds)).toEqual([]);
    expect(await waits(used.pool, refunds)).toEqual(['released r stale']);
    await arrive(warehouse(), refunds, refund('r', 'p', 4));
    expect(await rows(used.pool, refunds)).toEqual(['r 4']);
  });
});
