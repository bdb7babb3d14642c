import type { CallLog } from '../core/call.ts';
import type { Spans } from '../core/spans.ts';
import type { Failpoint } from '../core/failpoint.ts';
import type { GrantLog } from '../core/grant-log.ts';
import type { Metrics } from '../core/metrics.ts';
import type { Partner } from '../definitions/definition.ts';
import type { Observation } from '../limits/watch/observe.ts';
import type { Names } from '../messages/names.ts';
import type { TargetStore } from '../store/target-store.ts';
import type { Hints } from '../store/webhooks/hints.ts';
import type { Reconciler } from '../landing/reconcile/reconciler.ts';
import type { Warehouse } from '../landing/warehouse.ts';
import type { Partners } from './access.ts';
import type { AlertsDeps } from './alerts/alerts-deps.ts';
import type { TargetsAccess } from './apply/targets-access.ts';
import type { ComparisonsDeps } from './comparisons/comparisons-deps.ts';
import type { DuplicatesDeps } from './duplicates/duplicates-deps.ts';
import type { JanitorDeps } from './janitor/janitor-deps.ts';

export interface ActivityDeps {
  readonly names: Names;
  readonly partners: Partners;
  readonly warehouse: Warehouse;
  /** Compares what partners say with what is known. */
  readonly reconciler: Reconciler;
  /** Beside the store's own tables. */
  readonly targets: TargetsAccess;
  readonly targetStore: TargetStore;
  /** What webhooks have named. */
  readonly hints: Hints;
  /** Notes the use of a partner's limits, raises alerts, and says how they stand. */
  readonly observeLimits: (partner: Partner) => Promise<Observation>;
  /** undefined: this process looks for no alerts. */
  readonly alerts?: AlertsDeps;
  /** undefined: this process looks for no duplicates. */
  readonly duplicates?: DuplicatesDeps;
  /** undefined: this process does not look for what has stayed behind. */
  readonly janitor?: JanitorDeps;
  /** undefined: this process plans no comparisons by a schedule. */
  readonly comparisons?: ComparisonsDeps;
  readonly failpoint: Failpoint;
  readonly metrics?: Metrics;
  readonly calls?: CallLog;
  readonly grants?: GrantLog;
  readonly spans?: Spans;
  readonly now: () => number;
  readonly random: () => number;
  /** The worker is leaving: grants end at the next page, so that none is fetched twice. */
  readonly draining: () => boolean;
  /** How long Temporal waits for a sign of life before it gives a grant to somebody else. */
  readonly heartbeatTimeoutMs: number;
}
