import type { CompiledStream } from '../../definitions/compiled.ts';
import type { LineWriter, PageLines } from '../../core/staged.ts';
import { highMark } from './high-mark.ts';
import { receivedOf } from '../../records/received.ts';
import { stageInSteps, type Staged } from '../../records/stage-records.ts';

/** A page that was fetched and parsed. */
export interface PageToStage {
  readonly stream: CompiledStream;
  readonly text: string;
  readonly ascii: boolean;
  readonly records: readonly unknown[];
  /** Where in the text they stand as they came; undefined: they were made from it. */
  readonly exactAt: string | undefined;
  /** A JSON text for each of the records that were made. */
  readonly texts?: readonly string[] | undefined;
  /** Why a record is malformed, by its index. */
  readonly faults?: ReadonlyMap<number, string> | undefined;
  /** Values of the parents of the call. */
  readonly parents: readonly string[];
  readonly receivedAtMs: number;
}

export interface StagedContent extends Staged {
  readonly lines: PageLines;
  /** Greatest value of the incremental field. */
  readonly highMark: string | null;
}

/** Checks a page's records and works out what is written of them. */
export async function stagePage(page: PageToStage, lines: LineWriter): Promise<StagedContent> {
  const received = receivedOf(page);
  const records = received.map((item) => item.record);
  return {
    ...(await stageInSteps(page.stream, received, lines)),
    lines: lines.finish(),
    highMark: highMark(page.stream, records, page.receivedAtMs),
  };
}
