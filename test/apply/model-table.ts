import type { AppliedEvent, Taking } from '../../apply/changes-of.ts';
import { compareVersions } from '../../core/version.ts';
import { compareReceived } from '../../core/received.ts';
import type { Received } from '../../core/received.ts';

/** By key, or by event where each is a row: what a table holds after all events, one by one. */
export function modelTable(events: readonly AppliedEvent[], taking: Taking): ReadonlyMap<string, number> {
  const rows = new Map<string, AppliedEvent>();
  for (const event of events) {
    const { operation, key } = event;
    const place = key === null || taking === 'each' ? `event ${event.event}` : key;
    const held = rows.get(place);
    if (operation === 'd') rows.delete(place);
    if (operation !== 'u') continue;
    if (held === undefined || taking === 'listed' || isNewer(event, held)) rows.set(place, event);
  }
  return new Map([...rows].map(([place, { event }]) => [place, event]));
}

function isNewer({ arrival: a }: AppliedEvent, { arrival: b }: AppliedEvent): boolean {
  if (a.hash === b.hash) return false;
  if (a.version === null) return compareReceived(a.received as Received, b.received as Received) > 0;
  return compareVersions(a.version, b.version) >= 0;
}
