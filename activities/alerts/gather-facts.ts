import type { Client } from '@temporalio/client';
import type { RuleName } from '../../alerts/catalog.ts';
import type { AlertFacts, StreamFacts } from '../../core/alert-facts.ts';
import { explain } from '../../core/errors.ts';
import { describePause, resumeCommand } from '../../core/person-pause.ts';
import type { AlertSettings } from '../../definitions/alerts.ts';
import type { Partner } from '../../definitions/definition.ts';
import { placesOf } from '../../definitions/named-targets.ts';
import { readCircuits } from '../../limits/circuit/read-circuits.ts';
import { deadChannels, knownSince, limitFacts, quarantineFacts } from '../../store/alerts/facts.ts';
import { readApprovals } from '../../store/approvals.ts';
import { leftForPeople } from '../../store/janitor/left-behind.ts';
import { statusOfStreams } from '../../store/inspect/stream-status.ts';
import { readPauses } from '../../store/pauses.ts';
import { streamsBreaking } from '../../store/rules/broken-rules.ts';
import { listTargetPauses, listTargetStates } from '../../store/target-states.ts';
import { streamWaits } from '../../store/waiting/list-waiting.ts';
import { webhookStanding } from '../../store/webhooks/silence.ts';
import type { AlertsDeps } from './alerts-deps.ts';
import { compareDueFacts, compareFacts } from './compare-facts.ts';
import { unusualStreams } from './judge-streams.ts';
import { schedulesNow, unservedQueues } from './observe-temporal.ts';
import { failedJoins, reconcileDueFacts, reconcileFacts } from './reconcile-facts.ts';
import { readDefinitions, type ReadDefinitions } from './read-definitions.ts';

export interface Gathered {
  readonly facts: AlertFacts;
  /** What could not be looked at: of these rules nothing is known. */
  readonly troubles: readonly { readonly rules: readonly RuleName[]; readonly reason: string }[];
}

/** One look at the store, the definitions and Temporal. What fails by itself leaves the rest; without the store there is no look. */
export async function gatherFacts(deps: AlertsDeps, client: Client, settings: AlertSettings): Promise<Gathered> {
  const { pool } = deps;
  const nowMs = deps.now();
  const troubles: Gathered['troubles'][number][] = [];
  const attempt = async <T>(rules: readonly RuleName[], work: () => Promise<readonly T[]>): Promise<readonly T[]> => {
    try {
      return await work();
    } catch (error) {
      troubles.push({ rules, reason: explain(error) });
      return [];
    }
  };
  const definitions = await readDefinitions(deps);
  const facts: AlertFacts = {
    nowMs,
    streams: await streamFacts(deps, definitions),
    broken: definitions.broken,
    approvals: await readApprovals(pool, {}),
    limits: (await limitFacts(pool)).filter(({ partner }) => definitions.names.includes(partner)),
    circuits: (await readCircuits(pool))
      .filter(({ partner, state }) => state !== 'closed' && definitions.names.includes(partner))
      .map(({ partner, since, lastError: error }) => ({ partner, since, error })),
    pauses: (await readPauses(pool)).map((pause) => ({
      partner: pause.scope === 'partner' ? pause.target : deps.names.partnerOfId(pause.target),
      target: pause.target,
      words: describePause(pause),
      resume: resumeCommand(pause),
      at: pause.at,
    })),
    targets: await attempt(['target-behind', 'target-changed'], () => targetFacts(deps, definitions.partners)),
    webhooks: await attempt(['webhook-silent', 'webhook-failed'], () => webhookFacts(deps, definitions.partners)),
    schedules: await attempt(['schedule-absent', 'schedule-missed', 'schedule-paused'], () =>
      schedulesNow(deps, client, definitions),
    ),
    reconciled: (
      await attempt(['reconcile-differs', 'reconcile-unproven', 'reconcile-failed'], () => reconcileFacts(pool))
    ).filter(isDefined(definitions)),
    dues: [],
    compared: await attempt(['target-differs', 'compare-failed'], () => compareFacts(deps, definitions)),
    compareDues: [],
    failedJoins: await attempt(['join-failed'], () => failedJoins(deps)),
    unserved: await attempt(['workers-missing'], () => unservedQueues(deps, client, definitions)),
    left: await leftForPeople(pool),
    channels: (await deadChannels(pool)).filter(({ channel }) => settings.channels[channel] !== undefined),
    unusual: (
      await attempt(
        ['no-rows', 'rows-unusual', 'refusals-unusual', 'retries-unusual', 'latency-unusual', 'size-unusual'],
        () => unusualStreams(deps, settings),
      )
    ).filter(isDefined(definitions)),
  };
  const dues = await attempt(['reconcile-late'], () =>
    reconcileDueFacts(deps, { definitions, schedules: facts.schedules }),
  );
  const compares = await attempt(['compare-late'], () =>
    compareDueFacts(deps, { definitions, schedules: facts.schedules }),
  );
  return { facts: { ...facts, dues, compareDues: compares }, troubles };
}

/** What a definition no longer has is nobody's trouble; of a broken one nobody knows what it has. */
function isDefined({ partners, broken }: ReadDefinitions): (of: { partner: string; stream: string }) => boolean {
  const known = new Set(
    partners.flatMap(({ name, streams }) => Object.keys(streams).map((stream) => at({ partner: name, stream }))),
  );
  const unknown = new Set(broken.map(({ partner }) => partner));
  return ({ partner, stream }) => unknown.has(partner) || known.has(at({ partner, stream }));
}

const at = ({ partner, stream }: { readonly partner: string; readonly stream: string }): string =>
  `${partner} ${stream}`;

async function streamFacts({ pool }: AlertsDeps, definitions: ReadDefinitions): Promise<readonly StreamFacts[]> {
  const [streams, waits, breaking, held, since] = [
    await statusOfStreams(pool),
    await streamWaits(pool),
    await streamsBreaking(pool),
    await quarantineFacts(pool),
    await knownSince(pool),
  ];
  const overdue = new Map(
    waits.flatMap((one) =>
      one.overdueSince === null ? [] : [[at(one), { records: one.overdue, since: one.overdueSince }]],
    ),
  );
  const broken = new Map(breaking.map((one) => [at(one), one.broken]));
  const promises = new Map(
    definitions.partners.flatMap(({ name, streams: defined }) =>
      Object.entries(defined).map(([stream, { freshness }]) => [at({ partner: name, stream }), freshness] as const),
    ),
  );
  return streams.filter(isDefined(definitions)).map((one) => ({
    partner: one.partner,
    stream: one.stream,
    last:
      one.lastOutcome === null || one.lastFinishedAt === null
        ? null
        : { outcome: one.lastOutcome, reason: one.lastReason, finishedAt: one.lastFinishedAt },
    promiseMs: promises.get(at(one)) ?? null,
    freshAt: one.freshAt,
    knownSince: since.get(at(one)) ?? null,
    overdue: overdue.get(at(one)) ?? null,
    quarantine: held.get(at(one)) ?? null,
    brokenRules: broken.get(at(one)) ?? [],
  }));
}

async function targetFacts({ pool }: AlertsDeps, partners: readonly Partner[]): Promise<AlertFacts['targets']> {
  const wanted = placesOf(partners);
  if (wanted.length === 0) return [];
  const paused = new Set((await listTargetPauses(pool)).map(({ target }) => target));
  return (await listTargetStates(pool, { wanted })).map(
    ({ target, partner, stream, behind, behindSince, error, changed }) => ({
      target,
      partner,
      stream,
      behind,
      behindSince,
      error,
      paused: paused.has(target),
      changed,
    }),
  );
}

async function webhookFacts({ pool, now }: AlertsDeps, partners: readonly Partner[]): Promise<AlertFacts['webhooks']> {
  const declared = partners.flatMap(({ name: partner, webhooks = {} }) =>
    Object.entries(webhooks).map(([webhook, { expect }]) => ({ partner, webhook, expect })),
  );
  const found = [];
  for (const one of declared) {
    const { silentMs, expectedMs, ...standing } = await webhookStanding(pool, one, { nowMs: now() });
    found.push({ ...standing, silentMs: silentMs ?? null, expectedMs: expectedMs ?? null });
  }
  return found;
}
