import { join } from 'node:path';
import { expect } from '@jest/globals';
import { startSimulator } from '../../simulator/start.ts';
import { freshDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, uniqueName } from '../support/temporal.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { ownNamespace, type Ground } from './durable-bench.ts';
import {
  declareTargets,
  definePartnerInto,
  isCaughtUp,
  lagOf,
  runNight,
  shownBy,
  shownByStore,
  startLoader,
  startPuller,
  type TargetName,
} from './target-bench.ts';

const ROWS = 950;
const PAGE = 100;

export interface Nights {
  /** The file of `lake`. */
  readonly lake: string;
  /** Since the last one some records changed and one came. The partner is asked for each page once. */
  next(): Promise<void>;
  /** How many requests the partner saw. */
  asked(): number;
  /** Starts a process that has the target open, or would. */
  serve(): Promise<void>;
  /** Ends it as operators do. */
  leave(): Promise<void>;
  /** Whether the target has, or comes to have, all of the log; `since`: by a load after that. */
  caughtUp(since?: { readonly appliedAt: string | null }): Promise<boolean>;
  isCaughtUp(): Promise<boolean>;
  state(): Promise<{ readonly appliedAt: string | null }>;
  /** No worker has the target open: it shows what the store's table shows, which is all that the partner has. */
  expectEqual(): Promise<void>;
  close(): Promise<void>;
}

/** A partner that is read night after night, into one target; `mart`: where it is. */
export async function openNights(target: TargetName, { mart }: { readonly mart?: string } = {}): Promise<Nights> {
  const [folder, temporal, database] = [await temporaryFolder(), await testTemporal(), await freshDatabase()];
  const simulator = await startSimulator({ seed: 21, payments: ROWS });
  const ground: Ground = {
    databaseUrl: database.url,
    partnersDir: folder.path,
    simulator,
    ...(await ownNamespace(temporal.connection)),
  };
  const lake = join(folder.path, 'lake.duckdb');
  const declared = await declareTargets(ground, { lake, ...(mart === undefined ? {} : { mart }) });
  const place = { target, partner: uniqueName('nightly') };
  await definePartnerInto(ground, place.partner, [target]);
  const puller = startPuller(ground, place.partner);
  const loaders: WorkerProcess[] = [];
  const rows = (): number => simulator.truth('payments').length;
  let night = 0;
  return {
    lake,
    next: async () => {
      night += 1;
      if (night > 1) simulator.mutate({ change: ROWS / 2, add: 1 });
      const before = simulator.requests().length;
      const report = await runNight(ground, place.partner, night);
      expect(report).toMatchObject({ outcome: 'ok', counts: { fetched: rows() } });
      expect(simulator.requests().length - before).toBe(Math.ceil(rows() / PAGE));
    },
    asked: () => simulator.requests().length,
    serve: () => {
      const loader = startLoader(ground, [target]);
      loaders.push(loader);
      return loader.ready;
    },
    leave: async () => {
      for (const loader of loaders.splice(0)) expect(await loader.stop()).toBe(0);
    },
    caughtUp: (since) => eventually(() => isCaughtUp(ground, place, since), 180_000),
    isCaughtUp: () => isCaughtUp(ground, place),
    state: () => lagOf(ground, place),
    expectEqual: async () => {
      const store = await shownByStore(ground, place.partner);
      expect(store.rows).toHaveLength(rows());
      expect(await shownBy(ground, declared, place)).toEqual(store);
    },
    close: async () => {
      await Promise.all([puller, ...loaders].map((worker) => worker.kill()));
      await Promise.allSettled([simulator.close(), temporal.close(), database.drop()]);
      await folder.remove();
    },
  };
}
