import type { Pool } from 'pg';
import { whenAvailable } from '../../store/session/unavailable.ts';
import type { Warehouse } from '../warehouse.ts';
import { bookListing, deferListing, explainListing } from './book-listing.ts';
import { commitListing } from './commit-listing.ts';
import { endListing } from './end-listing.ts';
import { listingLines } from './listing-lines.ts';
import { openListing } from './listing-row.ts';

/**
 * The warehouse as a grant of kind `reconcile` sees it: what is read is kept as a listing to compare with, and no event, no watermark, no validator
 * and no run comes of it. The rest is the warehouse's own.
 */
export function listingWarehouse(pool: Pool, warehouse: Warehouse): Warehouse {
  return {
    ...warehouse,
    lineWriter: listingLines,
    openStream: (input) => whenAvailable(() => openListing(pool, input)),
    commitPages: (input) => whenAvailable(() => commitListing(pool, input)),
    finishStream: (input) => whenAvailable(() => endListing(pool, input)),
    bookRequests: (run, uncounted) => whenAvailable(() => bookListing(pool, run, uncounted)),
    deferStream: (run, until) => whenAvailable(() => deferListing(pool, run, until)),
    explainDeferral: (wait) => whenAvailable(() => explainListing(pool, wait)),
    notePollHint: () => Promise.resolve(),
    // What its records wait for is none of its business.
    lackingNeeds: () => Promise.resolve([]),
    openFetches: () => Promise.resolve([]),
    forgetAsked: () => Promise.resolve(),
  };
}
