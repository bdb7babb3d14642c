import { HeldForApproval } from './errors.ts';

/** A wave of deletes that is held until a person has looked at it. */
export const approvalStates = ['waiting', 'approved', 'rejected', 'outdated', 'lapsed'] as const;
export type ApprovalState = (typeof approvalStates)[number];

/** `sweep`: rows that a complete listing did not have. `events`: records that say that they are gone. */
export type WaveKind = 'sweep' | 'events';

/** How many rows would go, and how many there are. */
export interface Wave {
  readonly kind: WaveKind;
  readonly gone: number;
  readonly of: number;
}

export interface Approval extends Wave {
  readonly id: number;
  readonly partner: string;
  readonly stream: string;
  /** Workflow id of the stream's run. */
  readonly syncId: string;
  readonly examples: readonly string[];
  readonly state: ApprovalState;
  /** ISO. */
  readonly askedAt: string;
  /** The run waits until then. */
  readonly until: string;
  readonly decidedBy: string | null;
  readonly decidedAt: string | null;
  readonly reason: string | null;
}

const count = (n: number): string => n.toLocaleString('en-US');

/** `3,100 of 10,000 rows would be deleted: the complete listing did not have them`. */
export const describeWave = ({ kind, gone, of }: Wave): string =>
  `${count(gone)} of ${count(of)} rows would be deleted: ${
    kind === 'sweep' ? 'the complete listing did not have them' : 'records say that they are gone'
  }`;

/** Why what a run wanted to delete was not. */
export const describeRefusal = ({ gone, kind, state, decidedBy, reason }: Approval): string => {
  const what = `${count(gone)} rows were not deleted, which ${kind === 'sweep' ? 'the listing did not have' : 'records say are gone'}`;
  if (state === 'rejected') return `${what}: rejected by ${decidedBy}: ${reason}`;
  if (state === 'lapsed') return `${what}: nobody has approved it in time`;
  return `${what}: the stream was changed since by another run, which decides anew`;
};

/** By then it has lapsed by the database's clock as well. */
const LATER_MS = 10_000;

/** Thrown by what waits. */
export const heldForApproval = (approval: Approval): HeldForApproval =>
  new HeldForApproval(`${describeWave(approval)} (\`syncline approvals show ${approval.id}\`)`, {
    resumeAt: new Date(Date.parse(approval.until) + LATER_MS).toISOString(),
  });
