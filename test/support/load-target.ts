import type { Pool } from 'pg';
import { applyTarget } from '../../activities/apply/apply-target.ts';
import { noFailpoint } from '../../core/failpoint.ts';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { plainNames } from '../../messages/names.ts';
import { postgresTargetStore } from '../../store/target-store.ts';
import type { TargetPlace } from '../../store/target-states.ts';
import { partnerRegistry } from '../../workers/partner-registry.ts';
import { targetRegistry } from '../../workers/target-registry.ts';

const quiet = { info: () => {}, warn: () => {}, debug: () => {} };
const now = (): number => Date.now();

/** Loads tables into their targets until they are caught up, as a worker does, without Temporal. */
export async function loadTargets(
  { pool, folder: dir }: { readonly pool: Pool; readonly folder: string },
  places: readonly TargetPlace[],
): Promise<void> {
  const warehouse = postgresWarehouse(pool);
  const partners = partnerRegistry({ names: plainNames, dir, env: {}, pool, warehouse, log: quiet, now });
  const targets = targetRegistry({ dir, env: {}, owner: plainNames.controlSchema, partners, now });
  const store = postgresTargetStore(pool);
  try {
    for (const place of places) {
      const { state } = await applyTarget(
        { partners, targets, store, failpoint: noFailpoint, now, draining: () => false },
        place,
        { signal: new AbortController().signal, heartbeat: () => {}, warn: () => {} },
      );
      if (state !== 'caughtUp') throw new Error(`${place.partner}.${place.stream} in ${place.target}: ${state}`);
    }
  } finally {
    await targets.close();
    await partners.close();
  }
}
