import type { Pool } from 'pg';
import { whenAvailable } from '../session/unavailable.ts';
import { dueWork, hintDone, hintRefused, nextDue, type DueWork } from './work.ts';

/** A record that a webhook has named, and that is to be fetched. */
export type Hint = Pick<DueWork, 'kind' | 'stream' | 'key' | 'webhook' | 'noted' | 'attempts'>;

export interface Hints {
  due(partner: string, limit: number): Promise<readonly Hint[]>;
  /** When the next one is due, ISO; undefined: none is open. */
  next(partner: string): Promise<string | undefined>;
  done(partner: string, hint: Hint): Promise<void>;
  /** `again`: ms; undefined: it is left to a person. */
  refused(
    partner: string,
    hint: Hint,
    why: { readonly reason: string; readonly again: number | undefined },
  ): Promise<void>;
}

export const postgresHints = (pool: Pool): Hints => ({
  due: (partner, limit) => whenAvailable(() => dueWork(pool, { partner, kind: 'hint', limit })),
  next: (partner) => whenAvailable(() => nextDue(pool, partner)),
  done: (partner, hint) => whenAvailable(() => hintDone(pool, { ...hint, partner })),
  refused: (partner, hint, why) => whenAvailable(() => hintRefused(pool, { ...hint, ...why, partner })),
});
