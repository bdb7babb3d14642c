import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { array, assert, asyncProperty, constantFrom, integer, nat, record, boolean, type Arbitrary } from 'fast-check';
import { historyColumns } from '../../core/history-columns.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import type { TargetDefinition } from '../../definitions/targets.ts';
import { takeUndosBack, undoRuns, type UndoReport } from '../../landing/undo-run.ts';
import type { StreamReport } from '../../landing/warehouse.ts';
import type { ReadRow, Target } from '../../targets/target.ts';
import { firstOf, long } from '../support/long.ts';
import { kinds, useKind } from '../targets/kinds.ts';
import { openLandBench, PARTNER, type LandBench } from '../targets/land-bench.ts';

let bench: LandBench;
beforeAll(async () => {
  bench = await openLandBench();
});
afterAll(() => bench.close());

let streams = 0;
/** Cases of each kind in the long form. */
const LONG = Number(process.env['UNDO_CASES'] ?? 300);
const by = { by: 'tester', reason: 'a test', dryRun: false };

const schema = {
  type: 'object',
  required: ['id'],
  properties: {
    id: { type: 'string' },
    v: { type: ['integer', 'null'] },
    text: { type: ['string', 'null'] },
    op: { type: ['string', 'null'] },
  },
};
const versioned = { primaryKey: ['id'], version: ['v'], schema, history: true } satisfies Partial<StreamInput>;
/** The short form takes the first four. */
const shapes: Readonly<Record<string, Partial<StreamInput>>> = {
  'by arrival': { primaryKey: ['id'], schema, history: true },
  'with deletes': { ...versioned, deletes: { field: 'op', equals: 'delete', hold: false } },
  append: { primaryKey: ['id'], schema, disposition: 'append' },
  'with sweeps, rows stay': { ...versioned, deletes: { sweep: true, as: 'soft', hold: false } },
  'by versions': versioned,
  'with deletes whose rows stay': { ...versioned, deletes: { field: 'op', equals: 'delete', as: 'soft', hold: false } },
  'by arrival, with deletes': { primaryKey: ['id'], schema, deletes: { field: 'op', equals: 'delete', hold: false } },
  'with sweeps': { ...versioned, deletes: { sweep: true, hold: false } },
};

interface Item {
  readonly id: string;
  readonly v: number;
  readonly text: string;
  readonly gone: boolean;
}
const items: Arbitrary<readonly Item[]> = array(
  record({ id: constantFrom('a', 'b', 'c'), v: nat(5), text: constantFrom('x', 'y', 'z'), gone: boolean() }),
  { minLength: 0, maxLength: 4 },
);
const written = ({ id, v, text, gone }: Item, deletes: boolean): string =>
  JSON.stringify({ id, v, ...(gone && deletes ? { op: 'delete' } : { text }) });

/** All that the store and its targets say, without when and with which numbers it came. */
interface World {
  readonly table: readonly unknown[];
  readonly log: readonly unknown[];
  readonly tombstones: readonly unknown[];
  /** Each target with its tables, of which there are so many. */
  readonly targets: readonly (readonly unknown[])[];
  readonly tables: number;
}

const valuesOf = (rows: readonly ReadRow[]): readonly unknown[] =>
  rows.map(({ values, extra, deletedAt }) => JSON.stringify([values, extra, deletedAt !== undefined])).toSorted();
/** Times are those of arrival: two worlds have others. */
const versionsOf = (rows: readonly ReadRow[]): readonly unknown[] =>
  rows
    .map(({ values }) => {
      const [, to, ...own] = values.slice(-OWN, -1);
      return JSON.stringify([...values.slice(0, -OWN), to !== null, ...own]);
    })
    .toSorted();
const OWN = historyColumns.length;

const isSwept = (said: string | undefined): boolean => said?.startsWith('d ') === true && said.endsWith(' null');
async function logOf(stream: string): Promise<readonly unknown[]> {
  const { rows } = await bench.pool.query<{ said: string }>(
    `select concat_ws(' ', e.operation, e.key, e.version, e.hash, e.payload::text) as said from events e join streams s using (stream_id)
      where s.partner = $1 and s.name = $2 and e.operation in ('u', 's', 'd') order by e.event`,
    [PARTNER, stream],
  );
  // A sweep goes through rows in the order of their events, which differ.
  const log = rows.map(({ said }) => said);
  for (let from = 0; from < log.length; from++) {
    let to = from;
    while (isSwept(log[to])) to += 1;
    if (to > from) log.splice(from, to - from, ...log.slice(from, to).toSorted());
  }
  return log;
}
async function tombstonesOf(stream: string): Promise<readonly unknown[]> {
  const { rows } = await bench.pool.query<{ said: string }>(
    `select concat_ws(' ', t.key, t.version, t.hash, t.swept) as said from tombstones t join streams s using (stream_id)
      where s.partner = $1 and s.name = $2 order by 1`,
    [PARTNER, stream],
  );
  return rows.map(({ said }) => said);
}
/** All of it, with its numbers and times. */
async function exactly(stream: string): Promise<readonly unknown[]> {
  const of = `(select stream_id from streams where partner = '${PARTNER}' and name = '${stream}')`;
  const said: unknown[] = [];
  for (const text of [
    `select to_jsonb(t) - '_loaded_at' as row from ${PARTNER}.${stream} t`,
    `select to_jsonb(t) as row from tombstones t where stream_id = ${of}`,
    `select to_jsonb(e) as row from events e where stream_id = ${of} and operation <> 'r'`,
    `select jsonb_build_array(watermark, validators, kept_cursor) as row from streams where stream_id = ${of}`,
  ])
    said.push((await bench.pool.query<{ row: unknown }>(text)).rows.map(({ row }) => JSON.stringify(row)).toSorted());
  return said;
}

async function load(stream: string, targets: readonly Target[], rows = 3): Promise<void> {
  for (const target of targets)
    for (const table of [stream, `${stream}.history`]) {
      if (table !== stream && (await bench.compiled(stream)).history === undefined) continue;
      while ((await bench.apply(table, target, rows)).state !== 'caughtUp');
    }
}

async function worldOf(stream: string, targets: readonly Target[]): Promise<World> {
  await load(stream, targets);
  const history = (await bench.compiled(stream)).history !== undefined;
  const landed: (readonly unknown[])[] = [];
  for (const target of targets) {
    landed.push(valuesOf(await bench.landed(stream, target)));
    if (history) landed.push(versionsOf(await bench.landed(`${stream}.history`, target)));
  }
  return {
    table: valuesOf(await bench.shown(stream)),
    log: await logOf(stream),
    tombstones: await tombstonesOf(stream),
    targets: landed,
    tables: landed.length / Math.max(1, targets.length),
  };
}

/** Events that a run has logged, by its counts. */
const logged = ({ counts, removed }: StreamReport): number =>
  counts.inserted + counts.updated + counts.stale + counts.deleted + removed;

const undo = async (stream: string, { syncId }: StreamReport): Promise<UndoReport> =>
  (await undoRuns(bench.pool, { runs: [{ stream: await bench.compiled(stream), syncId }], ...by }))[0] as UndoReport;
const back = async (stream: string, { syncId }: StreamReport) =>
  takeUndosBack(bench.pool, { runs: [{ stream: await bench.compiled(stream), syncId }], ...by });

describe('a run that is undone', () => {
  const warehouses = kinds.map(useKind);
  let declared: readonly TargetDefinition[];
  beforeAll(async () => {
    declared = await Promise.all(warehouses.map((each) => each.declare()));
  });
  const open = (): Promise<readonly Target[]> =>
    Promise.all(warehouses.map((each, i) => each.open(declared[i] as TargetDefinition)));

  test.each(firstOf(Object.keys(shapes), 4))(
    'leaves log, tables and histories as if it had never been, and taken back as they were: %s',
    async (shape) => {
      const definition = shapes[shape] as Partial<StreamInput>;
      const { deletes } = definition;
      const pagesOf = (run: readonly Item[]): readonly (readonly string[])[] =>
        [run.slice(0, 2), run.slice(2)].map((page) =>
          page.map((item) => written(item, deletes !== undefined && 'field' in deletes)),
        );
      const targets = await open();
      await assert(
        asyncProperty(
          array(items, { minLength: 2, maxLength: 5 }),
          nat(4),
          array(integer({ min: 0, max: 3 }), { minLength: 5, maxLength: 5 }),
          async (runs, place, loads) => {
            const undone = place % runs.length;
            const [own, without, all] = [`u${(streams += 1)}`, `u${(streams += 1)}`, `u${(streams += 1)}`] as const;
            await bench.define({ [own]: { ...definition }, [without]: { ...definition }, [all]: { ...definition } });
            const reports: StreamReport[] = [];
            const others: StreamReport[] = [];
            for (const [i, run] of runs.entries()) {
              reports.push(await bench.pull(own, pagesOf(run)));
              await bench.pull(all, pagesOf(run));
              if (i !== undone) others.push(await bench.pull(without, pagesOf(run)));
              if ((loads[i] ?? 0) === 0) await load(own, targets, 2);
            }
            const before = await exactly(own);
            const worldBefore = await worldOf(own, targets);
            const report = reports[undone] as StreamReport;
            const { effects } = await undo(own, report);
            expect(effects.events).toBe(logged(report));
            // What later runs found unchanged, or gone, since this one had brought or swept it, is not in the log.
            const isWhole = reports
              .filter((_, i) => i !== undone)
              .every(({ counts: { unchanged, deleted }, removed, outcome }, i) => {
                const other = others[i];
                return (
                  unchanged === other?.counts.unchanged &&
                  deleted === other.counts.deleted &&
                  removed === other.removed &&
                  outcome === other.outcome
                );
              });
            const after = await worldOf(own, targets);
            const never = await worldOf(without, targets);
            expect(isWhole ? after : null).toEqual(isWhole ? never : null);
            expect(after.targets.map((_, i) => after.targets[i % after.tables])).toEqual(after.targets);
            expect(after.targets[0]).toEqual(after.table);

            // A table that begins at the log's first event comes to the same.
            for (const target of targets) await target.drop(await bench.tableOf(own));
            expect((await worldOf(own, targets)).targets).toEqual(after.targets);

            await back(own, report);
            expect(await exactly(own)).toEqual(before);
            expect(await worldOf(own, targets)).toEqual(worldBefore);

            // The next run reads it again.
            await undo(own, report);
            const left = runs.filter((_, i) => i !== undone);
            const again = shape.startsWith('with sweeps') ? (left.at(-1) ?? []) : left.flat();
            const outcomes = new Set<unknown>();
            for (const stream of [own, without, all]) outcomes.add((await bench.pull(stream, pagesOf(again))).outcome);
            // A listing that shrank by half sweeps nothing, and what it is compared with is another one.
            if (outcomes.size > 1) return;
            expect((await worldOf(own, targets)).table).toEqual((await worldOf(without, targets)).table);
            const refused: unknown = shape === 'append' ? await back(own, report).catch(String) : null;
            expect(String(refused)).toMatch(shape === 'append' ? /would be there twice/u : /^null$/u);
            if (shape === 'append') return;
            const [taken] = await back(own, report);
            // What was found unchanged without it is read again.
            if ((taken?.effects.unchanged ?? 0) > 0 || shape.startsWith('with sweeps')) {
              const one = await bench.pull(own, pagesOf(again));
              const other = await bench.pull(all, pagesOf(again));
              if (one.outcome !== other.outcome) return;
            }
            const end = await worldOf(own, targets);
            expect(end.table).toEqual((await worldOf(all, targets)).table);
            expect(end.targets[0]).toEqual(end.table);
          },
        ),
        long ? { numRuns: LONG, endOnFailure: true } : { numRuns: 1, seed: 17 },
      );
    },
    600_000,
  );
});
