import type { CallLog } from '../../core/call.ts';
import type { Failpoint } from '../../core/failpoint.ts';
import type { GrantLog } from '../../core/grant-log.ts';
import type { Metrics } from '../../core/metrics.ts';
import type { Spans } from '../../core/spans.ts';
import type { Writer } from '../../core/staged.ts';
import type { Warehouse } from '../../landing/warehouse.ts';
import type { PartnerAccess } from '../access.ts';
import type { Company } from './page-queue.ts';

export interface PullDeps {
  readonly access: PartnerAccess;
  /** Of another stream of the partner. */
  readonly accessOf: (stream: string) => Promise<PartnerAccess>;
  readonly warehouse: Warehouse;
  readonly failpoint: Failpoint;
  readonly metrics?: Metrics;
  readonly calls?: CallLog;
  /** undefined: its grants are not those of a run. */
  readonly grants?: GrantLog | undefined;
  readonly spans?: Spans;
  readonly now: () => number;
  readonly random: () => number;
  /** How many pages the writer waits for, by how long the last answer took (ms); `companyOf` if absent. */
  readonly gather?: (answerMs: number) => Company;
  /** The worker is leaving: grants end at the next page. */
  readonly draining: () => boolean;
}

export interface PullContext {
  readonly signal: AbortSignal;
  readonly writer: Writer;
  /** Epoch ms, when the grant was asked for; as it begins, if absent. */
  readonly askedAtMs?: number;
  /** Tells Temporal that the grant lives and how far it is. */
  readonly heartbeat: (progress: { readonly page: number; readonly rows: number }) => void;
}
