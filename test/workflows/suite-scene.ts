import type { Simulator } from '../../simulator/start.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { temporalAddress } from '../support/temporal.ts';
import { openScene, startPartner, type Scene, type SceneOptions } from './scene.ts';

export interface SuiteScene extends Scene {
  readonly simulator: Simulator;
  readonly database: TestDatabase;
  /** For commands in processes of their own. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * A scene on the suite's servers, with a database and a namespace of its own: workers of two scenes in one namespace take each other's work, and do it
 * in the wrong database.
 */
export async function openSuiteScene(
  of: (simulatorUrl: string) => Pick<SceneOptions, 'partners' | 'targets'>,
  { latencyMs }: { readonly latencyMs: number },
): Promise<SuiteScene> {
  const [simulator, database, namespace] = await Promise.all([
    startPartner(latencyMs),
    freshDatabase(),
    freshNamespace(),
  ]);
  const place = { temporalAddress: temporalAddress(), databaseUrl: database.url, namespace };
  const scene = await openScene({ ...of(simulator.url), ...place, workflowBundle: process.env['WORKFLOW_BUNDLE'] });
  return {
    ...scene,
    simulator,
    database,
    env: {
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: place.temporalAddress,
      TEMPORAL_NAMESPACE: namespace,
      SYNCLINE_PARTNERS_DIR: scene.partnersDir,
    },
    close: async () => {
      await scene.close();
      await Promise.all([simulator.close(), database.drop()]);
    },
  };
}
