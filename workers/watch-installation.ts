import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { keepJanitor } from '../client/janitor-schedule.ts';
import { startAlerts } from '../client/start-alerts.ts';
import type { Config } from '../config/config.ts';
import { MINUTE, SECOND } from '../core/duration.ts';
import { oneByOne } from '../core/one-by-one.ts';
import { noMetrics } from '../core/metrics.ts';
import type { Deps } from './build-deps.ts';
import { followWebhooks } from './follow-webhooks.ts';
import { observeQueues, observeSchedules } from './observe-temporal.ts';
import { pruneDaily } from './prune-daily.ts';
import { sweepOld } from './sweep-old.ts';

/** What is done again and again while workers run. */
export interface Watched {
  /** In words, for the log when it fails: `removing what is old`. */
  readonly what: string;
  readonly everyMs: number;
  readonly work: () => Promise<void>;
  /** Also at the start; not, if absent. */
  readonly first?: boolean;
}

/** How often the metrics are told how far targets are behind, and the like. */
const SEEN_MS = 30 * SECOND;
const SCHEDULES_SEEN_MS = MINUTE;
const PRUNE_LOOK_MS = MINUTE;
const WEBHOOKS_LOOK_MS = SECOND;
/** Whoever has terminated it has it again after this. */
const ALERTS_START_MS = MINUTE;

/** What whoever runs workflows does for the whole installation. Many may do it at once. */
export function watchInstallation({
  config,
  deps,
  client,
  log,
}: {
  readonly config: Config;
  readonly deps: Deps;
  readonly client: Client;
  readonly log: Logger;
}): readonly Watched[] {
  const { names, partnersDir } = config;
  const { pool, activities } = deps;
  const { metrics = noMetrics } = activities;
  const { keepMs: callsMs } = config.calls;
  const queues = observeQueues({ client, names, metrics, dir: partnersDir });
  const janitor = keepJanitor(client, { names, ...config.janitor });
  return [
    {
      what: 'telling metrics of what the store has',
      everyMs: SEEN_MS,
      first: true,
      // Where one fails, the others would stand still in the metrics, and look as if nothing had changed.
      work: oneByOne([
        deps.observeStreams,
        deps.observeReconciliations,
        deps.observeComparisons,
        deps.observeWaiting,
        deps.observeRules,
        deps.observeLeftovers,
        deps.observeWebhooks,
        deps.observeTargets,
        queues,
      ]),
    },
    {
      what: 'telling metrics of schedules',
      everyMs: SCHEDULES_SEEN_MS,
      first: true,
      work: observeSchedules({ client, names, metrics }),
    },
    {
      what: 'removing what `keep` of definitions no longer keeps',
      everyMs: PRUNE_LOOK_MS,
      work: pruneDaily({ ...activities, pool, partnersDir, client }),
    },
    {
      what: 'starting work that webhooks have brought',
      everyMs: WEBHOOKS_LOOK_MS,
      work: followWebhooks({ ...activities, pool, client, log }),
    },
    {
      what: 'keeping alerts and the janitor running',
      everyMs: ALERTS_START_MS,
      work: async () => {
        await startAlerts(client, { names });
        await janitor();
      },
    },
    { what: 'removing what is old', everyMs: PRUNE_LOOK_MS, work: () => sweepOld(pool, { callsMs }) },
  ];
}
