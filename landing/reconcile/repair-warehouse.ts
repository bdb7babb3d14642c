import type { Pool } from 'pg';
import { readCheckpoint, writeCheckpoint } from '../../core/checkpoint.ts';
import { hashToUuid } from '../../core/page-key.ts';
import type { StagedPage } from '../../core/staged.ts';
import { keysToRepair, readRepair, type Repair } from '../../store/reconcile/repairs.ts';
import { whenAvailable } from '../../store/session/unavailable.ts';
import type { OpenedStream, OpenStream, Warehouse } from '../warehouse.ts';
import { removeExtras } from './remove-extras.ts';

/**
 * The warehouse as a grant of kind `repair` sees it: of what is read again only the records land that were found to differ, as all records do, in a run
 * of kind `fetch`, which moves no watermark and sweeps nothing. What only the store has goes at its end.
 */
export function repairWarehouse(pool: Pool, warehouse: Warehouse): Warehouse {
  const repairOf = (syncId: string): Promise<Repair> => whenAvailable(() => readRepair(pool, syncId));
  return {
    ...warehouse,
    openStream: async (input) => opened(warehouse, input, await repairOf(input.syncId)),
    commitPages: async (input) => {
      const pages = await onlyRepaired(pool, await repairOf(input.run.syncId), input.pages);
      const counts = await warehouse.commitPages({ ...input, pages });
      // All that was read counts as progress: a page without a record to repair is none that another owner has committed.
      return {
        ...counts,
        fetched: input.pages.reduce((sum, page) => sum + page.records.length + page.rejected.length, 0),
      };
    },
    finishStream: async (input) => {
      const { run, stream } = input;
      const repair = await repairOf(run.syncId);
      if (repair.kinds.includes('extra'))
        await whenAvailable(() => removeExtras(pool, { stream, run, reconciliation: repair.reconciliation }));
      return warehouse.finishStream({ ...input, nothingToRead: input.nothingToRead === true || repair.toRead === 0 });
    },
    notePollHint: () => Promise.resolve(),
  };
}

async function opened(warehouse: Warehouse, input: OpenStream, { from, to, toRead }: Repair): Promise<OpenedStream> {
  const run = await warehouse.openStream({ ...input, kind: 'fetch' });
  return {
    ...run,
    checkpoint: toRead === 0 ? { ...run.checkpoint, done: true } : run.checkpoint,
    range: from === null || to === null ? null : { from: from.toISOString(), to: to.toISOString() },
    validators: null,
    pollHint: null,
  };
}

async function onlyRepaired(pool: Pool, repair: Repair, pages: readonly StagedPage[]): Promise<readonly StagedPage[]> {
  const hashes = pages.flatMap(({ records }) => records.flatMap(({ key }) => (key === null ? [] : [hashToUuid(key)])));
  const keys = await whenAvailable(() => keysToRepair(pool, repair, hashes));
  return pages.map((page) => ({
    ...page,
    records: page.records.filter(({ key }) => key !== null && keys.has(key)),
    rejected: [],
    before: withoutTotals(page.before),
    after: withoutTotals(page.after),
    highMark: null,
    keys: null,
    validators: null,
    repair: true,
  }));
}

/** What lands is a part of what was read: nobody compares it with what the partner states. */
const withoutTotals = (text: string): string => {
  const { doubt: _, ...at } = readCheckpoint(text);
  return writeCheckpoint({ ...at, expected: null });
};
