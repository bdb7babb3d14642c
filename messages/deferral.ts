/** Why a stream goes on later, by itself. */
export interface Deferral {
  /** ISO time. */
  readonly until: string;
  readonly cause: string;
  readonly reason: 'limit' | 'failure' | 'paused' | 'job' | 'approval';
}

export interface NotedWait extends Deferral {
  readonly partner: string;
  readonly syncId: string;
}
