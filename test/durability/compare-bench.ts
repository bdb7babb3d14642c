import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type { Pool } from 'pg';
import { startCompare } from '../../client/start-compare.ts';
import type { TargetDefinition } from '../../definitions/targets.ts';
import type { CompareTarget } from '../../messages/compare-target.ts';
import { plainNames } from '../../messages/names.ts';
import {
  listComparisons,
  readComparison,
  readDifferences,
  type Comparison,
} from '../../store/comparisons/read-comparisons.ts';
import type { RowDifference } from '../../core/target-comparison.ts';
import { openTarget } from '../../workers/open-target.ts';
import { changesOf, rowOf } from '../support/target-rows.ts';
import type { Ground } from './durable-bench.ts';
import { tableFor, type Declared, type Place } from './target-bench.ts';

/** Shorter than any product would have it: the next worker takes over after this. */
export const HEARTBEAT_MS = 1000;

/** What somebody does by hand while no worker has the target open: rows are missing, extra and different under the same cursor. */
export async function damage(ground: Ground, declared: Declared, { partner, target }: Place): Promise<void> {
  const table = await tableFor(ground, partner);
  const opened = await openTarget(target, declared[target] as TargetDefinition, plainNames.controlSchema);
  try {
    const rows: (readonly (string | null)[])[] = [];
    for await (const { values } of opened.rows(table)) rows.push(values);
    const { live } = await opened.placed(table);
    const event = live?.event ?? 0;
    const amount = table.columns.findIndex(({ name }) => name === 'amount_minor');
    const changed = rows.slice(5, 8).map((values) => values.with(amount, '-1'));
    const added = rows.slice(8, 10).map((values) => values.with(0, `${values[0]} again`));
    await opened.apply(
      table,
      changesOf(
        event,
        [...changed, ...added].map((values) => rowOf(2, values)),
        { to: event, deletes: rows.slice(0, 5).map(([key]) => [key ?? '']) },
      ),
    );
  } finally {
    await opened.close();
  }
}

export const startComparison = (ground: Ground, place: Place): Promise<WorkflowHandle<CompareTarget>> =>
  startCompare(ground.client, plainNames, {
    ...place,
    stream: 'payments',
    times: { heartbeatTimeoutMs: HEARTBEAT_MS },
  });

export interface Found extends Comparison {
  readonly differences: readonly RowDifference[];
}

/** What a comparison came to, but for its number and its times. */
export async function found(pool: Pool, id: number): Promise<Omit<Found, 'id' | 'startedAt' | 'finishedAt'>> {
  const { id: number, startedAt, finishedAt, ...comparison } = await readComparison(pool, id);
  if (finishedAt === null) throw new Error(`comparison ${number} goes on since ${startedAt}`);
  return { ...comparison, differences: await readDifferences(pool, { id, limit: 100 }) };
}

/** The last comparisons, as they stand now, with their findings. */
export async function lastFound(pool: Pool, limit: number): Promise<readonly unknown[]> {
  const last = await listComparisons(pool, { limit });
  return Promise.all(last.map(async (comparison) => ({ ...comparison, found: await found(pool, comparison.id) })));
}

/** What else there is in the folder of a DuckDB file. */
export async function besideFile(path: string): Promise<readonly string[]> {
  return (await readdir(dirname(path))).filter((name) => name !== basename(path) && name !== `${basename(path)}.wal`);
}

/** Tables and views that are there, temporary ones among them, and transactions that nobody ends. */
export async function leftIn(pool: Pool): Promise<unknown> {
  const relations = await pool.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'v', 'p') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg_toast%' order by 1`,
  );
  const open = await pool.query<{ query: string }>(
    `select query from pg_stat_activity where datname = current_database() and xact_start is not null and pid <> pg_backend_pid()`,
  );
  return { relations: relations.rows.map(({ name }) => name), open: open.rows };
}
