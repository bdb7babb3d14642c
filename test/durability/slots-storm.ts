import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import type { WorkerProcess } from '../support/worker-process.ts';

/** An activity that some process is at work with. */
export interface Held {
  readonly pid: number;
  readonly activity: string;
}

/** Of `PendingActivityState`: some process has it. */
const STARTED = 2;

/** Who is at work with what, as Temporal knows it. */
export async function heldNow(client: Client): Promise<readonly Held[]> {
  const held: Held[] = [];
  for await (const { workflowId } of client.workflow.list({ query: `ExecutionStatus = 'Running'` })) {
    // It may have ended meanwhile.
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    for (const { activityType, lastWorkerIdentity, state } of raw.pendingActivities ?? [])
      if (Number(state) === STARTED)
        held.push({ pid: Number.parseInt(lastWorkerIdentity ?? '', 10), activity: activityType?.name ?? '' });
  }
  return held;
}

/** Waits until such a process is there, for so long; otherwise any will do. */
export async function victimAmong(
  client: Client,
  workers: readonly WorkerProcess[],
  isFit: (of: { readonly pid: number; readonly activities: readonly string[] }) => boolean,
  patienceMs: number,
): Promise<{ readonly worker: WorkerProcess; readonly activities: readonly string[]; readonly fit: boolean }> {
  for (const end = Date.now() + patienceMs; ;) {
    const held = await heldNow(client);
    const all = workers.map((worker) => ({
      worker,
      pid: worker.pid,
      activities: held.filter(({ pid }) => pid === worker.pid).map(({ activity }) => activity),
    }));
    const found = all.find(isFit);
    if (found !== undefined) return { ...found, fit: true };
    if (Date.now() > end) return { ...(all[0] as (typeof all)[0]), fit: false };
    await sleep(20);
  }
}

/** Keeps everybody out of a table, until it is opened. */
export async function gateAt(pool: Pool, table: string): Promise<() => Promise<void>> {
  const client = await pool.connect();
  await client.query('begin');
  await client.query(`lock table ${table} in access exclusive mode`);
  return async () => {
    await client.query('rollback');
    client.release();
  };
}

/** SIGSTOP for so long: its connections stay, and Temporal may give it work. */
export async function freeze(
  worker: WorkerProcess,
  ms: number,
  meanwhile = (): Promise<void> => Promise.resolve(),
): Promise<void> {
  process.kill(worker.pid, 'SIGSTOP');
  try {
    await Promise.all([meanwhile(), sleep(ms)]);
  } finally {
    process.kill(worker.pid, 'SIGCONT');
  }
}
