import { schemasOf, type SchemaNames } from '../core/schema-names.ts';
import type { StreamIds } from '../core/stream-ids.ts';

/**
 * Names that end up in Temporal histories and in the database. Each is written once, here and in core/schema-names.ts;
 * renaming one is a migration.
 */

const QUEUE = 'syncline';

interface Run {
  readonly partner: string;
  readonly window: string;
  readonly generation: number;
}

/** The names of one installation; two of them share none in a Temporal namespace or a database. */
export interface Names extends SchemaNames, StreamIds {
  /** Empty: the one that has no name. */
  readonly installation: string;
  /** Workflows, and the short activities that only touch our database: never rate-limited. */
  readonly workflowQueue: string;
  /** Activity-only: eager dispatch would bypass the queue's rate limit on a queue that workflows share. */
  partnerQueue(partner: string): string;
  /** `sync/acme/2026-11-24`, or `sync/acme/2026-11-24/g2` for a forced second generation. */
  partnerSyncId(run: Run): string;
  /** The partner that a sync id names. */
  partnerOfId(syncId: string): string;
  /** `governor/acme`: one for each partner, started with its work. */
  governorId(partner: string): string;
  /** `target.lake`: asked by the process that has the target open. */
  targetQueue(target: string): string;
  /** `target/lake/acme/payments`: applies what the log of a stream holds. */
  targetId(place: { readonly target: string; readonly partner: string; readonly stream: string }): string;
  /** `rebuild/lake/acme/payments`: one rebuild of a table at a time. */
  rebuildId(place: { readonly target: string; readonly partner: string; readonly stream: string }): string;
  /** `compare/lake/acme/payments`: one comparison of a table at a time. */
  compareId(place: { readonly target: string; readonly partner: string; readonly stream: string }): string;
  /** `prune/acme/2026-11-24`: once a day. */
  pruneId(of: { readonly partner: string; readonly day: string }): string;
  /** `hints/acme`: fetches what webhooks of a partner have named. */
  hintsId(partner: string): string;
  /** `alerts/watch`: looks for what is wrong. */
  readonly alertsId: string;
  /** `alerts/delivery/12`: tells a channel of it. */
  alertDeliveryId(delivery: number): string;
  /** `duplicates/people/2026-11-30T08:00:00Z`: one search. */
  duplicatesId(of: { readonly name: string; readonly label: string }): string;
  /** `duplicates/people/plan/12`: one change of a plan at a time. */
  duplicatesPlanId(of: { readonly name: string; readonly plan: number }): string;
  /** `export/lake`: one export of a target at a time. */
  exportId(target: string): string;
  /** `backfill/acme/payments/2025-01-01..2025-12-31/1d`, with the zone where days are not those of UTC. */
  backfillId(run: {
    readonly partner: string;
    readonly stream: string;
    readonly range: string;
    readonly chunk: string;
    readonly zone: string | null;
    readonly generation: number;
  }): string;
  /** `reconcile/acme/payments/2026-11-30T08-00-00Z`: compares what the partner says with what is known. */
  reconcileId(of: { readonly partner: string; readonly stream: string; readonly label: string }): string;
  /** `reconcile/acme/payments/2026-11-30T08-00-00Z/repair/missing+stale`: mends what that one found. */
  repairId(of: { readonly reconciliation: string; readonly kinds: readonly string[] }): string;
  /** `janitor`: the schedule that looks for what has stayed behind. */
  readonly janitorScheduleId: string;
  /** `janitor/run-2026-11-30T04:17:00Z`: Temporal adds the time. */
  readonly janitorRunId: string;
  /** What the ids of all schedules begin with. */
  readonly schedules: string;
  /** `schedule/acme/nightly`. */
  scheduleId(of: { readonly partner: string; readonly name: string }): string;
  /** `scheduled/acme/nightly-2026-11-25T02:30:00Z`: Temporal adds the time. */
  scheduledRunId(of: { readonly partner: string; readonly name: string }): string;
}

/**
 * `namesOf('blue')` puts `blue/` before ids, `blue.` before task queues and `blue_` before schemas. Ids and queues of the
 * installation without a name begin with words that no other may have as its name (`reserved`).
 */
export function namesOf(installation: string): Names {
  const [ids, queues] = installation === '' ? ['', ''] : [`${installation}/`, `${installation}.`];
  return {
    installation,
    workflowQueue: `${queues}${QUEUE}`,
    partnerQueue: (partner) => `${queues}partner.${partner}`,
    partnerSyncId: ({ partner, window, generation }) => `${ids}sync/${partner}/${window}${again(generation)}`,
    streamSyncId: ({ partner, stream, window, generation }) =>
      `${ids}sync/${partner}/${stream}/${window}${again(generation)}`,
    partnerOfId: (syncId) => syncId.slice(ids.length).split('/')[1] ?? '',
    governorId: (partner) => `${ids}governor/${partner}`,
    targetQueue: (target) => `${queues}target.${target}`,
    targetId: ({ target, partner, stream }) => `${ids}target/${target}/${partner}/${stream}`,
    rebuildId: ({ target, partner, stream }) => `${ids}rebuild/${target}/${partner}/${stream}`,
    compareId: ({ target, partner, stream }) => `${ids}compare/${target}/${partner}/${stream}`,
    pruneId: ({ partner, day }) => `${ids}prune/${partner}/${day}`,
    hintsId: (partner) => `${ids}hints/${partner}`,
    alertsId: `${ids}alerts/watch`,
    alertDeliveryId: (delivery) => `${ids}alerts/delivery/${delivery}`,
    duplicatesId: ({ name, label }) => `${ids}duplicates/${name}/${label}`,
    duplicatesPlanId: ({ name, plan }) => `${ids}duplicates/${name}/plan/${plan}`,
    exportId: (target) => `${ids}export/${target}`,
    backfillId: ({ partner, stream, range, chunk, zone, generation }) =>
      `${ids}backfill/${partner}/${stream}/${range}/${chunk}${zone === null ? '' : `/${zone}`}${again(generation)}`,
    reconcileId: ({ partner, stream, label }) => `${ids}reconcile/${partner}/${stream}/${label}`,
    repairId: ({ reconciliation, kinds }) => `${reconciliation}/repair/${kinds.join('+')}`,
    janitorScheduleId: `${ids}janitor`,
    janitorRunId: `${ids}janitor/run`,
    schedules: `${ids}schedule/`,
    scheduleId: ({ partner, name }) => `${ids}schedule/${partner}/${name}`,
    scheduledRunId: ({ partner, name }) => `${ids}scheduled/${partner}/${name}`,
    ...schemasOf(installation),
  };
}

/** Of the installation without a name. */
export const plainNames = namesOf('');

const again = (generation: number): string => (generation === 1 ? '' : `/g${generation}`);

/** What ids and queues begin with already. */
export const reserved = [
  'sync',
  'governor',
  'backfill',
  'schedule',
  'scheduled',
  'partner',
  'target',
  'rebuild',
  'compare',
  'export',
  'prune',
  'hints',
  'alerts',
  'duplicates',
  'reconcile',
  'janitor',
  'syncline',
] as const;

/** Those of the installation whose workflows a task queue has. */
export const namesOfQueue = (queue: string): Names =>
  namesOf(queue.endsWith(`.${QUEUE}`) ? queue.slice(0, -QUEUE.length - 1) : '');
