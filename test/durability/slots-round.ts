import { expect } from '@jest/globals';
import { DAY } from '../../core/duration.ts';
import { catchUpSchedule } from '../../client/schedules.ts';
import { plainNames } from '../../messages/names.ts';
import type { ScheduledCompareReport } from '../../messages/scheduled-compare.ts';
import type { ScheduledJoinReport } from '../../messages/scheduled-join.ts';
import type { ScheduledReconcileReport } from '../../messages/scheduled-reconcile.ts';
import type { RunReport } from '../../messages/sync-partner.ts';
import { listTargetStates } from '../../store/target-states.ts';
import { eventually } from '../support/eventually.ts';
import { rebuilds, strew } from './slots-left-behind.ts';
import type { SlotsScene } from './slots-scene.ts';
import { heldNow } from './slots-storm.ts';

/** Of each round, what the partner has taken out of its listing, and what it had before and has never shown. */
export const [REMOVED, MISSING, TAMPERED] = [2, 5, 3] as const;
export const PATIENCE_MS = 300_000;

export interface Round {
  /** From 1 on. */
  readonly no: number;
  /** How many processes order the same slots; 0: this one does. */
  readonly orders: number;
  /** What happens to the processes while all goes on. */
  readonly storm: (scene: SlotsScene) => Promise<void>;
}

export interface RoundEnd {
  readonly beta: RunReport;
  readonly reconciled: readonly ScheduledReconcileReport[];
  readonly joined: readonly ScheduledJoinReport[];
  readonly compared: readonly ScheduledCompareReport[];
}

const schedules = [
  ['acme', 'weekly'],
  ['duplicates', 'people'],
  ['targets', 'mart'],
] as const;

const slotOf = (no: number): Date => new Date(Date.parse('2026-01-04T06:00:00Z') + (no - 1) * 7 * DAY);
const iso = (date: Date): string => date.toISOString().replace('.000Z', 'Z');
const windowOf = (no: number): string => `2026-02-${String(no).padStart(2, '0')}`;

/** Something is wrong everywhere; then all that looks for it begins at once, beside a sync, and ends. */
export async function runRound(scene: SlotsScene, { no, orders, storm }: Round): Promise<RoundEnd> {
  const { acme, beta, mart, pool } = scene;
  // Said each time: what is missing below turns the partner's clock back.
  acme.mutate({ add: 20, at: `2026-11-${23 + no}T06:00:00Z` });
  expect(await scene.sync('acme', windowOf(no))).toMatchObject({ outcome: 'ok' });
  await caughtUp(scene);
  acme.mutate({ add: MISSING, remove: REMOVED, at: '2026-01-02T00:00:00Z' });
  beta.mutate({ change: 40, add: 10, remove: 5 });
  await mart.query(
    // Rows that are inserted or deleted, a load would notice before any comparison.
    `update acme.payments set amount_minor = -1 where id in (select id from acme.payments order by id offset ${no * TAMPERED} limit ${TAMPERED})`,
  );
  await strew(scene, no);
  const rebuilt = await rebuilds(pool);
  let report: RunReport;
  try {
    report = await allAtOnce(scene, { no, orders, storm });
  } finally {
    await rebuilt();
  }
  const [reconciled, joined, compared] = await Promise.all(idsOf(no).map((id) => resultsOf(scene, id)));
  await caughtUp(scene);
  return { beta: report, reconciled, joined, compared } as RoundEnd;
}

const idsOf = (no: number): readonly string[] =>
  schedules.map(([partner, name]) => `${plainNames.scheduledRunId({ partner, name })}-${iso(slotOf(no))}`);

async function allAtOnce(scene: SlotsScene, { no, orders, storm }: Round): Promise<RunReport> {
  const { beta } = scene;
  const asked = beta.requests().length;
  const reading = scene.sync('beta', windowOf(no));
  reading.catch(() => {});
  await eventually(() => beta.requests().length > asked);

  const ordered = order(scene, no, orders);
  ordered.catch(() => {});
  await storm(scene);
  await ordered;
  const ids = idsOf(no);
  const haveEnded = async (): Promise<boolean> =>
    (await Promise.all(ids.map((id) => resultsOf(scene, id)))).every((all) => all.length > 0) &&
    (await running(scene)).length === 0;
  await eventually(haveEnded, PATIENCE_MS).catch(async (error: unknown) => {
    const [still, held] = [await running(scene), await heldNow(scene.ground.client)];
    throw new Error(`${no}: ${JSON.stringify({ still, held, workers: scene.workers.map(({ pid }) => pid) })}`, {
      cause: error,
    });
  });
  return reading;
}

/** Everything at the same moment, by processes that know nothing of each other. */
async function order(scene: SlotsScene, no: number, processes: number): Promise<void> {
  const { client } = scene.ground;
  const slot = slotOf(no).getTime();
  const [from, to] = [new Date(slot - DAY / 2), new Date(slot + DAY / 2)] as const;
  if (processes === 0) {
    for (const [partner, name] of schedules) await catchUpSchedule(client, plainNames, { partner, name }, { from, to });
    return client.schedule.getHandle(plainNames.janitorScheduleId).trigger();
  }
  const range = ['--from', iso(from), '--to', iso(to)];
  const commands = Array.from({ length: processes }, (_, process) => [
    ...schedules.map((of) => ['schedule', 'trigger', ...of, ...range]),
    ['janitor', '--apply'],
    ['reconcile', 'acme', 'payments', '--label', `by-hand-${no}-${process}`],
  ]).flat();
  const ended = Promise.all(commands.map((args) => scene.command(...args)));
  await client.schedule.getHandle(plainNames.janitorScheduleId).trigger();
  for (const { code, stdout, stderr } of await ended)
    if (code !== 0 && code !== 3) throw new Error(`${code}: ${stdout}\n${stderr}`);
}

/** What each run of a slot has returned. One that has not ended well is an error. */
async function resultsOf({ ground: { client } }: SlotsScene, workflowId: string): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const { runId, status } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` }))
    if (status.name !== 'RUNNING') found.push(await client.workflow.getHandle(workflowId, runId).result());
  return found;
}

/** What is there for good. */
const standing = ['governPartner', 'watchAlerts', 'applyTarget', 'deliverAlert', 'followHints'];

export async function running({ ground: { client } }: SlotsScene): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { workflowId, type } of client.workflow.list({ query: `ExecutionStatus = 'Running'` }))
    if (!standing.includes(type)) ids.push(workflowId);
  return ids;
}

/** What has ended otherwise than well. */
export async function endedBadly({ ground: { client } }: SlotsScene): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { workflowId, status } of client.workflow.list({ query: `ExecutionStatus != 'Running'` }))
    if (!['COMPLETED', 'CONTINUED_AS_NEW'].includes(status.name)) ids.push(`${workflowId} ${status.name}`);
  return ids;
}

/** The target has all that the store has. */
export async function caughtUp({ pool }: SlotsScene): Promise<void> {
  const wanted = ['payments', 'customers'].map((stream) => ({ target: 'mart', partner: 'acme', stream }));
  await eventually(
    async () =>
      (await listTargetStates(pool, { wanted })).every(({ behind, lastEvent }) => lastEvent > 0 && behind === 0),
    PATIENCE_MS,
  );
}
