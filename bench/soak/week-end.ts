import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import type { Simulator } from '../../simulator/start.ts';
import { compare, isEqual, type Drift, type Row } from './compare.ts';
import { PARTNER } from './definitions.ts';
import type { Sender } from './pushes.ts';
import { readUnderWay } from './store-sample.ts';

const PATIENCE_MS = 60_000;
const LOOK_MS = 250;
/** Pools give up a connection that nobody has used for 10 s, and V8 gives memory back once little is allocated. */
export const REST_MS = 12_000;

/** Waits until nothing is under way. What is so all the same after a minute, as `name: number`. */
export async function restOf(pool: Pool, client: Client): Promise<readonly string[]> {
  for (const until = performance.now() + PATIENCE_MS; ; await sleep(LOOK_MS)) {
    const left = Object.entries(await readUnderWay(pool, client)).filter(([, n]) => n > 0);
    if (left.length === 0 || performance.now() > until) return left.map(([name, n]) => `${name}: ${n}`);
  }
}

/** Every table of the store and of the target, against what their senders hold; the target has a minute to catch up. */
export async function drifts(of: {
  readonly store: Pool;
  readonly mart: Pool;
  readonly simulator: Simulator;
  readonly sender: Sender;
}): Promise<readonly Drift[]> {
  const truths = truthsOf(of.simulator, of.sender);
  const found: Drift[] = [];
  for (const [place, pool] of [
    ['store', of.store],
    ['mart', of.mart],
  ] as const)
    for (const each of truths) {
      for (const until = performance.now() + PATIENCE_MS; ; await sleep(LOOK_MS)) {
        const drift = await compare(pool, { schema: PARTNER, ...each });
        if (isEqual(drift)) break;
        if (place === 'store' && !each.loaded ? true : performance.now() > until) {
          found.push({ ...drift, table: `${place} ${drift.table}` });
          break;
        }
      }
    }
  return found;
}

interface Truth {
  readonly table: string;
  readonly truth: readonly Row[];
  readonly where?: string;
  /** By a workflow of its own, not in the transaction of the batch. */
  readonly loaded: boolean;
}

function truthsOf(simulator: Simulator, sender: Sender): readonly Truth[] {
  const payments = simulator.truth('payments');
  return [
    { table: 'payments', truth: payments, loaded: false },
    { table: 'payments_history', truth: payments, where: 'is_current', loaded: true },
    { table: 'customers', truth: simulator.truth('customers'), loaded: false },
    { table: 'payment_methods', truth: simulator.truth('payment_methods'), loaded: false },
    { table: 'refunds', truth: simulator.truth('refunds'), loaded: false },
    { table: 'refunds_listed', truth: simulator.truth('refunds'), loaded: false },
    { table: 'events', truth: simulator.truth('events'), where: 'true', loaded: false },
    { table: 'orders', truth: sender.truth('orders'), loaded: false },
    { table: 'order_lines', truth: sender.truth('order_lines'), loaded: false },
  ];
}
