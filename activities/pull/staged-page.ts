import type { Checkpoint } from '../../core/checkpoint.ts';
import type { Answer } from '../../core/page.ts';
import { pageKey } from '../../core/page-key.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StagedPage, Warehouse } from '../../warehouse/warehouse.ts';
import type { PageContent } from './fetch-page.ts';
import { stagePage } from './stage-page.ts';

export interface PageRead {
  readonly stream: CompiledStream;
  readonly syncId: string;
  readonly page: PageContent;
  readonly answer: Answer;
  /** Where it was asked for. */
  readonly at: Checkpoint;
  readonly pageNo: number;
  /** The run's checkpoint before and after it, as texts. */
  readonly before: string;
  readonly after: string;
}

/** All that the ledger and the warehouse need of a page that was read. */
export async function stagedPage(warehouse: Pick<Warehouse, 'lineWriter'>, read: PageRead): Promise<StagedPage> {
  const { stream, syncId, page, answer, at, pageNo, before, after } = read;
  const { text, ascii, receivedAtMs } = answer;
  const fetchedAt = new Date(receivedAtMs).toISOString();
  const { records, lines, rejected, highMark } = await stagePage(
    { stream, text, ascii, records: page.records, parents: at.parents, receivedAtMs },
    warehouse.lineWriter({ receivedAt: fetchedAt, chars: text.length, records: page.records.length }),
  );
  return {
    pageKey: pageKey({
      syncId,
      stream: stream.name,
      slice: at.slice,
      parents: at.parents,
      cursor: at.cursor,
      definitionVersion: stream.definitionVersion,
    }),
    pageNo,
    slice: at.slice,
    parents: at.parents,
    cursorIn: at.cursor,
    cursorOut: page.next.cursor,
    status: answer.status,
    requestId: answer.requestId ?? null,
    bytes: answer.bytes,
    fetchedAt,
    before,
    after,
    highMark,
    records,
    lines,
    rejected,
    skipped: page.skipped,
    notModified: answer.status === 304,
    validators: page.validators,
  };
}
