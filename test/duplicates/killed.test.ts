import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomInt } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';
import { compareRows, type FoundPair, type RowRef } from '../../core/duplicates.ts';
import { openPool } from '../../landing/postgres-warehouse.ts';
import { beginChange, changePiece } from '../../store/duplicates/changes.ts';
import { decidePairs } from '../../store/duplicates/decide.ts';
import { writePairs } from '../../store/duplicates/pairs.ts';
import { beginPlan, notePlanReady, type BegunPlan } from '../../store/duplicates/plans.ts';
import { transaction } from '../../store/session/transaction.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { long } from '../support/long.ts';
import { applyPairs, changePairs, planPairs } from './apply-pairs.ts';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await freshDatabase();
  pool = openPool(database.url);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const given = { by: 'tester', reason: 'a test' };
const GATE = 4712;
/** Several pieces of a change. */
const PAIRS = 1600;

const ref = (n: number): RowRef => ({ stream: n % 3 === 0 ? 'shop.customers' : 'crm.contacts', row: `r${n}` });

/** Clusters of four rows; `step`: which of their pairs. */
function pairsOf(step: number): readonly FoundPair[] {
  return Array.from({ length: PAIRS }, (_, n) => {
    const base = Math.floor(n / 3) * 4;
    const rows = [ref(base + (n % 3)), ref(base + ((n % 3) + step > 3 ? 0 : (n % 3) + step))];
    const [left, right] = rows.toSorted(compareRows) as [RowRef, RowRef];
    return { left, right, rule: 'score', weight: (n * 7) % 11, probability: 1, levels: {} };
  }).filter(({ left, right }) => compareRows(left, right) < 0);
}

interface World {
  readonly members: readonly string[];
  readonly links: readonly string[];
}

async function worldOf(name: string): Promise<World> {
  const { rows: members } = await pool.query<{ line: string }>(
    `select concat_ws(' ', stream, row, entity) as line from duplicate_members where name = $1 order by 1`,
    [name],
  );
  const { rows: links } = await pool.query<{ line: string }>(
    `select concat_ws(' ', left_stream, left_row, right_stream, right_row, weight, ended_in is null) as line from duplicate_links where name = $1 order by 1`,
    [name],
  );
  return { members: members.map(({ line }) => line), links: links.map(({ line }) => line) };
}

/** Two names with the same pairs in force, and a plan of each that is approved: the first is disturbed. */
async function twins(): Promise<readonly { readonly name: string; readonly plan: number }[]> {
  const made: { name: string; plan: number }[] = [];
  for (const side of ['disturbed', 'quiet']) {
    const name = `${side}${(made.length + 1) * 1000 + randomInt(100_000)}`;
    await applyPairs(pool, { name, pairs: pairsOf(2) });
    const plan = await planPairs(pool, { name, pairs: pairsOf(1) });
    await decidePairs(pool, { plan, filter: {}, decision: 'merge', ...given });
    made.push({ name, plan });
  }
  return made;
}

const script = fileURLToPath(new URL('change-process.ts', import.meta.url));

/** Makes a change in a process that is killed when `when` comes back; whether it was. */
async function killed(change: number, when: (said: () => string) => Promise<void>): Promise<boolean> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, database.url, String(change)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  await Promise.race([when(() => said), ended]);
  child.kill('SIGKILL');
  const [, signal] = await ended;
  return signal === 'SIGKILL';
}

/** Killed while its second piece writes who belongs together. */
async function killedInside(change: number): Promise<boolean> {
  const gate = await pool.connect();
  try {
    await gate.query(
      `create or replace function gate() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(${GATE}); return null; end $$`,
    );
    await changePiece(pool, change);
    await gate.query('create trigger gate after insert or delete on duplicate_members execute function gate()');
    await gate.query(`select pg_advisory_lock(${GATE})`);
    return await killed(change, async () => {
      await eventually(
        async () =>
          (await gate.query(`select from pg_locks where locktype = 'advisory' and objid = ${GATE} and not granted`))
            .rowCount === 1,
      );
    });
  } finally {
    await gate.query(`select pg_advisory_unlock_all()`);
    await eventually(async () => {
      const { rowCount } = await gate.query(
        `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state = 'active' and backend_type = 'client backend'`,
      );
      return rowCount === 0;
    });
    await gate.query('drop trigger gate on duplicate_members');
    gate.release();
  }
}

async function finish(change: number): Promise<void> {
  while (await changePiece(pool, change)) continue;
}

test('a process that is killed while it applies or undoes leaves what an undisturbed one does', async () => {
  const [disturbed, quiet] = (await twins()) as [{ name: string; plan: number }, { name: string; plan: number }];
  for (const action of ['apply', 'undo'] as const) {
    const change = await beginChange(pool, { plan: disturbed.plan, action, scope: {}, ...given });
    expect(await killedInside(change)).toBe(true);
    await finish(change);
    await changePairs(pool, quiet.plan, action);
    expect(await worldOf(disturbed.name)).toEqual(await worldOf(quiet.name));
  }
});

test('four workers that make the same change at once leave what one does', async () => {
  const [disturbed, quiet] = (await twins()) as [{ name: string; plan: number }, { name: string; plan: number }];
  for (const action of ['apply', 'undo'] as const) {
    const change = await beginChange(pool, { plan: disturbed.plan, action, scope: {}, ...given });
    await Promise.all(Array.from({ length: 4 }, () => finish(change)));
    await changePairs(pool, quiet.plan, action);
    expect(await worldOf(disturbed.name)).toEqual(await worldOf(quiet.name));
  }
});

test('a search that was frozen and wakes up beside its second attempt adds nothing to its plan', async () => {
  const begin = () =>
    transaction(pool, (client) =>
      beginPlan(client, {
        name: 'frozen',
        workflowId: 'frozen',
        settings: { largest: 9 },
        follows: null,
        by: 'tester',
      }),
    );
  const write = (of: BegunPlan, first: number, pairs: readonly FoundPair[]): Promise<number> =>
    writePairs(pool, { ...of, name: 'frozen', first, merge: 0.9, pairs });
  const ready = (of: BegunPlan) => notePlanReady(pool, { ...of, weights: {}, lookedAt: {}, counts: {} });
  const pairs = pairsOf(1).slice(0, 4);
  const frozen = await begin();
  expect(await write(frozen, 1, pairs.slice(0, 2))).toBe(2);
  const second = await begin();
  expect(await write(frozen, 3, pairs.slice(2))).toBe(0);
  await expect(ready(frozen)).rejects.toThrow('is being found by another attempt');
  expect(await write(second, 1, pairs)).toBe(4);
  await ready(second);
  // Asked for once more, it is there.
  expect(await begin()).toMatchObject({ plan: second.plan, state: 'ready' });
  expect((await pool.query('select from duplicate_pairs where plan_id = $1', [second.plan])).rowCount).toBe(4);
});

(long ? describe : describe.skip)('in full', () => {
  test('at any moment', async () => {
    const [disturbed, quiet] = (await twins()) as [{ name: string; plan: number }, { name: string; plan: number }];
    let kills = 0;
    for (let round = 0; round < 40; round += 1) {
      const action = round % 2 === 0 ? 'apply' : 'undo';
      const change = await beginChange(pool, { plan: disturbed.plan, action, scope: {}, ...given });
      const delay = randomInt(0, 1200);
      const wasKilled = await killed(change, async (said) => {
        await eventually(() => Promise.resolve(said().includes('begins')));
        await wait(delay);
      });
      if (wasKilled) kills += 1;
      await finish(change);
      await changePairs(pool, quiet.plan, action);
      expect(await worldOf(disturbed.name)).toEqual(await worldOf(quiet.name));
    }
    process.stderr.write(`${kills} of 40 processes were killed before their end\n`);
    expect(kills).toBeGreaterThan(10);
  }, 1_800_000);
});
