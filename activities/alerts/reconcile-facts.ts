import type { Pool } from 'pg';
import type { AlertFacts, ReconcileDueFacts, ReconcileFacts, ScheduleFacts } from '../../core/alert-facts.ts';
import { openKinds, type EndedReconciliation } from '../../core/reconcile-standing.ts';
import { loadDuplicates } from '../../definitions/load-duplicates.ts';
import { reconcileDues } from '../../definitions/reconcile-dues.ts';
import { CANCELLED } from '../../messages/cancelled.ts';
import { readFailedJoins } from '../../store/duplicates/failed-joins.ts';
import { failedReconciliations, readStanding, slotsOfSchedules } from '../../store/reconcile/read-standing.ts';
import type { AlertsDeps } from './alerts-deps.ts';
import type { ReadDefinitions } from './read-definitions.ts';

const at = ({ partner, stream }: { readonly partner: string; readonly stream: string }): string =>
  `${partner} ${stream}`;

/** What reconciliations say of the streams that had some. */
export async function reconcileFacts(pool: Pool): Promise<readonly ReconcileFacts[]> {
  const standing = new Map((await readStanding(pool)).map((one) => [at(one), one]));
  // What a person has cancelled is no fault.
  const failed = new Map(
    (await failedReconciliations(pool)).filter(({ reason }) => reason !== CANCELLED).map((one) => [at(one), one]),
  );
  const places = new Map<string, { readonly partner: string; readonly stream: string }>([...failed, ...standing]);
  return [...places].map(([key, { partner, stream }]) => {
    const broken = failed.get(key);
    const known = standing.get(key)?.standing ?? [];
    return {
      partner,
      stream,
      differs: differsOf(known),
      unproven: unprovenOf(known),
      failed: broken === undefined ? null : { id: broken.id, reason: broken.reason, since: broken.at },
    };
  });
}

function differsOf(standing: readonly EndedReconciliation[]): ReconcileFacts['differs'] {
  const open = [...openKinds(standing)];
  const [latest] = standing
    .filter((one) => openKinds([one]).size > 0)
    .toSorted((a, b) => (a.endedAt < b.endedAt ? 1 : -1));
  return latest === undefined ? null : { id: latest.id, open, since: latest.endedAt };
}

function unprovenOf(standing: readonly EndedReconciliation[]): ReconcileFacts['unproven'] {
  const [latest] = standing
    .filter(({ verdict }) => verdict === 'unproven')
    .toSorted((a, b) => (a.endedAt < b.endedAt ? 1 : -1));
  return latest === undefined
    ? null
    : { id: latest.id, reason: latest.reason ?? 'what differs could not be looked at twice', since: latest.endedAt };
}

/** Of schedules that Temporal has, and that nobody has paused. */
export async function reconcileDueFacts(
  { pool, partners, now }: AlertsDeps,
  { definitions, schedules }: { readonly definitions: ReadDefinitions; readonly schedules: readonly ScheduleFacts[] },
): Promise<readonly ReconcileDueFacts[]> {
  const wanted = definitions.partners.filter(({ reconcile }) => Object.keys(reconcile).length > 0);
  if (wanted.length === 0) return [];
  const slots = await slotsOfSchedules(pool);
  const dues: ReconcileDueFacts[] = [];
  for (const { name: partner } of wanted)
    for (const { schedule, stream, withinMs } of reconcileDues(await partners.streams(partner), now())) {
      const known = schedules.find((one) => one.partner === partner && one.name === schedule);
      if (known?.state !== 'ok') continue;
      const slot = slots.find((one) => one.partner === partner && one.stream === stream && one.schedule === schedule);
      const { lastAt = null, runningSince = null } = slot ?? {};
      dues.push({ partner, stream, schedule, withinMs, lastAt, runningSince, knownSince: known.since });
    }
  return dues;
}

/** Of names that duplicates.yaml still has. */
export async function failedJoins({ pool, partnersDir: dir, env }: AlertsDeps): Promise<AlertFacts['failedJoins']> {
  const failed = await readFailedJoins(pool);
  if (failed.length === 0) return [];
  const { settings } = await loadDuplicates({ dir, env });
  return failed.filter(({ name }) => settings.has(name));
}
