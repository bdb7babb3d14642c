/** What a request waits for before it may be sent. `lane`: for work that goes first. `partner`: what the partner itself has said. */
export const permitWaits = ['rate', 'window', 'quota', 'concurrency', 'partner', 'lane', 'outage'] as const;
export type PermitWait = (typeof permitWaits)[number];

/** Why a run does not read: what its requests wait for, or what the time between two of its grants goes to. */
export const grantWaits = [...permitWaits, 'queue', 'paused', 'job', 'approval', 'retry', 'lost'] as const;
export type GrantWait = (typeof grantWaits)[number];

/** As it is said after "waited for". */
export const waitWords: Readonly<Record<GrantWait, string>> = {
  rate: 'the declared rate',
  window: 'a declared window',
  quota: 'a declared quota',
  concurrency: 'a slot of the declared concurrency',
  partner: 'the partner, which asked to wait',
  lane: 'more critical work, which goes first',
  outage: 'the partner, which does not answer',
  queue: 'a free worker, or the rate of its queue',
  paused: 'a person, who has paused it',
  job: 'the export that the partner makes',
  approval: 'the approval of a person',
  retry: 'the next attempt after a failure',
  lost: 'another worker, since its own ended',
};

/** Who can do something about it: limits that we keep, the partner, a person, or Syncline's own workers. */
export type WaitSide = 'limit' | 'partner' | 'person' | 'own';
export const waitSides: Readonly<Record<GrantWait, WaitSide>> = {
  rate: 'limit',
  window: 'limit',
  quota: 'limit',
  concurrency: 'limit',
  lane: 'limit',
  partner: 'partner',
  outage: 'partner',
  job: 'partner',
  paused: 'person',
  approval: 'person',
  queue: 'own',
  retry: 'own',
  lost: 'own',
};

/** How a grant ended: `more` at its limits, `stopped` by a cancellation or with its worker. */
export const grantEnds = ['more', 'done', 'deferred', 'failed', 'stopped'] as const;
export type GrantEnd = (typeof grantEnds)[number];
