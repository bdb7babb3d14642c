import { parseMicros, writeMicros } from '../core/micros.ts';
import type { Version } from './versions.ts';

/** Whose times say from when on a version holds: those that versions begin with, where they are times, or those of their arrival. */
export type ValidFrom = 'version' | 'received';

export interface ValidTimes {
  readonly from: string;
  /** null: until now. */
  readonly to: string | null;
}

/**
 * From when until when each version of a key holds; they are in their order. Each ends where the next one begins. None begins later than one that comes
 * after it: where times contradict the order, the earlier version has no time of its own (`from` is `to`).
 */
export function validTimes(versions: readonly Version[], by: ValidFrom): readonly ValidTimes[] {
  const times: ValidTimes[] = [];
  let to: string | null = null;
  for (let i = versions.length - 1; i >= 0; i--) {
    const own = ownTime(versions, i, by);
    const from: string = to !== null && isBefore(to, own) ? to : own;
    times.push({ from, to });
    to = from;
  }
  return times.toReversed();
}

/** Also of years with five digits. */
const isBefore = (a: string, b: string): boolean => (a.length === b.length ? a < b : a.length < b.length);

function ownTime(versions: readonly Version[], at: number, by: ValidFrom): string {
  const { version, receivedAt } = versions[at] as Version;
  if (by === 'received' || version === null || isOfBefore(versions, at)) return receivedAt;
  return timeOf(version) ?? receivedAt;
}

/** A deletion that names no version has that of the record, and so has one that comes again as it was: their version says nothing of when. */
function isOfBefore(versions: readonly Version[], at: number): boolean {
  const { version, gone } = versions[at] as Version;
  for (let i = at - 1; versions[i]?.version === version; i--) if (gone || versions[i]?.gone === true) return true;
  return false;
}

/** The time that a version begins with, as `core/version.ts` writes it. */
function timeOf(version: string): string | undefined {
  const plain = usual.exec(version);
  if (plain !== null) return `${plain[1]}Z`;
  // What separates the parts: `core/version.ts`.
  const first = version.split('\u0001', 1)[0]?.split(' ', 1)[0] as string;
  const micros = parseMicros(isDate.test(first) ? `${first}T00:00:00Z` : first);
  return micros === undefined ? undefined : writeMicros(micros);
}

const usual = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})000Z(?!\w)/;
const isDate = /^\d{4}-\d\d-\d\d$/;
