import type { Client } from '@temporalio/client';
import { dispatch } from '../../alerts/dispatch.ts';
import { configuredFindings } from '../../alerts/configured.ts';
import { judge } from '../../alerts/judge.ts';
import { settle } from '../../alerts/settle.ts';
import { startDelivery } from '../../client/start-alerts.ts';
import type { Settled } from '../../core/alert.ts';
import { explain } from '../../core/errors.ts';
import type { AlertSettings } from '../../definitions/alerts.ts';
import type { AlertsLook } from '../../messages/watch-alerts.ts';
import { sendHeartbeat } from '../../notify/heartbeat.ts';
import { alertsToTell, beginLook, settleAlerts, sweepAlerts } from '../../store/alerts/alerts.ts';
import { addDeliveries, pendingDeliveries, readNotices } from '../../store/alerts/deliveries.ts';
import { noteObservation, readObservation } from '../../store/alerts/observations.ts';
import type { AlertsDeps } from './alerts-deps.ts';
import { gatherFacts, type Gathered } from './gather-facts.ts';

/** Looks at everything once, notes what is wrong and what is over, and has the channels told. Safe to repeat. */
export async function lookAtAlerts(deps: AlertsDeps, client: Client): Promise<AlertsLook> {
  const { pool, log } = deps;
  const { settings, trouble } = await deps.settings.read();
  if (trouble !== null) log.warn({ error: trouble }, 'alerts.yaml does not load: the settings from before stay in use');
  const number = await beginLook(pool);
  const gathered = await gatherFacts(deps, client, settings);
  const { nowMs } = gathered.facts;
  const findings = configuredFindings(judge(gathered.facts), settings);
  const isKnown = knownBy(gathered);
  const changes = await settleAlerts(pool, {
    look: number,
    nowMs,
    decide: (standing) => settle(standing, findings, { nowMs, isKnown }),
  });
  // Another one, which saw more, has done the rest.
  if (changes === undefined) return lastLook(pool);
  tell(deps, changes);
  await sweepAlerts(pool);
  const alerts = await alertsToTell(pool);
  const dead = gathered.facts.channels.map(({ channel }) => channel);
  await addDeliveries(pool, dispatch(settings, { alerts, notices: await readNotices(pool), dead, nowMs }));
  const pending = await pendingDeliveries(pool);
  for (const { id, channel } of pending) await startDelivery(client, { names: deps.names, delivery: id, channel });
  const reasons = [...gathered.troubles.map(({ reason }) => reason), ...(trouble === null ? [] : [trouble])];
  await beat(deps, settings).catch((error: unknown) => log.warn({ error: explain(error) }, 'heartbeat not sent'));
  const open = alerts.filter(({ resolvedAt }) => resolvedAt === null);
  const look: AlertsLook = {
    open: open.length,
    silenced: open.filter(({ silenced }) => silenced !== null).length,
    pending: pending.length,
    troubles: reasons,
  };
  await noteObservation(pool, { name: 'look', seen: look, atMs: nowMs });
  return look;
}

async function lastLook(pool: AlertsDeps['pool']): Promise<AlertsLook> {
  const last = await readObservation(pool, 'look');
  return (last?.seen as AlertsLook | undefined) ?? { open: 0, silenced: 0, pending: 0, troubles: [] };
}

/** Whether the look could see what an alert is about. */
function knownBy({ facts, troubles }: Gathered): (alert: { rule: string; partner: string | null }) => boolean {
  const unseen = new Set<string>(troubles.flatMap(({ rules }) => rules));
  const broken = new Set(facts.broken.map(({ partner }) => partner));
  // A definition that does not load promises nothing and names no target: what it had is not over for that.
  return ({ rule, partner }) =>
    !unseen.has(rule) && (rule === 'definition-broken' || partner === null || !broken.has(partner));
}

/** The log has all of it, whatever the channels do. */
function tell({ log }: AlertsDeps, { add, keep, resolve }: Settled): void {
  for (const { finding } of [...add, ...keep].filter(({ opens }) => opens)) {
    const { rule, severity, partner, stream, subject } = finding;
    log.warn({ rule, severity, partner, stream, subject, runbook: finding.runbook }, `alert: ${finding.summary}`);
  }
  for (const alert of resolve) log.info({ alert }, 'alert is over');
}

async function beat(deps: AlertsDeps, { heartbeat }: AlertSettings): Promise<void> {
  if (heartbeat === undefined) return;
  const nowMs = deps.now();
  const last = await readObservation(deps.pool, 'heartbeat');
  if (last !== undefined && nowMs - last.atMs < heartbeat.every - SLACK_MS) return;
  await sendHeartbeat(heartbeat, deps);
  await noteObservation(deps.pool, { name: 'heartbeat', seen: null, atMs: nowMs });
}

/** Looks come a little apart. */
const SLACK_MS = 5000;
