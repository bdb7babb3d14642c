import type { Authorizer } from '../http/auth.ts';
import type { PartnerClient } from '../http/client.ts';
import type { ReportProblems } from '../http/header-problems.ts';
import type { Circuit } from '../limits/circuit/circuit.ts';
import type { Limiter } from '../limits/permits/limiter.ts';
import type { Pauses } from '../limits/watch/pauses.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { StreamRun } from '../core/staged.ts';
import type { ReadParents } from '../sources/partitions.ts';

/** All that is needed to read one stream of one partner. */
export interface PartnerAccess {
  readonly stream: CompiledStream;
  readonly client: PartnerClient;
  readonly authorizer: Authorizer;
  readonly limiter: Limiter;
  readonly circuit: Circuit;
  readonly pauses: Pauses;
  readonly onHeaderProblems: ReportProblems;
  /** Reads the parent stream's values in batches, for a run that must know which of them are new; undefined for streams without a parent. */
  readonly parents: ((run: Pick<StreamRun, 'streamId' | 'runNo'> | null) => ReadParents) | undefined;
}

/** Finds a partner's definition and opens what belongs to it; the worker's implementation caches both. */
export interface Partners {
  /** Throws InvalidInput when there is no such partner or stream, or its definition does not hold. */
  readonly access: (partner: string, stream: string) => Promise<PartnerAccess>;
  readonly streams: (partner: string) => Promise<ReadonlyMap<string, CompiledStream>>;
}
