import {
  type Client,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type ScheduleDescription,
  type ScheduleHandle,
  type ScheduleOptionsStartWorkflowAction,
  type ScheduleUpdateOptions,
} from '@temporalio/client';
import { InvalidInput } from '../core/errors.ts';
import {
  PAUSED_BY_DEFINITION,
  scheduleKind,
  type DeclaredSchedule,
  type Overlap,
  type PresentSchedule,
  type ScheduleChange,
  type ScheduleKind,
} from '../core/schedule.ts';
import { searchAttributesOf } from '../messages/attributes.ts';
import type { Names } from '../messages/names.ts';
import type { ScheduledCompare } from '../messages/scheduled-compare.ts';
import type { ScheduledJoin } from '../messages/scheduled-join.ts';
import type { ScheduledReconcile } from '../messages/scheduled-reconcile.ts';
import type { ScheduledSync } from '../messages/scheduled-sync.ts';
import type { SearchAttributePair } from '@temporalio/common';

const overlaps = {
  queue: ScheduleOverlapPolicy.BUFFER_ALL,
  queueOne: ScheduleOverlapPolicy.BUFFER_ONE,
  skip: ScheduleOverlapPolicy.SKIP,
} as const satisfies Record<Overlap, ScheduleOverlapPolicy>;

type Action = ScheduleOptionsStartWorkflowAction<ScheduledSync | ScheduledReconcile | ScheduledJoin | ScheduledCompare>;

/** By what they start. */
const workflowTypes = {
  sync: 'scheduledSync',
  reconcile: 'scheduledReconcile',
  join: 'scheduledJoin',
  compare: 'scheduledCompare',
} as const;
const isOurs = (type: string): boolean => Object.values<string>(workflowTypes).includes(type);

/** Joins and comparisons of targets are of no partner. */
const isOfPartner = (kind: ScheduleKind): boolean => kind === 'sync' || kind === 'reconcile';

function attributesOf(declared: DeclaredSchedule): SearchAttributePair[] {
  const { partner } = declared;
  const kind = scheduleKind(declared);
  return !isOfPartner(kind) ? [] : searchAttributesOf({ partner, kind: kind === 'sync' ? 'nightly' : 'reconcile' });
}

function settings(names: Names, declared: DeclaredSchedule): Omit<ScheduleUpdateOptions<Action>, 'state'> {
  const { partner, name } = declared;
  return {
    spec: {
      cronExpressions: [...declared.cron],
      timezone: declared.timeZone,
      ...(declared.jitterMs === 0 ? {} : { jitter: declared.jitterMs }),
    },
    action: {
      type: 'startWorkflow',
      workflowType: workflowTypes[scheduleKind(declared)],
      workflowId: names.scheduledRunId({ partner, name }),
      taskQueue: names.workflowQueue,
      args: [declared] as [never],
      typedSearchAttributes: attributesOf(declared),
      staticSummary: `${partner}, scheduled: ${name}`,
    },
    policies: {
      overlap: overlaps[declared.overlap],
      catchupWindow: declared.catchUpMs,
      pauseOnFailure: declared.pauseOnFailure,
    },
    typedSearchAttributes: isOfPartner(scheduleKind(declared)) ? searchAttributesOf({ partner }) : [],
  };
}

/**
 * All schedules of this installation in the namespace, with their details. Others' are left alone. Temporal's list is a little late,
 * so those that should be there are asked for by their ids as well.
 */
export async function listSchedules(
  client: Client,
  names: Names,
  expected: readonly string[] = [],
): Promise<readonly ScheduleDescription[]> {
  const ids = new Set(expected);
  for await (const { scheduleId: id } of client.schedule.list()) if (id.startsWith(names.schedules)) ids.add(id);
  const found: ScheduleDescription[] = [];
  for (const id of [...ids].toSorted()) {
    const description = await describe(client, id);
    if (description !== undefined && declaredOf(description) !== undefined) found.push(description);
  }
  return found;
}

/** What the list shows may be gone. */
async function describe(client: Client, id: string): Promise<ScheduleDescription | undefined> {
  try {
    return await client.schedule.getHandle(id).describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

export function presentOf(description: ScheduleDescription): PresentSchedule {
  const { scheduleId: id, state } = description;
  return { id, declared: declaredOf(description) as DeclaredSchedule, paused: state.paused, note: state.note ?? null };
}

function declaredOf({ action }: ScheduleDescription): DeclaredSchedule | undefined {
  return action.type === 'startWorkflow' && isOurs(action.workflowType)
    ? (action.args?.[0] as DeclaredSchedule | undefined)
    : undefined;
}

/** Carries out one change. Repeating all of them changes nothing. */
export async function applyChange(client: Client, names: Names, change: ScheduleChange): Promise<void> {
  if (change.kind === 'create') {
    const { id, to } = change;
    try {
      await client.schedule.create({ ...settings(names, to), scheduleId: id, state: stateOf(to) });
    } catch (error) {
      // Another apply was quicker; a pause that a person ordered since then stays.
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      await applyChange(client, names, { kind: 'update', id, to, fields: [], pause: 'keep' });
    }
  } else if (change.kind === 'update') {
    const { id, to, pause } = change;
    await client.schedule.getHandle(id).update(({ state }) => ({
      ...settings(names, to),
      state: pause === 'keep' && state.paused ? { paused: true, note: state.note ?? '' } : stateOf(to),
    }));
  } else if (change.kind === 'remove') await client.schedule.getHandle(change.id).delete();
}

const stateOf = ({ paused, note }: DeclaredSchedule): { paused: boolean; note: string } => ({
  paused,
  note: paused ? PAUSED_BY_DEFINITION : (note ?? ''),
});

export interface NamedSchedule {
  readonly partner: string;
  readonly name: string;
}

export const pauseSchedule = (client: Client, names: Names, of: NamedSchedule, why: string): Promise<void> =>
  onSchedule(client, names, of, (handle) => handle.pause(why), true);

export const resumeSchedule = (client: Client, names: Names, of: NamedSchedule, why: string): Promise<void> =>
  onSchedule(client, names, of, (handle) => handle.unpause(why), false);

/** Starts the run of the slot that has just passed, beside one that may run. */
export const triggerSchedule = (client: Client, names: Names, of: NamedSchedule): Promise<void> =>
  onSchedule(client, names, of, (handle) => handle.trigger(ScheduleOverlapPolicy.BUFFER_ALL));

/** Starts the runs of all slots within a time, one after the other: nights that were missed for longer than `catchUp`. */
export const catchUpSchedule = (
  client: Client,
  names: Names,
  of: NamedSchedule,
  range: { readonly from: Date; readonly to: Date },
): Promise<void> =>
  onSchedule(client, names, of, (handle) =>
    handle.backfill({ start: range.from, end: range.to, overlap: ScheduleOverlapPolicy.BUFFER_ALL }),
  );

/**
 * Temporal's scheduler has one place for an order that it has not carried out yet: one that comes too soon replaces the one
 * before it, and both callers are told that all is well (server 1.32, `pendingPatch` in service/worker/scheduler). Its
 * description is made after the orders before it, so nothing returns before it was read, and a pause that is not in it is
 * ordered again.
 */
async function onSchedule(
  client: Client,
  names: Names,
  of: NamedSchedule,
  order: (handle: ScheduleHandle) => Promise<void>,
  paused?: boolean,
): Promise<void> {
  const handle = client.schedule.getHandle(names.scheduleId(of));
  try {
    for (let left = ORDERS; left > 0; left--) {
      await order(handle);
      const { state } = await handle.describe();
      if (paused === undefined || state.paused === paused) return;
    }
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    throw new InvalidInput(
      `there is no schedule ${of.name} of ${of.partner} in Temporal: \`syncline schedule list\` shows what there is, \`syncline schedule apply\` creates what the definitions declare`,
      { cause: error },
    );
  }
  throw new InvalidInput(
    `the schedule ${of.name} of ${of.partner} was ordered ${String(ORDERS)} times to ${paused ? 'pause' : 'go on'} and did not: others give it orders at the same time; \`syncline schedule list\` shows how it stands`,
  );
}

const ORDERS = 5;
