import type { Partner } from './definition.ts';

const made = new WeakMap<Partner, Map<string, Partner>>();
const owners = new WeakMap<Partner, string>();

/** The partner as a stream asks it: with the stream's own `auth`, if it has one. The same object each time. */
export function streamPartner(partner: Partner, streamName: string): Partner {
  const { auth } = partner.streams[streamName] ?? {};
  if (auth === undefined) return partner;
  const known = made.get(partner) ?? new Map<string, Partner>();
  made.set(partner, known);
  const own = known.get(streamName) ?? { ...partner, auth };
  known.set(streamName, own);
  owners.set(own, `${partner.name}/${streamName}`);
  return own;
}

/** Whose `auth` it is: the partner's name, or `partner/stream`. */
export const ownerOfAuth = (partner: Partner): string => owners.get(partner) ?? partner.name;
