import { readConfig, type Config } from '../../config/config.ts';
import { createLogger } from '../../workers/logger.ts';
import { startWorkers } from '../../workers/sync-worker.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import type { OwnPartners } from '../support/own-partner.ts';
import { temporalAddress } from '../support/temporal.ts';

export interface DuplicateWorkers {
  /** With which commands reach them. */
  readonly config: Config;
  /** Of Temporal. */
  readonly namespace: string;
  readonly stop: () => Promise<void>;
}

/** Workers of the workflow queue, for partners that are read without them: they find, apply and undo. `joined`: the namespace of others, beside whom they work. */
export async function duplicateWorkers(own: OwnPartners, joined?: string): Promise<DuplicateWorkers> {
  const namespace = joined ?? (await freshNamespace());
  const config = {
    ...readConfig({
      DATABASE_URL: own.databaseUrl,
      TEMPORAL_ADDRESS: temporalAddress(),
      TEMPORAL_NAMESPACE: namespace,
      SYNCLINE_PARTNERS_DIR: own.folder,
      SYNCLINE_HOME: own.folder,
    }),
    workflowBundle: process.env['WORKFLOW_BUNDLE'],
  };
  const workers = await startWorkers({ config, log: createLogger('silent'), roles: ['workflows'] });
  return { config, namespace, stop: () => workers.stop() };
}
