import { createHash } from 'node:crypto';
import type { Names } from './names.ts';
import type { SyncPartnerInput } from './sync-partner.ts';

const MAX_ID = 240;

/** A sync of some streams only has an id of its own, beside that of the whole partner. */
export function syncId(names: Names, { partner, streams, window, generation }: Omit<SyncPartnerInput, 'kind'>): string {
  const whole = names.partnerSyncId({ partner, window, generation });
  if (streams.length === 0) return whole;
  const named = `${whole}/only:${streams.join('+')}`;
  // Cut, two long lists could share an id, and one would join the run of the other.
  return named.length <= MAX_ID
    ? named
    : `${whole}/only:${createHash('sha256').update(named).digest('hex').slice(0, 32)}`;
}
