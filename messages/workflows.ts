import type { ApplyTarget } from './apply-target.ts';
import type { DeliverAlert, WatchAlerts } from './watch-alerts.ts';
import type { BackfillStream } from './backfill.ts';
import type { CompareTarget } from './compare-target.ts';
import type { ChangeDuplicates, FindDuplicates } from './duplicates.ts';
import type { ExportTarget } from './export-target.ts';
import type { FollowHints } from './follow-hints.ts';
import type { GovernPartner } from './govern-partner.ts';
import type { RunJanitor } from './janitor.ts';
import type { PrunePartner } from './prune.ts';
import type { RebuildTarget } from './rebuild-target.ts';
import type { ReconcileStream, RepairStream } from './reconcile.ts';
import type { RetryStream } from './retry.ts';
import type { ScheduledCompare } from './scheduled-compare.ts';
import type { ScheduledJoin } from './scheduled-join.ts';
import type { ScheduledReconcile } from './scheduled-reconcile.ts';
import type { ScheduledSync } from './scheduled-sync.ts';
import type { SyncPartner } from './sync-partner.ts';
import type { SyncStream } from './sync-stream.ts';

/** Every workflow by the name it is started with; a test checks that workflows/index.ts has them all. */
export interface Workflows {
  readonly applyTarget: ApplyTarget;
  readonly backfillStream: BackfillStream;
  readonly changeDuplicates: ChangeDuplicates;
  readonly compareTarget: CompareTarget;
  readonly deliverAlert: DeliverAlert;
  readonly exportTarget: ExportTarget;
  readonly findDuplicates: FindDuplicates;
  readonly followHints: FollowHints;
  readonly governPartner: GovernPartner;
  readonly prunePartner: PrunePartner;
  readonly rebuildTarget: RebuildTarget;
  readonly reconcileStream: ReconcileStream;
  readonly repairStream: RepairStream;
  readonly retryStream: RetryStream;
  readonly runJanitor: RunJanitor;
  readonly scheduledCompare: ScheduledCompare;
  readonly scheduledJoin: ScheduledJoin;
  readonly scheduledReconcile: ScheduledReconcile;
  readonly scheduledSync: ScheduledSync;
  readonly syncPartner: SyncPartner;
  readonly syncStream: SyncStream;
  readonly watchAlerts: WatchAlerts;
}
