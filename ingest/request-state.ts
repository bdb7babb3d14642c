import type { PushedRequest } from '../store/ingest/pushed-request.ts';
import type { RequestState } from './answers.ts';

/** A request as its sender is told of it. */
export function requestState(found: PushedRequest): RequestState {
  const { counts, waiting, held, settledWaits, settledHolds, targets } = found;
  return {
    id: found.id,
    status: waiting > 0 ? 'waiting' : held > 0 ? 'quarantined' : 'applied',
    // Each of these only grows.
    version: 1 + settledWaits + settledHolds + targets.filter(({ applied }) => applied).length,
    final: waiting === 0 && held === 0 && targets.every(({ applied }) => applied),
    received_at: found.receivedAt,
    committed_at: found.committedAt,
    partner: found.partner,
    stream: found.stream,
    counts: {
      records: counts.fetched,
      inserted: counts.inserted,
      updated: counts.updated,
      unchanged: counts.unchanged,
      stale: counts.stale,
      deleted: counts.deleted,
      waited: counts.waiting,
      quarantined: counts.quarantined,
    },
    waiting,
    held,
    targets: [...targets],
  };
}

export const etagOf = ({ version }: Pick<RequestState, 'version'>): string => `"v${version}"`;
