import { describe, expect, test } from '@jest/globals';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { takeUndosBack, undoRuns } from '../../landing/undo-run.ts';
import { pruneStream } from '../../landing/prune-stream.ts';
import type { PrunedStream } from '../../messages/prune.ts';
import { checkLog } from '../../store/retention/check-log.ts';
import { long } from '../support/long.ts';
import { arrive, log, payAndRefund, rows, waits } from '../waiting/bank.ts';
import { foldUpTo } from './fold-up-to.ts';
import { none, useRebuilds } from './rebuild-bench.ts';
import { aStream, order, rowsOf, runOf } from './run-of.ts';
import { randomOf } from '../../simulator/random.ts';

const bench = useRebuilds();
const schema = {
  type: 'object',
  required: ['id'],
  properties: { id: { type: 'string' }, v: { type: 'integer' }, text: { type: 'string' }, of: { type: 'string' } },
};
const now = { age: '0ms', atLeast: '0ms' } as const;
const gone = (id: string, v?: number): unknown => ({ id, v, deleted_at: '2026-01-01T00:00:00Z' });

const kept = (stream: CompiledStream, keep: StreamInput['keep'], definition: Partial<StreamInput>): CompiledStream =>
  aStream({ schema, ...definition, keep }, stream.partner.name);
const prune = (stream: CompiledStream, dryRun = false): Promise<PrunedStream> =>
  pruneStream(bench.pool, stream, { dryRun });
const idOf = async (stream: CompiledStream): Promise<number> =>
  (
    await bench.pool.query<{ stream_id: number }>('select stream_id from streams where partner = $1', [
      stream.partner.name,
    ])
  ).rows[0]?.stream_id as number;

let days = 0;
async function read(stream: CompiledStream, ...pages: readonly (readonly unknown[])[]): Promise<void> {
  const run = await runOf(bench.warehouse, stream, {
    window: new Date(Date.UTC(2026, 2, (days += 1))).toISOString().slice(0, 10),
  });
  for (const records of pages) await run.commit(run.page(records));
  await run.finish();
}

async function linesOf(stream: CompiledStream): Promise<string[]> {
  const { rows } = await bench.pool.query<{ line: string }>(
    `select concat_ws(' ', event, operation, key) as line from events_${await idOf(stream)} order by event`,
  );
  return rows.map(({ line }) => line);
}

const logFrom = async (stream: CompiledStream): Promise<number> =>
  Number(
    (await bench.pool.query('select log_from from streams where partner = $1', [stream.partner.name])).rows[0]
      ?.log_from,
  );

describe('retention of a log', () => {
  test('removes what other events have replaced, by each of its rules, and says first what would go', async () => {
    const plain = aStream({ schema });
    for (const v of [1, 2, 3, 4]) await read(plain, [order('a', v), order('b', v === 1 ? 1 : 2)]);
    expect(await linesOf(plain)).toEqual(['1 u a', '2 u b', '3 u a', '4 u b', '5 u a', '6 u a']);
    const rules: StreamInput['keep'][] = [{ log: { versionsPerKey: 2, atLeast: '0ms' } }, { log: now }];
    const lines = [
      ['2 u b', '4 u b', '5 u a', '6 u a'],
      // The last but one is what the log says up to there: only what came before it may be undone no more.
      ['4 u b', '5 u a', '6 u a'],
    ];
    for (const [at, keep] of rules.entries()) {
      const stream = kept(plain, keep, {});
      const would = await prune(stream, true);
      const did = await prune(stream);
      expect([did.lines, did.bytes]).toEqual([would.lines, would.bytes]);
      expect(await linesOf(plain)).toEqual(lines[at]);
      expect(await bench.compare(stream)).toMatchObject({ differences: none });
    }
    // What stays stands for what went: no run from before the last event may be undone.
    expect(await logFrom(plain)).toBe(6);
    expect((await prune(kept(plain, rules[1], {}))).lines).toBe(0);
    expect(await logFrom(plain)).toBe(6);
    expect(await checkLog(bench.pool, { partner: plain.partner.name, stream: 'orders' })).toMatchObject({ missing: 0 });
  });

  test('takes anomalies along whose events went, and leaves those that can be shown', async () => {
    const plain = aStream({ schema, version: ['v'] });
    for (const text of ['x', 'y']) await read(plain, [order('a', 1, text), order('b', 1, text)]);
    const odd = async (): Promise<string[]> => {
      const { rows } = await bench.pool.query<{ key: string }>(
        'select key from anomalies where stream_id = $1 order by key',
        [await idOf(plain)],
      );
      return rows.map(({ key }) => key);
    };
    expect(await odd()).toHaveLength(2);
    for (const v of [2, 3]) await read(plain, [order('a', v)]);
    const stream = kept(plain, { log: now }, { version: ['v'] });
    await prune(stream, true);
    expect(await odd()).toHaveLength(2);
    await prune(stream);
    expect(await odd()).toEqual([expect.stringContaining('b')]);
  });

  test('by size takes the oldest first, and no more than it must', async () => {
    const plain = aStream({ schema });
    for (const v of [1, 2, 3, 4]) await read(plain, [order('a', v, 'x'.repeat(1000))]);
    const stream = kept(plain, { log: { size: '2.5kB', atLeast: '0ms' } }, {});
    expect((await prune(stream)).lines).toBe(2);
    expect(await linesOf(plain)).toEqual(['3 u a', '4 u a']);
  });

  test('leaves what is younger than its age, and what is younger than a week in any case', async () => {
    const plain = aStream({ schema });
    await read(plain, [order('a', 1)]);
    await read(plain, [order('a', 2)]);
    await bench.pool.query(
      `update pages set committed_at = now() - interval '10 days' where page_id <= 2 and stream_id = $1`,
      [await idOf(plain)],
    );
    await read(plain, [order('a', 3)], [order('a', 4)]);
    expect((await prune(kept(plain, { log: { age: '11d' } }, {}))).lines).toBe(0);
    // The first one is ten days old, and nothing of its age has taken its place.
    expect((await prune(kept(plain, { log: { age: '9d' } }, {}))).lines).toBe(0);
    expect((await prune(kept(plain, { log: { versionsPerKey: 1 } }, {}))).lines).toBe(0);
    await bench.pool.query(
      `update pages set committed_at = now() - interval '10 days' where page_id <= 3 and stream_id = $1`,
      [await idOf(plain)],
    );
    expect((await prune(kept(plain, { log: { age: '9d' } }, {}))).lines).toBe(1);
    expect(await linesOf(plain)).toEqual(['2 u a', '3 u a', '4 u a']);
  });

  test('keeps what a tombstone, a kept row and a late record stand on', async () => {
    for (const [as, left] of [
      ['hard', ['4 d a', '5 d b', '6 s b']],
      ['soft', ['3 u a', '4 d a', '2 u b', '5 d b', '6 s b'].toSorted()],
    ] as const) {
      const definition = { deletes: { field: 'deleted_at', as } } as const;
      const plain = aStream({ schema, ...definition });
      await read(plain, [order('a', 1), order('b', 1)]);
      await read(plain, [order('a', 2), gone('a', 3), gone('b', 3)], [order('b', 2)]);
      const stream = kept(plain, { log: now }, definition);
      const before = await rowsOf(bench.pool, plain);
      await prune(stream);
      expect(await linesOf(plain)).toEqual(left);
      expect(await bench.compare(stream)).toMatchObject({ differences: none });
      // Late ones still meet the tombstone.
      await read(stream, [order('a', 2), order('b', 1)]);
      expect(await bench.compare(stream)).toMatchObject({ differences: none });
      expect((await rowsOf(bench.pool, plain)).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    }
  });

  test('of a replace keeps what its last complete listing has, and what is being read', async () => {
    for (const primaryKey of [['id'], []]) {
      const definition: Partial<StreamInput> = { disposition: 'replace', primaryKey, version: [] };
      const plain = aStream({ schema, ...definition });
      await read(plain, [order('a', 1), order('b', 1), order('c', 1)]);
      await read(plain, [order('a', 2), order('b', 1)]);
      await read(plain, [order('a', 2), order('b', 1), order('d', 1)]);
      const broken = await runOf(bench.warehouse, plain, { window: '2025-01-01' });
      await broken.commit(broken.page([order('a', 9), order('z', 9)]));
      const stream = kept(plain, { log: now }, definition);
      const held = await prune(stream);
      expect(held).toMatchObject({ stays: expect.stringMatching(/for run .*2025-01-01, which is not done$/) });
      expect(held.lines).toBeGreaterThan(0);
      expect(await bench.compare(stream)).toMatchObject({ differences: none });
      await broken.finish();
      expect(await bench.compare(stream)).toMatchObject({ differences: none });
      await prune(stream);
      expect(await bench.compare(stream)).toMatchObject({ differences: none });
      expect((await rowsOf(bench.pool, plain)).map(({ id }) => String(id)).toSorted(undefined)).toEqual(['a', 'z']);
      await read(plain, [order('z', 9)]);
      await prune(stream);
      expect(await bench.compare(stream)).toMatchObject({ differences: none });
    }
  });

  test('waits for a target that has not loaded, for a run, for a definition, and leaves a history and an append alone', async () => {
    const plain = aStream({ schema });
    await read(plain, [order('a', 1)], [order('a', 2)], [order('a', 3)]);
    const lagging = kept(plain, { log: now }, { targets: ['lake'] });
    expect(await prune(lagging)).toMatchObject({
      lines: 0,
      stays: 'events above 0 stay for target lake, which has loaded orders up to event 0',
    });
    await bench.pool.query(
      `insert into target_states (target, partner, stream, cursor) values ('lake', $1, 'orders', 2)`,
      [plain.partner.name],
    );
    expect(await prune(lagging)).toMatchObject({ lines: 1 });
    const stays = async (definition: Partial<StreamInput>): Promise<unknown> =>
      (await prune(kept(plain, { log: now }, definition))).stays;
    expect(await stays({ history: true })).toContain('its history is made of these events');
    expect(await stays({ primaryKey: ['id', 'v'] })).toContain('its definition has changed');
    expect(await stays({ disposition: 'append' })).toBe('every event is a row of its table');
    expect(await linesOf(plain)).toEqual(['2 u a', '3 u a']);
  });

  test('a worker cannot remove a line that still counts, whatever it names', async () => {
    const plain = aStream({ schema, deletes: { field: 'deleted_at' } });
    await read(plain, [order('a', 1), order('b', 1)], [order('a', 2), gone('b', 2)]);
    const id = await idOf(plain);
    const { definitionVersion } = plain;
    await bench.pool.query(
      'insert into log_due (stream_id, event, instead) select $1, event, instead from (values (1, 2), (2, null), (3, 1), (4, 3)) as due(event, instead)',
      [id],
    );
    const { rows } = await bench.pool.query('select lines, remaining from remove_lines($1, $2, 4, 100)', [
      id,
      definitionVersion,
    ]);
    expect(rows).toEqual([{ lines: '0', remaining: false }]);
    expect(await linesOf(plain)).toHaveLength(4);
  });

  test('a line that retention did not remove is missing', async () => {
    const plain = aStream({ schema });
    await read(plain, [order('a', 1)], [order('a', 2)], [order('b', 1)], [order('b', 2)]);
    await prune(kept(plain, { log: now }, {}));
    const place = { partner: plain.partner.name, stream: 'orders' };
    expect(await checkLog(bench.pool, place)).toEqual({ lines: 3, removed: 1, missing: 0, rows: 0 });
    await bench.pool.query(`delete from events_${await idOf(plain)} where event = 2`);
    expect(await checkLog(bench.pool, place)).toEqual({ lines: 2, removed: 1, missing: 1, rows: 1 });
  });
});

describe('retention and undo', () => {
  const by = { by: 'ann', reason: 'a test', dryRun: false };
  const nights: readonly (readonly unknown[])[] = [
    [order('a', 1), order('b', 1), order('c', 1)],
    [order('a', 2), gone('b', 2), order('c', 2)],
    [order('a', 3), order('b', 9), gone('c', 3)],
  ];

  test.each(['hard', 'soft'] as const)(
    'a later run is undone, and taken back, as if nothing had been removed (%s)',
    async (as) => {
      const definition: Partial<StreamInput> = { deletes: { field: 'deleted_at', as, hold: false } };
      const seen: unknown[] = [];
      for (const prunes of [false, true]) {
        const plain = aStream({ schema, ...definition });
        const stream = kept(plain, { log: now }, definition);
        const runs: string[] = [];
        for (const [n, night] of nights.entries()) {
          const run = await runOf(bench.warehouse, plain, { window: `2024-01-0${n + 1}` });
          await run.commit(run.page(night));
          await run.finish();
          runs.push(run.opened.run.syncId);
          if (prunes && n === 1) await prune(stream);
        }
        const of = (n: number) => ({ runs: [{ stream: plain, syncId: runs[n] as string }], ...by });
        const ids = async (): Promise<unknown> =>
          (await rowsOf(bench.pool, plain)).map(({ id, v, _event, _deleted_at }) => [id, v, _event, _deleted_at]);
        expect((await linesOf(plain)).length).toBe(prunes ? (as === 'hard' ? 7 : 8) : 9);
        const before = await ids();
        await undoRuns(bench.pool, of(2));
        const undone = await ids();
        // What the undone run has touched stays while it may be taken back.
        if (prunes) await prune(stream);
        await takeUndosBack(bench.pool, of(2));
        expect(await ids()).toEqual(before);
        expect(await bench.compare(plain)).toMatchObject({ differences: none });
        seen.push({ before, undone });
        const earlier = undoRuns(bench.pool, of(1)).then(
          () => 'undone',
          (error: Error) => error.message,
        );
        expect(await earlier).toMatch(prunes ? /retention has removed events below/ : /^undone$/);
      }
      expect(seen[1]).toEqual(seen[0]);
    },
  );
});

describe('retention of a ledger', () => {
  test('removes pages of runs that ended which brought nothing new, and no others', async () => {
    const plain = aStream({ schema, errorBudget: { count: 100, share: 1 } });
    await read(plain, [order('a', 1)], [order('b', 1)]);
    await read(plain, [order('a', 1)], [order('b', 1)], [{ id: 7 }]);
    await read(plain, [order('a', 1)], [order('b', 2)], [{ id: 7 }]);
    const open = await runOf(bench.warehouse, plain, { window: '2025-02-01' });
    await open.commit(open.page([order('a', 1)]));
    const pages = async (): Promise<unknown> =>
      (
        await bench.pool.query(
          `select string_agg(concat(run_no, '/', page_no), ' ' order by page_id) as pages from pages where stream_id = $1`,
          [await idOf(plain)],
        )
      ).rows[0]?.pages;
    const stream = kept(plain, { ledger: '0ms' }, { errorBudget: { count: 100, share: 1 } });
    const before = await pages();
    const would = await prune(stream, true);
    expect(await pages()).toBe(before);
    expect(await prune(stream)).toMatchObject({ lines: 0, pages: would.pages, pageBytes: would.pageBytes });
    // The last page of each run is empty.
    expect([before, await pages()]).toEqual([
      '1/1 1/2 1/3 2/1 2/2 2/3 2/4 3/1 3/2 3/3 3/4 4/1',
      '1/1 1/2 2/3 3/2 3/3 4/1',
    ]);
    await open.commit(open.page([order('a', 2)]));
    expect(await open.finish()).toMatchObject({ outcome: 'ok', counts: { fetched: 2, unchanged: 1, updated: 1 } });
    expect(await bench.compare(stream)).toMatchObject({ differences: none });
  });

  test('forgets records that waited and were released, not those that wait or that a person dropped', async () => {
    const keep = { log: now, settled: '0ms' } as const;
    const { payments, refunds } = payAndRefund({ keep });
    await arrive(bench.warehouse, refunds, ...['a', 'b', 'c'].map((id) => ({ id, v: 1, of: id })));
    await arrive(bench.warehouse, payments, { id: 'a', v: 1 });
    await bench.pool.query(
      `update waiting w set status = 'dropped', settled_at = now(), by_person = 'ann', reason = 'never comes' from streams s
        where s.stream_id = w.stream_id and s.partner = $1 and key = 'b'`,
      [refunds?.partner.name],
    );
    // Their runs are not done: nothing of them may go.
    expect(await prune(refunds as CompiledStream)).toMatchObject({ lines: 0, waited: 1 });
    expect(await waits(bench.pool, refunds)).toEqual(['dropped b', 'waiting c']);
    await bench.pool.query(
      `update stream_runs set state = 'done', outcome = 'ok', finished_at = now() where state = 'running'`,
    );
    await prune(refunds as CompiledStream);
    // What was dropped is known by its entry, not by its event.
    expect(await log(bench.pool, refunds)).toEqual(['w c', 'u a']);
    await arrive(bench.warehouse, refunds, { id: 'b', v: 1, of: 'b' });
    await arrive(bench.warehouse, payments, { id: 'b', v: 1 }, { id: 'c', v: 1 });
    expect(await rows(bench.pool, refunds)).toEqual(['a 1', 'c 1']);
    expect(await bench.compare(refunds as CompiledStream)).toMatchObject({ differences: none });
  });
});

describe('whatever came, and whenever it is pruned', () => {
  const seeds = Array.from({ length: long ? 60 : 1 }, (_, i) => i + 1);
  test.each([
    ['hard', { deletes: { field: 'deleted_at' } }],
    ['soft', { deletes: { field: 'deleted_at', as: 'soft' } }],
    ['without a version', { version: [] }],
    ['listed', { disposition: 'replace' }],
  ] as [string, Partial<StreamInput>][])(
    'the table is what the log makes of it, now and as of the horizon (%s)',
    async (name, definition) => {
      for (const seed of seeds) {
        const random = randomOf(seed * 7919);
        const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
        const plain = aStream({ schema, ...definition });
        for (let night = 0; night < 5; night++) {
          const records = (): unknown[] =>
            Array.from({ length: 1 + Math.floor(random() * 6) }, () => {
              const id = pick(['a', 'b', 'c', 'd']);
              const v = Math.floor(random() * 6);
              return 'deletes' in definition && random() < 0.3 ? gone(id, v) : order(id, v, pick(['p', 'q']));
            });
          await read(plain, records(), records());
          if (random() < 0.3) continue;
          const id = await idOf(plain);
          const stream = kept(
            plain,
            { log: pick([now, { versionsPerKey: 2, atLeast: '0ms' }, { size: '1kB', atLeast: '0ms' }]) },
            definition,
          );
          const { rows } = await bench.pool.query<{ last_event: string }>(
            'select last_event from streams where stream_id = $1',
            [id],
          );
          const horizon = Number(rows[0]?.last_event) - 1;
          const before = await foldUpTo(bench.pool, plain, id, horizon);
          expect({ seed, night, name, before: (await bench.compare(stream)).differences }).toEqual({
            seed,
            night,
            name,
            before: none,
          });
          await prune(stream);
          expect({ seed, night, name, ...(await bench.compare(stream)).differences }).toEqual({
            seed,
            night,
            name,
            ...none,
          });
          expect(await foldUpTo(bench.pool, plain, id, horizon)).toEqual(before);
          expect(await checkLog(bench.pool, { partner: plain.partner.name, stream: 'orders' })).toMatchObject({
            missing: 0,
            rows: 0,
          });
        }
      }
    },
    long ? 300_000 : 30_000,
  );
});
