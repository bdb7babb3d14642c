import type { StagedPage } from '../../core/staged.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { countsRequests } from '../../definitions/limits.ts';
import { takesPushes } from '../../definitions/takes-pushes.ts';
import { pageQueue, type PageQueue } from './page-queue.ts';

/**
 * How much may have been asked for and not be committed yet: that is what a killed worker leaves to be fetched again, and
 * what takes memory. Where the partner limits requests each one is dear: the page being written and the one being
 * fetched. Where it does not, pages that arrive during a write share the next transaction.
 */
export const IN_FLIGHT = { limited: 2, free: 16, bytes: 8 * 1024 * 1024 };

export const mostInFlight = ({ partner }: CompiledStream): number =>
  countsRequests(partner.limits) ? IN_FLIGHT.limited : IN_FLIGHT.free;

/** The pages that are fetched and not written yet. */
export const queueOf = (stream: CompiledStream): PageQueue<StagedPage> =>
  pageQueue({
    items: IN_FLIGHT.free,
    weight: IN_FLIGHT.bytes,
    weigh: (page) => page.bytes,
    ...(takesPushes(stream) ? { together: fewTogether } : {}),
  });

/**
 * So many records share a transaction where a push may wait for its end. With all that was there (16 pages of 1,000), the slowest of 100 pushes waited for
 * 784 ms (docs/speed.md).
 */
const BESIDE_PUSHES = 2000;

/** How many of the first pages go together: one at least, however large it is. */
export function fewTogether(pages: readonly StagedPage[]): number {
  let records = 0;
  const tooMany = pages.findIndex((page) => (records += page.records.length + page.rejected.length) > BESIDE_PUSHES);
  return tooMany === -1 ? pages.length : Math.max(1, tooMany);
}
