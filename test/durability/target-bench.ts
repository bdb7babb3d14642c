import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tableOf } from '../../apply/table-of.ts';
import { compileStream } from '../../definitions/compile.ts';
import { loadPartner } from '../../definitions/load.ts';
import { target as definition, type TargetDefinition } from '../../definitions/targets.ts';
import { plainNames } from '../../messages/names.ts';
import type { RunReport } from '../../messages/sync-partner.ts';
import { openPool } from '../../store/session/open-pool.ts';
import { listTargetStates, type TargetLag } from '../../store/target-states.ts';
import { readRows } from '../../targets/postgres/read-rows.ts';
import type { TargetTable } from '../../targets/target.ts';
import { openTarget } from '../../workers/open-target.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { definePartner, runToEnd, startProcess, type Ground } from './durable-bench.ts';

/** A DuckDB file, and a second PostgreSQL. */
export const targets = ['lake', 'mart'] as const;
export type TargetName = (typeof targets)[number];
export type Declared = Readonly<Partial<Record<TargetName, TargetDefinition>>>;

export async function declareTargets(
  { partnersDir }: Ground,
  { lake, mart }: { readonly lake: string; readonly mart?: string },
): Promise<Declared> {
  // Small loads, so that there are many.
  const loads = { every: '100ms', rows: 250 };
  const declared = {
    lake: { type: 'duckdb', path: lake, ...loads },
    ...(mart === undefined ? {} : { mart: { type: 'postgres', url: mart, ...loads } }),
  };
  await writeFile(join(partnersDir, 'targets.yaml'), JSON.stringify({ targets: declared }));
  return Object.fromEntries(Object.entries(declared).map(([name, of]) => [name, definition.parse(of)]));
}

/** One stream in pages of 100, written to these targets. Requests are limited: two pages are in flight at most. */
export const definePartnerInto = (ground: Ground, partner: string, into: readonly TargetName[]): Promise<void> =>
  definePartner(ground, partner, `{ rate: 500, per: 1s, burst: 50 }\ntargets: [${into.join(', ')}]`);

/** Workflows, and all that is asked of a partner. */
export const startPuller = (ground: Ground, partner: string, env: Record<string, string> = {}): WorkerProcess =>
  startProcess(ground, {
    roles: ['workflows', 'partners'],
    readyQueue: plainNames.partnerQueue(partner),
    env,
  });

/** The process that has some targets open. */
export const startLoader = (
  ground: Ground,
  names: readonly TargetName[],
  env: Record<string, string> = {},
): WorkerProcess =>
  startProcess(ground, {
    roles: names.map((name) => `target=${name}`),
    readyQueue: plainNames.targetQueue(names.at(-1) ?? ''),
    env,
  });

/** The run of a night, by its number. */
export const runNight = (ground: Ground, partner: string, night: number): Promise<RunReport> =>
  runToEnd(ground, partner, 1, `2026-11-${String(night).padStart(2, '0')}`);

export interface Place {
  readonly partner: string;
  readonly target: TargetName;
}

export async function lagOf(ground: Ground, { partner, target }: Place): Promise<TargetLag> {
  const pool = openPool(ground.databaseUrl, 1);
  try {
    const [lag] = await listTargetStates(pool, { wanted: [{ target, partner, stream: 'payments' }] });
    return lag as TargetLag;
  } finally {
    await pool.end();
  }
}

/** `since`: and something was loaded after that. */
export async function isCaughtUp(
  ground: Ground,
  place: Place,
  since: { readonly appliedAt: string | null } = { appliedAt: null },
): Promise<boolean> {
  const { behind, lastEvent, appliedAt, error } = await lagOf(ground, place);
  return lastEvent > 0 && behind === 0 && error === null && appliedAt !== since.appliedAt;
}

export interface Shown {
  readonly event: number;
  readonly rows: readonly { readonly event: number; readonly values: readonly (string | null)[] }[];
}

/** The stream's table in the store, which a target has to show. */
export async function shownByStore(ground: Ground, partner: string): Promise<Shown> {
  const table = await tableFor(ground, partner);
  const pool = openPool(ground.databaseUrl, 1);
  const client = await pool.connect();
  try {
    await client.query('begin');
    const rows = await all(readRows(client, table));
    const events = await client.query<{ last_event: string }>('select last_event from streams where partner = $1', [
      partner,
    ]);
    return { event: Number(events.rows[0]?.last_event), rows };
  } finally {
    await client.query('rollback').catch(() => {});
    client.release();
    await pool.end();
  }
}

/** The same of a target that no worker has open. */
export async function shownBy(ground: Ground, declared: Declared, { partner, target }: Place): Promise<Shown> {
  const table = await tableFor(ground, partner);
  const opened = await openTarget(target, declared[target] as TargetDefinition, plainNames.controlSchema);
  try {
    return { rows: await all(opened.rows(table)), event: (await opened.open(table)).event };
  } finally {
    await opened.close();
  }
}

export const tableFor = async ({ partnersDir }: Ground, partner: string): Promise<TargetTable> =>
  tableOf(compileStream(await loadPartner(partner, { dir: partnersDir, env: {} }), 'payments', plainNames));

async function all<T>(rows: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const row of rows) found.push(row);
  return found;
}
