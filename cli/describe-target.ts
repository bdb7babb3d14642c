import { ageText } from '../core/freshness.ts';
import { STORE, type TargetDefinition } from '../definitions/targets.ts';
import type { TargetLag, TargetPause } from '../store/target-states.ts';

/** Where its data is: a file, or a database without its user and password. */
export function whereOf(target: TargetDefinition): string {
  if (target.type === 'duckdb') return target.path;
  const { host, pathname } = new URL(target.url);
  return `${host}${pathname}`;
}

/** The store's own tables, which need no declaration. */
export const storeItself = {
  target: STORE,
  kind: 'postgres',
  where: "the store's own database, in each page's transaction",
} as const;

const minuteOf = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`;

/** `paused by ann since 2026-11-26 13:05 UTC: a move`. */
export const describeTargetPause = ({ by, since, reason }: TargetPause): string =>
  `paused by ${by} since ${minuteOf(since)}: ${reason}`;

/** `2 events that fit the definition no longer are left out, such as event 4: text: …`. */
export function describeLeftOut({ leftOut }: TargetLag): string | null {
  if (leftOut === null) return null;
  const { events, first } = leftOut;
  const examples = first
    .slice(0, 3)
    .map(({ event, path, reason }) => `event ${event}: ${path || 'the record'}: ${reason}`);
  const which =
    events === 1
      ? '1 event that fits the definition no longer is'
      : `${events.toLocaleString('en-US')} events that fit the definition no longer are`;
  return `${which} left out, such as ${examples.join('; ')}`;
}

/** `somebody had changed it (it is empty, …): made anew since 2026-11-26 13:05 UTC`. */
export function describeChanged({ changed }: TargetLag): string | null {
  if (changed === null) return null;
  const { how, at, anewAt } = changed;
  const then = anewAt === null ? 'one is being made anew beside it' : `made anew at ${minuteOf(anewAt)}`;
  return `somebody had changed or dropped it, as a load found at ${minuteOf(at)} (${how}): ${then}`;
}

/** `has all 1,200 events`, or `200 of 1,200 events behind, for 45m`. */
export function describeLag({ behind, lastEvent, behindSince }: TargetLag, nowMs: number): string {
  const all = lastEvent.toLocaleString('en-US');
  if (behind === 0) return `has all ${all} events`;
  const age = behindSince === null ? '' : `, for ${ageText(Math.max(0, nowMs - Date.parse(behindSince)))}`;
  return `${behind.toLocaleString('en-US')} of ${all} events behind${age}`;
}
