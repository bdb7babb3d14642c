import { alertKey, type AlertRow } from '../core/alert.ts';
import { MINUTE } from '../core/duration.ts';
import type { AlertRoute, AlertSettings } from '../definitions/alerts.ts';
import { placeFits } from './configured.ts';

/** What a channel was last told of an alert. */
export interface Notice {
  readonly alertId: number;
  readonly channel: string;
  readonly told: 'open' | 'resolved';
  readonly atMs: number;
}

export const causes = ['news', 'repeat', 'escalation', 'test'] as const;
export type Cause = (typeof causes)[number];

/** A message that is due. */
export interface Due {
  readonly channel: string;
  /** What its alerts have in common: one message of a group is on its way at a time. */
  readonly groupKey: string;
  readonly alertIds: readonly number[];
  readonly cause: Cause;
}

export interface DispatchInput {
  /** Open ones, and those that ended and of which some channel was told only that they are open. */
  readonly alerts: readonly AlertRow[];
  readonly notices: readonly Notice[];
  /** Channels that take nothing at present. */
  readonly dead: readonly string[];
  readonly nowMs: number;
}

/** Alertmanager forgets what is not said again within the time that each message names (notify/alertmanager.ts). */
export const ALERTMANAGER_REPEAT_MS = 3 * MINUTE;

/** Which messages are due now. */
export function dispatch(settings: AlertSettings, input: DispatchInput): readonly Due[] {
  const told = new Map(input.notices.map((notice) => [`${notice.alertId} ${notice.channel}`, notice]));
  const groups = new Map<string, Group>();
  for (const alert of input.alerts)
    for (const place of placesOf(alert, settings, input)) {
      const key = `${place.channel} ${place.groupKey}`;
      const group = groups.get(key) ?? { ...place, alerts: [] };
      group.alerts.push({ alert, notice: told.get(`${alert.id} ${place.channel}`) });
      groups.set(key, group);
    }
  return [...groups.values()].flatMap((group) => dueOf(group, input.nowMs) ?? []);
}

interface Place {
  readonly channel: string;
  readonly groupKey: string;
  readonly waitMs: number;
  readonly repeatMs: number;
  readonly resolved: boolean;
  readonly escalates: boolean;
}
interface Group extends Place {
  readonly alerts: { readonly alert: AlertRow; readonly notice: Notice | undefined }[];
}

/** Where an alert goes, each channel once: the first route that names it counts. */
function placesOf(alert: AlertRow, settings: AlertSettings, { nowMs, dead }: DispatchInput): readonly Place[] {
  const places = new Map<string, Place>();
  for (const [index, route] of settings.routes.entries()) {
    if (!fitsRoute(alert, route)) continue;
    const { escalate, repeat, wait: waitMs, resolved } = route;
    const add = (channel: string, escalates: boolean): void => {
      if (places.has(channel)) return;
      const type = settings.channels[channel]?.type;
      // These know alerts one by one, by their keys.
      const groupKey = `${index} ${type === 'pagerduty' ? alertKey(alert) : groupOf(alert, route)}`;
      const repeatMs = type === 'alertmanager' ? Math.min(repeat, ALERTMANAGER_REPEAT_MS) : repeat;
      places.set(channel, { channel, groupKey, waitMs: escalates ? 0 : waitMs, repeatMs, resolved, escalates });
    };
    for (const channel of route.to) add(channel, false);
    if (escalate !== undefined && nowMs - Date.parse(alert.openedAt) >= escalate.after)
      for (const channel of escalate.to) add(channel, true);
    if (!route.continue) break;
  }
  return alert.rule === 'channel-dead' ? elsewhere(alert, places, settings, dead) : [...places.values()];
}

/** That a channel is dead is said by another one: by all that live, where the routes name no other. */
function elsewhere(
  alert: AlertRow,
  places: ReadonlyMap<string, Place>,
  { channels }: AlertSettings,
  dead: readonly string[],
): readonly Place[] {
  const living = [...places.values()].filter(({ channel }) => channel !== alert.subject && !dead.includes(channel));
  if (living.length > 0) return living;
  return Object.keys(channels)
    .filter((channel) => channel !== alert.subject && !dead.includes(channel))
    .map((channel) => ({
      channel,
      groupKey: `dead ${alert.subject}`,
      waitMs: 0,
      repeatMs: REPEAT_DEAD_MS,
      resolved: true,
      escalates: false,
    }));
}
const REPEAT_DEAD_MS = 4 * 60 * MINUTE;

const fitsRoute = (alert: AlertRow, { match: { severity, ...place } }: AlertRoute): boolean =>
  (severity === undefined || severity === alert.severity) && placeFits(place, alert);

const groupOf = (alert: AlertRow, { groupBy }: AlertRoute): string =>
  JSON.stringify(groupBy.map((field) => alert[field]));

function dueOf(group: Group, nowMs: number): Due | undefined {
  const { channel, groupKey, waitMs, repeatMs, resolved } = group;
  const open = group.alerts.filter(({ alert }) => alert.resolvedAt === null && alert.silenced === null);
  const over = group.alerts.filter(
    ({ alert, notice }) => resolved && alert.resolvedAt !== null && notice?.told === 'open',
  );
  const fresh = open.filter(({ notice }) => notice === undefined);
  const waited = fresh.some(({ alert }) => nowMs - Date.parse(alert.openedAt) >= waitMs);
  const alertIds = [...open, ...over].map(({ alert }) => alert.id);
  if (over.length > 0 || waited)
    return { channel, groupKey, alertIds, cause: group.escalates && waited ? 'escalation' : 'news' };
  const isDue = open.some(({ notice }) => notice !== undefined && nowMs - notice.atMs >= repeatMs);
  return isDue ? { channel, groupKey, alertIds, cause: 'repeat' } : undefined;
}
