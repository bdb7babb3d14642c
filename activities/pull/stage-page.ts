import type { CompiledStream } from '../../definitions/compiled.ts';
import type { EncodeRow } from '../../warehouse/warehouse.ts';
import { highMark } from './high-mark.ts';
import { receivedOf } from './received.ts';
import { stageInSteps, type Staged } from './stage-records.ts';

/** A page that was fetched and parsed. */
export interface PageToStage {
  readonly stream: CompiledStream;
  readonly text: string;
  readonly records: readonly unknown[];
  /** Values of the parents of the call. */
  readonly parents: readonly string[];
  readonly receivedAtMs: number;
}

export interface StagedContent extends Staged {
  /** Greatest value of the incremental field. */
  readonly highMark: string | null;
}

/** Checks a page's records and works out what is written of them. */
export async function stagePage(page: PageToStage, encodeRow: EncodeRow): Promise<StagedContent> {
  const received = receivedOf(page);
  const { incremental } = page.stream.definition;
  const records = received.map((item) => item.record);
  return {
    ...(await stageInSteps(page.stream, received, encodeRow)),
    highMark: highMark(incremental, records, page.receivedAtMs),
  };
}
