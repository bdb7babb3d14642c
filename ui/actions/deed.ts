import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import type { Names } from '../../messages/names.ts';
import type { Confirmation } from '../pages/confirm.ts';

export interface DeedDeps {
  readonly pool: Pool;
  readonly names: Names;
  readonly partnersDir: string;
  /** Runs some work with Temporal; fails in seconds where it does not answer. */
  readonly temporal: <T>(work: (client: Client) => Promise<T>) => Promise<T>;
}

/** What somebody wants: texts of a form. */
export interface Wanted {
  /** `acme`, or the id of a run or of a reconciliation, or the number of an approval or of a plan. */
  readonly target: string;
  readonly stream: string;
  /** A duration, of a silence. */
  readonly for: string;
  /** Any other text of the form; '' where there is none. */
  readonly field: (name: string) => string;
  readonly by: string;
  readonly reason: string;
}

export interface Deed {
  /** Where it happens; '': it is of no partner. Fails with InvalidInput where it cannot be done. */
  readonly partner: string;
  /** How it is called in the audit trail, where `target` and `stream` do not say it all. */
  readonly target?: string;
  /** Asked before it is done. */
  readonly confirm?: Confirmation;
  /** The page that shows what came of it, a path of ours; its own page when absent. */
  readonly page?: string;
  /** Does it; returns what came of it, in a sentence. */
  readonly work: () => Promise<string>;
}
