import type { Client } from '@temporalio/client';
import {
  observeSchedules,
  observeUnserved,
  scheduleFacts,
  type ObservedSchedule,
  type SeenSchedule,
} from '../../alerts/observed.ts';
import { missingPollers } from '../../client/missing-pollers.ts';
import { listSchedules, presentOf } from '../../client/schedules.ts';
import type { AlertFacts, UnservedFacts } from '../../core/alert-facts.ts';
import { MINUTE } from '../../core/duration.ts';
import { PAUSED_BY_DEFINITION } from '../../core/schedule.ts';
import { loadCompares } from '../../definitions/load-compares.ts';
import { declaredCompares, declaredJoins, declaredSchedules } from '../../definitions/declared-schedules.ts';
import { loadDuplicates } from '../../definitions/load-duplicates.ts';
import { placesOf } from '../../definitions/named-targets.ts';
import { noteObservation, readObservation } from '../../store/alerts/observations.ts';
import type { AlertsDeps } from './alerts-deps.ts';
import type { ReadDefinitions } from './read-definitions.ts';

/** A call for each queue, and for each schedule. */
const OLDEST = { workers: 2 * MINUTE, schedules: 5 * MINUTE } as const;

/** Queues that nobody asks for work; asked for again when what was seen last is too old. */
export async function unservedQueues(
  { pool, names, now }: AlertsDeps,
  client: Client,
  { names: partners, partners: loaded }: ReadDefinitions,
): Promise<AlertFacts['unserved']> {
  const last = await readObservation(pool, 'workers');
  const before = (last?.seen ?? []) as readonly UnservedFacts[];
  const nowMs = now();
  if (last !== undefined && nowMs - last.atMs < OLDEST.workers) return before;
  const targets = [...new Set(placesOf(loaded).map(({ target }) => target))];
  const missing = new Set(await missingPollers(client, names, partners, targets));
  const queues: readonly Omit<UnservedFacts, 'since'>[] = [
    { role: 'workflows', name: '', queue: names.workflowQueue },
    ...partners.map((name) => ({ role: 'partner' as const, name, queue: names.partnerQueue(name) })),
    ...targets.map((name) => ({ role: 'target' as const, name, queue: names.targetQueue(name) })),
  ];
  const seen = observeUnserved(
    before,
    queues.filter(({ queue }) => missing.has(queue)),
    nowMs,
  );
  await noteObservation(pool, { name: 'workers', seen, atMs: nowMs });
  return seen;
}

/** Schedules that the definitions declare, as Temporal has them. */
export async function schedulesNow(
  { pool, names, now, partnersDir: dir, env }: AlertsDeps,
  client: Client,
  { partners }: ReadDefinitions,
): Promise<AlertFacts['schedules']> {
  const last = await readObservation(pool, 'schedules');
  const before = (last?.seen ?? []) as readonly ObservedSchedule[];
  const nowMs = now();
  if (last !== undefined && nowMs - last.atMs < OLDEST.schedules) return scheduleFacts(before);
  const { settings } = await loadDuplicates({ dir, env });
  const declared = [
    ...partners.flatMap((partner) => declaredSchedules(names, partner)),
    ...declaredJoins(names, settings),
    ...declaredCompares(names, await loadCompares({ dir, env })),
  ];
  const found = new Map(
    (declared.length === 0
      ? []
      : await listSchedules(
          client,
          names,
          declared.map(({ id }) => id),
        )
    ).map((one) => [one.scheduleId, one]),
  );
  const seen = declared.map(({ id, partner, name, paused: declaredPaused }): SeenSchedule => {
    const description = found.get(id);
    if (description === undefined)
      return { partner, name, state: 'absent', declaredPaused, note: null, missed: 0, skipped: 0 };
    const { paused, note } = presentOf(description);
    return {
      partner,
      name,
      state: paused ? 'paused' : 'ok',
      declaredPaused: declaredPaused || note === PAUSED_BY_DEFINITION,
      note,
      missed: description.info.numActionsMissedCatchupWindow,
      skipped: description.info.numActionsSkippedOverlap,
    };
  });
  const observed = observeSchedules(before, seen, nowMs);
  await noteObservation(pool, { name: 'schedules', seen: observed, atMs: nowMs });
  return scheduleFacts(observed);
}
