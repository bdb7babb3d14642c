import type { StagedPage, StreamRun, Writer } from '../../core/staged.ts';
import type { StreamIds } from '../../core/stream-ids.ts';
import type { LandedStream } from '../../core/landed-stream.ts';

export interface CommitInput {
  readonly names: StreamIds;
  readonly stream: LandedStream;
  readonly run: StreamRun;
  readonly writer: Writer;
  readonly pages: readonly StagedPage[];
  readonly requests: number;
}
