import { accepted, requestState, type Accepted, type RequestState } from '../answers.ts';
import type { ApiVersion } from './api-version.ts';

const id = '7d3f8c52-3b1e-4c5e-9d1a-0f6f5f0f9b1c';

const acceptedExample: Accepted = {
  id,
  status: 'accepted',
  received_at: '2026-11-24T22:15:04.118Z',
  records: 2,
  accepted: 1,
  quarantined: 1,
  items: [
    { index: 0, status: 'accepted' },
    { index: 1, status: 'quarantined', pointer: '#/1/amount', detail: 'expected number, found string' },
  ],
  links: { self: `/v1/ingest/${id}` },
};

const stateExample: RequestState = {
  id,
  status: 'waiting',
  version: 1,
  final: false,
  received_at: '2026-11-24T22:15:04.118Z',
  committed_at: '2026-11-24T22:15:04.131Z',
  partner: 'acme',
  stream: 'refunds',
  counts: { records: 1, inserted: 0, updated: 0, unchanged: 0, stale: 0, deleted: 0, waited: 1, quarantined: 0 },
  waiting: 1,
  held: 0,
  targets: [{ target: 'analytics', applied: false }],
};

/** The first version: answers as they are stored. */
export const v1: ApiVersion = {
  name: 'v1',
  changes: [],
  accepted: { schema: accepted, example: acceptedExample },
  state: { schema: requestState, example: stateExample },
};

/** The versions that are served, oldest first. */
export const apiVersions: readonly ApiVersion[] = [v1];
