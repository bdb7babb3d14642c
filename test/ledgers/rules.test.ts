import { describe, expect, test } from '@jest/globals';
import { replayQuarantine } from '../../activities/replay-quarantine.ts';
import type { Counts } from '../../core/counts.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { erase } from '../../landing/erase.ts';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import type { StreamReport } from '../../landing/warehouse.ts';
import { takeUndosBack, undoRuns } from '../../landing/undo-run.ts';
import { randomOf } from '../../simulator/random.ts';
import { listBroken } from '../../store/rules/broken-rules.ts';
import { readQuarantine } from '../../store/quarantine/quarantine.ts';
import { long } from '../support/long.ts';
import { usePool } from '../support/use-pool.ts';
import { aBank, arrive, begin, rows } from '../waiting/bank.ts';

const used = usePool(8);
const warehouse = () => postgresWarehouse(used.pool);

const schema = {
  type: 'object',
  required: ['id'],
  properties: {
    id: { type: 'string' },
    v: { type: 'integer' },
    of: { type: ['string', 'null'] },
    amount: { type: 'number' },
  },
};
const budget = { errorBudget: { count: 100, share: 1 } };

/** Payments, and reversals of them that obey these rules. */
const bank = (rules: StreamInput['rules'], more: Partial<StreamInput> = {}, name?: string) =>
  aBank(
    {
      payments: { schema, ...more, deletes: { field: 'gone' } },
      reversals: {
        schema,
        ...more,
        ...(rules === undefined ? {} : { rules }),
        requires: { original: { stream: 'payments', by: 'of' } },
      },
    },
    name,
  );

/** A run of its own, to its end. */
async function night(stream: CompiledStream | undefined, ...pages: (readonly unknown[])[]): Promise<StreamReport> {
  const run = await begin(warehouse(), stream!);
  for (const page of pages) await run.commit(run.page(page));
  return run.finish();
}

const broken = async (stream: CompiledStream | undefined): Promise<readonly string[]> => {
  const { rules } = await listBroken(used.pool, { partner: stream!.partner.name, stream: stream!.name, limit: 99 });
  return rules.map(({ rule, of, found, allowed, keys }) => `${rule} ${of}: ${found}, ${allowed} (${keys.join(' ')})`);
};

const held = (stream: CompiledStream | undefined, status: 'held' | 'replayed' = 'held') =>
  readQuarantine(used.pool, { partner: stream!.partner.name, status, limit: 99 });

describe('an immutable stream', () => {
  const immutable = { immutable: true, ...budget };

  test('keeps what came first; other content of a known key is held, and the run is not ok', async () => {
    const { ledger } = aBank({ ledger: immutable });
    const first = await night(
      ledger,
      [
        { id: 'a', v: 1, amount: 1 },
        { id: 'a', v: 2, amount: 2 },
      ],
      [
        { id: 'a', v: 1, amount: 1 },
        { id: 'b', v: 5, amount: 5 },
      ],
    );
    expect(first).toMatchObject({
      outcome: 'partial',
      counts: { fetched: 4, inserted: 2, unchanged: 1, quarantined: 1 },
    });
    // An older version changes nothing either, and the same bad record is counted on its entry.
    expect(
      await night(ledger, [
        { id: 'a', v: 2, amount: 2 },
        { id: 'b', v: 4, amount: 5 },
      ]),
    ).toMatchObject({
      outcome: 'partial',
      counts: { quarantined: 2 },
    });
    expect(await rows(used.pool, ledger)).toEqual(['a 1', 'b 5']);
    const entries = await held(ledger);
    expect(entries.map(({ key, path, count }) => `${key} ${path} ${count}`).toSorted()).toEqual(['a id 2', 'b id 1']);
    expect(entries[0]?.reason).toMatch(/known with other content, and the stream is immutable/);
  });

  test('takes a held record once it is immutable no more, and not before', async () => {
    const { ledger } = aBank({ ledger: immutable });
    await night(ledger, [
      { id: 'a', v: 1, amount: 1 },
      { id: 'a', v: 2, amount: 2 },
    ]);
    const nowMs = Date.parse('2026-02-01T00:00:00Z');
    const again = await replayQuarantine(warehouse(), { stream: ledger!, held: await held(ledger), nowMs });
    expect(again).toMatchObject({ fitted: [], refused: [{ path: 'id' }] });
    expect(await held(ledger)).toMatchObject([{ count: 1 }]);
    const { ledger: corrected } = aBank({ ledger: budget }, ledger!.partner.name);
    await replayQuarantine(warehouse(), { stream: corrected!, held: await held(ledger), nowMs });
    expect(await rows(used.pool, ledger)).toEqual(['a 2']);
    expect(await held(ledger)).toEqual([]);
  });

  test('holds what waited, too, and loses nothing in any order of arrival', async () => {
    const said = [
      { id: 'r', v: 1, of: 'p' },
      { id: 'r', v: 2, of: 'p' },
      { id: 'r', v: 3, of: 'p' },
    ];
    for (const order of [said, said.toReversed(), [said[1], said[2], said[0]]]) {
      const { payments, reversals } = bank(undefined, budget);
      const changed = aBank(
        {
          payments: { schema, ...budget, deletes: { field: 'gone' } },
          reversals: { schema, ...immutable, requires: { original: { stream: 'payments', by: 'of' } } },
        },
        payments!.partner.name,
      )['reversals']!;
      await arrive(warehouse(), changed, order[0]);
      await arrive(warehouse(), changed, order[1]);
      await arrive(warehouse(), payments, { id: 'p', v: 1 });
      await arrive(warehouse(), changed, order[2]);
      expect(await rows(used.pool, reversals)).toEqual([`r ${(order[0] as { v: number }).v}`]);
      const others = (await held(reversals)).map(({ payload }) => JSON.parse(payload as string) as unknown);
      expect([order[0], ...others].toSorted((a, b) => (a as { v: number }).v - (b as { v: number }).v)).toEqual(said);
    }
  });
});

describe('rules of a ledger', () => {
  const one: StreamInput['rules'] = { one_reversal: { onePer: 'of' } };
  const covered: StreamInput['rules'] = {
    covered: { sum: 'amount', per: 'of', atMost: 0, atLeast: { need: 'original', field: 'amount', times: -1 } },
  };

  test('a second reversal of one original is visible, named, and mended by a correction', async () => {
    const { payments, reversals } = bank(one);
    expect(
      await night(payments, [
        { id: 'p', v: 1, amount: 10 },
        { id: 'q', v: 1, amount: 10 },
      ]),
    ).toMatchObject({ outcome: 'ok' });
    expect(await night(reversals, [{ id: 'r', v: 1, of: 'p', amount: -10 }])).toMatchObject({ outcome: 'ok' });
    const report = await night(reversals, [{ id: 's', v: 1, of: 'p', amount: -10 }]);
    expect(report).toMatchObject({ outcome: 'partial', counts: { inserted: 1 } });
    expect(report.reason).toBe(
      `its rows break one_reversal (1 place): \`syncline anomalies list ${reversals!.partner.name} reversals\``,
    );
    expect(await rows(used.pool, reversals)).toEqual(['r 1', 's 1']);
    expect(await broken(reversals)).toEqual(['one_reversal p: 2, one (r s)']);
    // It stays so until the partner corrects it, whatever else comes.
    const first = { id: 'r', v: 1, of: 'p', amount: -10 };
    expect(await night(reversals, [first])).toMatchObject({ outcome: 'partial' });
    expect(await night(reversals, [first, { id: 's', v: 2, of: 'q', amount: -10 }])).toMatchObject({ outcome: 'ok' });
    expect(await broken(reversals)).toEqual([]);
  });

  test('sums are exact, and follow the record that limits them', async () => {
    const { payments, reversals } = bank(covered);
    await arrive(warehouse(), reversals, ...[1, 2, 3].map((n) => `{"id":"r${n}","v":1,"of":"p","amount":-0.1}`));
    // What waits is in no sum.
    expect(await broken(reversals)).toEqual([]);
    await arrive(warehouse(), payments, '{"id":"p","v":1,"amount":0.3}', { id: 'big', v: 1, amount: 1 });
    expect(await rows(used.pool, reversals)).toHaveLength(3);
    // 0.1 + 0.1 + 0.1 is 0.30000000000000004 as a double.
    expect(await broken(reversals)).toEqual([]);
    await arrive(warehouse(), payments, '{"id":"p","v":2,"amount":0.29999999999999999999}');
    expect(await broken(reversals)).toEqual([
      'covered p: -0.3, at most 0, at least -0.29999999999999999999 (r1 r2 r3)',
    ]);
    await arrive(warehouse(), payments, { id: 'p', v: 3, amount: 1 });
    expect(await broken(reversals)).toEqual([]);
    await arrive(warehouse(), reversals, '{"id":"late","v":1,"of":"big","amount":-1.00000000000000000001}');
    expect(await broken(reversals)).toEqual(['covered big: -1.00000000000000000001, at most 0, at least -1 (late)']);
    await arrive(warehouse(), payments, { id: 'big', v: 2, gone: true });
    // What is gone limits nothing: the next run of those that it limited finds that.
    const late = '{"id":"late","v":1,"of":"big","amount":-1.00000000000000000001}';
    expect(await night(reversals, [late])).toMatchObject({ outcome: 'ok', counts: { unchanged: 1 } });
  });

  test('entries that sum up to nothing may come on two pages; what a sweep leaves is looked at', async () => {
    const { entries } = aBank({
      entries: {
        schema,
        rules: { balanced: { sum: 'amount', per: ['of', 'v'], is: 0 } },
        version: [],
        deletes: { sweep: true, hold: false },
      },
    });
    const debit = { id: 'debit', v: 7, of: 't', amount: 12.5 };
    const credit = { id: 'credit', v: 7, of: 't', amount: -12.5 };
    expect(await night(entries, [debit], [credit])).toMatchObject({ outcome: 'ok' });
    const { rows: left } = await used.pool.query(
      'select from broken_rules b join streams s using (stream_id) where partner = $1',
      [entries!.partner.name],
    );
    expect(left).toEqual([]);
    expect(await night(entries, [debit])).toMatchObject({
      outcome: 'partial',
      reason: expect.stringMatching(/balanced \(1 place\)/) as unknown,
    });
    expect(await broken(entries)).toEqual(['balanced ["t", "7"]: 12.5, 0 (debit)']);
    expect(await night(entries, [debit, credit])).toMatchObject({ outcome: 'ok' });
  });

  test('deletes that another stream tells, and an erasure, are looked at', async () => {
    const { entries, cancelled } = aBank({
      entries: { schema, rules: { balanced: { sum: 'amount', per: 'of', is: 0 } }, deletes: {} },
      cancelled: { schema, deletes: { of: 'entries' } },
    });
    const debit = { id: 'debit', v: 1, of: 't', amount: 5 };
    const pair = [debit, { id: 'credit', v: 1, of: 't', amount: -5 }];
    expect(await night(entries, pair)).toMatchObject({ outcome: 'ok' });
    await night(cancelled, [{ id: 'credit', v: 2 }]);
    expect(await broken(entries)).toEqual(['balanced t: 5, 0 (debit)']);
    expect(await night(entries, [debit])).toMatchObject({ outcome: 'partial' });
    await used.pool.query(`update stream_runs set state = 'done'`);
    const whose = { key: 'debit' };
    await erase(used.pool, { stream: entries!, whose, reason: 'test', by: 'me', dryRun: false });
    expect(await broken(entries)).toEqual([]);
    await night(entries, [{ id: 'other', v: 1, of: 'u', amount: 1 }]);
    expect(await broken(entries)).toEqual(['balanced u: 1, 0 (other)']);
  });

  test('an undo mends what its run broke, and breaks it again where it is taken back', async () => {
    const { payments, reversals } = bank(one);
    await arrive(warehouse(), payments, { id: 'p', v: 1 });
    await night(reversals, [{ id: 'r', v: 1, of: 'p' }]);
    const run = await begin(warehouse(), reversals!);
    await run.commit(run.page([{ id: 's', v: 1, of: 'p' }]));
    await run.finish();
    const runs = [{ stream: reversals!, syncId: run.opened.run.syncId }];
    const input = { runs, by: 'me', reason: 'test', dryRun: false };
    expect(await broken(reversals)).toEqual(['one_reversal p: 2, one (r s)']);
    await undoRuns(used.pool, input);
    expect(await broken(reversals)).toEqual([]);
    await takeUndosBack(used.pool, input);
    expect(await broken(reversals)).toEqual(['one_reversal p: 2, one (r s)']);
  });

  test('a table that somebody dropped stops nobody who limits its sums', async () => {
    const { payments, reversals } = bank(covered);
    await arrive(warehouse(), payments, { id: 'p', v: 1, amount: 3 });
    await arrive(warehouse(), reversals, { id: 'r', v: 1, of: 'p', amount: -2 });
    await used.pool.query(`drop table "${payments!.partner.name}".reversals`);
    await arrive(warehouse(), payments, { id: 'p', v: 2, amount: 1 });
    expect(await night(reversals, [{ id: 'r', v: 1, of: 'p', amount: -2 }])).toMatchObject({ outcome: 'partial' });
    expect(await broken(reversals)).toEqual(['covered p: -2, at most 0, at least -1 (r)']);
  });

  test('a rule that is new holds for what was there, and one that is gone is forgotten', async () => {
    const before = bank(undefined);
    await night(before['payments'], [{ id: 'p', v: 1 }]);
    const twice = [
      { id: 'r', v: 1, of: 'p' },
      { id: 's', v: 1, of: 'p' },
    ];
    await night(before['reversals'], twice);
    const { reversals } = bank(one, {}, before['payments']!.partner.name);
    expect(await night(reversals, twice)).toMatchObject({ outcome: 'partial' });
    expect(await broken(reversals)).toEqual(['one_reversal p: 2, one (r s)']);
    expect(await night(before['reversals'], twice)).toMatchObject({ outcome: 'ok' });
    expect(await broken(reversals)).toEqual([]);
  });

  test('two workers at once never both find that it holds', async () => {
    const both: StreamInput['rules'] = { ...one, ...covered };
    const { payments, reversals } = bank(both);
    const ids = Array.from({ length: 6 }, (_, n) => `p${n}`);
    await arrive(warehouse(), payments, ...ids.map((id) => ({ id, v: 1, amount: 10 })));
    const runs = await Promise.all([begin(warehouse(), reversals!), begin(warehouse(), reversals!)]);
    const pay = await begin(warehouse(), payments!);
    for (const id of ids)
      await Promise.all([
        ...runs.map((run, n) => run.commit(run.page([{ id: `${id}-${n}`, v: 1, of: id, amount: -6 }]))),
        pay.commit(pay.page([{ id, v: 2, amount: 11 }])),
      ] satisfies Promise<Counts>[]);
    expect((await broken(reversals)).toSorted()).toEqual(
      ids
        .flatMap((id) => [
          `covered ${id}: -12, at most 0, at least -11 (${id}-0 ${id}-1)`,
          `one_reversal ${id}: 2, one (${id}-0 ${id}-1)`,
        ])
        .toSorted(),
    );
  });

  test(
    'tables and what is broken are the same in any order, in any batches',
    async () => {
      const seed = long ? Date.now() % 1e6 : 7;
      const random = randomOf(seed);
      let found = 0;
      const pickOne = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
      for (let round = 0; round < (long ? 40 : 2); round++) {
        const events = Array.from({ length: 15 }, (_, n) => {
          const isPayment = n % 3 === 0;
          const id = isPayment ? pickOne(['p', 'q']) : pickOne(['r', 's', 't', 'u']);
          return isPayment
            ? {
                stream: 'payments',
                record: { id, v: n + 1, amount: pickOne([1, 2, 3]), gone: n < 3 && random() < 0.3 },
              }
            : { stream: 'reversals', record: { id, v: n + 1, of: pickOne(['p', 'q']), amount: pickOne([-1, -2, 1]) } };
        });
        const ends: unknown[] = [];
        for (let order = 0; order < 3; order++) {
          const streams = bank({ ...one, ...covered });
          const shuffled = events.map((event) => ({ event, at: random() })).toSorted((a, b) => a.at - b.at);
          while (shuffled.length > 0) {
            const name = shuffled[0]!.event.stream;
            const batch: unknown[] = [];
            while (shuffled[0]?.event.stream === name && batch.length < 1 + random() * 5)
              batch.push(shuffled.shift()!.event.record);
            await arrive(warehouse(), streams[name], ...batch);
          }
          await arrive(warehouse(), streams['payments'], { id: 'p', v: 99, amount: 2 }, { id: 'q', v: 99, amount: 2 });
          ends.push([await rows(used.pool, streams['reversals']), (await broken(streams['reversals'])).toSorted()]);
        }
        expect({ seed, ends }).toEqual({ seed, ends: [ends[0], ends[0], ends[0]] });
        found += (ends[0] as readonly (readonly string[])[])[1]?.length ?? 0;
      }
      expect(found).toBeGreaterThan(0);
    },
    long ? 600_000 : 60_000,
  );
});
