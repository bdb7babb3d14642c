import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import type { Environment } from '../../definitions/interpolate.ts';
import type { Names } from '../../messages/names.ts';

/** What looking for leftovers needs. */
export interface JanitorDeps {
  readonly pool: Pool;
  readonly names: Names;
  readonly partnersDir: string;
  readonly env: Environment;
  /** Folders of this machine where temporary files are made. */
  readonly folders: readonly string[];
  readonly now: () => number;
}

/** How Temporal is asked. It may be away. */
export type AskTemporal = <T>(work: (client: Client) => Promise<T>) => Promise<T>;
