import { compareTarget } from '../../activities/apply/compare-target.ts';
import { STORE, target as targetDefinition } from '../../definitions/targets.ts';
import { openPool, postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import type { CompareSoFar } from '../../messages/compare-target.ts';
import { plainNames } from '../../messages/names.ts';
import { postgresTargetStore } from '../../store/target-store.ts';
import { openTarget } from '../../workers/open-target.ts';
import { partnerRegistry } from '../../workers/partner-registry.ts';

/** A process of its own that compares one table to the end, step after step: `compare-process URL DIR TARGET PARTNER STREAM RUN`. */
const [, , url = '', dir = '', declared = '', partner = '', stream = '', runId = ''] = process.argv;
const pool = openPool(url);
const now = (): number => Date.now();
const log = { info: () => {}, warn: () => {}, debug: () => {} };
const warehouse = postgresWarehouse(pool);
const partners = partnerRegistry({ names: plainNames, dir, env: {}, pool, warehouse, log, now });
const open = (name: string, of: unknown) => openTarget(name, targetDefinition.parse(of), plainNames.controlSchema);
const [store, target] = [await open(STORE, { type: 'postgres', url }), await open('lake', JSON.parse(declared))];
let soFar: CompareSoFar | null = null;
for (;;) {
  const stepped = await compareTarget(
    {
      partners,
      targets: {
        of: () => Promise.resolve(['lake']),
        open: (name) => Promise.resolve(name === STORE ? store : target),
        loads: () => Promise.resolve({ everyMs: 10_000, rows: 1000 }),
      },
      store: postgresTargetStore(pool),
    },
    { target: 'lake', partner, stream, runId, soFar },
    { signal: new AbortController().signal },
  );
  if (stepped.state !== 'more') break;
  ({ soFar } = stepped);
}
await Promise.all([store.close(), target.close(), partners.close()]);
await pool.end();
