import { noMetrics, type Metrics } from '../../core/metrics.ts';
import type { GrantInput } from '../../messages/grant.ts';
import type { PartnerAccess } from '../access.ts';
import type { PullDeps } from '../pull/pull-deps.ts';
import type { ActivityDeps } from '../activity-deps.ts';

type ReadingDeps = Pick<PullDeps, 'warehouse' | 'metrics' | 'access' | 'grants'>;

/**
 * What a grant of kind `reconcile` has instead: it writes to a listing, and what is counted of it are its requests. No page of it was committed, and no
 * run of the stream has ended. Where the first page tells all that is asked for, it makes no second request.
 */
export async function listingDeps(
  { reconciler, metrics = noMetrics }: Pick<ActivityDeps, 'reconciler' | 'metrics'>,
  access: PartnerAccess,
  { syncId }: Pick<GrantInput, 'syncId'>,
): Promise<ReadingDeps> {
  const { stream } = access;
  const { partner } = stream;
  return {
    warehouse: reconciler.listings,
    grants: undefined,
    metrics: { ...metrics, ...uncounted },
    access: (await reconciler.wantsCounts(syncId))
      ? { ...access, stream: { ...stream, partner: { ...partner, grant: { ...partner.grant, requests: 1 } } } }
      : access,
  };
}

/** Where the pages of a grant go. */
export async function readingDeps(
  deps: Pick<ActivityDeps, 'reconciler' | 'metrics' | 'warehouse'>,
  access: PartnerAccess,
  job: Pick<GrantInput, 'syncId' | 'kind'>,
): Promise<ReadingDeps> {
  const { reconciler, warehouse, metrics = noMetrics } = deps;
  if (job.kind === 'reconcile') return listingDeps(deps, access, job);
  if (job.kind === 'repair') return { warehouse: reconciler.repairs, metrics: { ...metrics, ...uncounted }, access };
  return { warehouse, metrics, access };
}

const nothing = (): void => {};

const uncounted: Pick<Metrics, 'streamSeen' | 'pagesCommitted' | 'streamEnded'> = {
  streamSeen: nothing,
  pagesCommitted: nothing,
  streamEnded: nothing,
};
