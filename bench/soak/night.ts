import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { startPrune } from '../../client/start-prune.ts';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import { plainNames } from '../../messages/names.ts';
import type { Simulator } from '../../simulator/start.ts';
import { FIRST_DAY, PARTNER } from './definitions.ts';
import { nightsFaults } from './faults.ts';
import type { Sender } from './pushes.ts';
import type { Role } from './roles.ts';
import { lookAround } from './visitor.ts';

export interface Stage {
  readonly client: Client;
  readonly simulator: Simulator;
  readonly sender: Sender;
  readonly ui: Role;
  /** SIGKILL, and a new one. */
  readonly killWorker: () => Promise<void>;
  readonly random: () => number;
}

export interface Night {
  readonly day: string;
  readonly outcome: string;
  readonly faults: readonly string[];
  readonly kills: number;
  /** Of streams that did not end well. */
  readonly reasons: readonly string[];
}

const PATIENCE_MS = 180_000;
const KILLED = 0.3;

/** The day that is so many days after the first one. */
export const dayAt = (n: number): string => new Date(Date.parse(FIRST_DAY) + n * 86_400_000).toISOString().slice(0, 10);

/** A day passes at the partner and at those who push; then it is read, with what goes wrong meanwhile; then retention has its turn. */
export async function playNight(stage: Stage, n: number, { quiet }: { readonly quiet: boolean }): Promise<Night> {
  const { client, simulator, sender, ui, random } = stage;
  const day = dayAt(n);
  const noon = `${day}T12:00:00.000000Z`;
  if (n > 0) {
    simulator.mutate({ stream: 'payments', change: 12, add: 1, at: noon });
    simulator.mutate({ stream: 'customers', change: 4, at: noon });
    simulator.mutate({ stream: 'refunds', change: 3, add: 1, remove: 1, at: noon });
    simulator.mutate({ stream: 'events', add: 3, at: noon });
  }
  const faults = quiet ? [] : nightsFaults(random);
  simulator.set({ faults, latencyMs: Math.floor(random() * 15) });
  await sender.sendOrders(random, noon);
  const changed = simulator.truth('payments').filter((row) => String(row['updated_at']).startsWith(day));
  for (const record of changed.slice(0, Math.floor(random() * 4))) await sender.sendWebhook(random, record);

  const { handle } = await startSync(client, {
    partner: PARTNER,
    streams: [],
    window: day,
    kind: 'nightly',
    generation: 1,
  });
  const ended = reportOfSync(handle);
  const [report, kills] = await Promise.all([
    Promise.race([ended, sleep(PATIENCE_MS, undefined, { ref: false })]),
    random() < KILLED ? killAfter(stage, random() * 2500) : 0,
    lookAround(ui.url, random),
  ]);
  if (report === undefined) await handle.terminate('it took longer than a night of the soak may');
  const pruned = await startPrune(client, {
    names: plainNames,
    partner: PARTNER,
    streams: ['payments', 'customers', 'payment_methods', 'refunds', 'refunds_listed', 'orders', 'order_lines'],
    day,
  });
  await pruned?.result();
  return {
    day,
    outcome: report === undefined ? 'did not end' : 'failure' in report ? 'failed' : report.outcome,
    faults: faults.map(({ kind }) => kind),
    kills,
    reasons:
      report === undefined
        ? []
        : 'failure' in report
          ? [report.failure]
          : report.streams
              .filter(({ outcome }) => outcome !== 'ok')
              .map(({ stream, outcome, reason }) => `${stream} ${outcome}: ${reason}`),
  };
}

async function killAfter(stage: Stage, ms: number): Promise<number> {
  await sleep(ms);
  await stage.killWorker();
  return 1;
}
