import type { Part } from '../../core/checkpoint.ts';
import type { Answer } from '../../core/page.ts';
import { keyNumber } from '../../core/key-number.ts';
import { sweeps } from '../../core/landed-stream.ts';
import { pageKey } from '../../core/page-key.ts';
import { readPartnerClock } from '../../http/partner-clock.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StagedPage } from '../../core/staged.ts';
import type { Warehouse } from '../../landing/warehouse.ts';
import type { PageContent } from './page-asked.ts';
import { sourceOf } from '../../sources/source-of.ts';
import { stagePage } from './stage-page.ts';

export interface PageRead {
  readonly stream: CompiledStream;
  readonly syncId: string;
  readonly page: PageContent;
  readonly answer: Answer;
  /** Where it was asked for. */
  readonly at: Part;
  readonly pageNo: number;
  /** The run's checkpoint before and after it, as texts. */
  readonly before: string;
  readonly after: string;
}

/** The partner's own time stands in its records, so that a clock of theirs that is behind ours counts. */
function askedAt({ headers, receivedAtMs, durationMs }: Answer): string {
  const theirsMs = readPartnerClock(headers, receivedAtMs) ?? receivedAtMs;
  return new Date(Math.min(theirsMs, receivedAtMs) - durationMs).toISOString();
}

/** All that the ledger and the warehouse need of a page that was read. */
export async function stagedPage(warehouse: Pick<Warehouse, 'lineWriter'>, read: PageRead): Promise<StagedPage> {
  const { stream, syncId, page, answer, at, pageNo, before, after } = read;
  const { ascii, receivedAtMs } = answer;
  const fetchedAt = new Date(receivedAtMs).toISOString();
  const { exactAt, texts, faults, chars } = page;
  // A part of an answer has the texts of its records with it.
  const text = chars === undefined || exactAt !== undefined ? answer.text : '';
  const { records, lines, rejected, highMark } = await stagePage(
    { stream, text, ascii, records: page.records, exactAt, texts, faults, parents: at.parents, receivedAtMs },
    warehouse.lineWriter({ receivedAt: fetchedAt, chars: chars ?? text.length, records: page.records.length }),
  );
  return {
    pageKey: pageKey({
      syncId,
      stream: stream.name,
      slice: at.slice,
      parents: at.parents,
      cursor: at.cursor,
      definitionVersion: stream.definitionVersion,
      restarts: at.restarts,
    }),
    pageNo,
    slice: at.slice,
    parents: at.parents,
    cursorIn: at.cursor,
    cursorOut: page.next.cursor,
    status: answer.status,
    requestId: answer.requestId ?? null,
    bytes: chars ?? answer.bytes,
    fetchedAt,
    before,
    after,
    highMark,
    askedAt: askedAt(answer),
    keys: sweeps(stream) || sourceOf(stream).statesTotal === true ? [...records, ...rejected].map(keyNumber) : null,
    records,
    lines,
    rejected,
    anew: at.restarts !== undefined && at.cursor === null,
    refused: page.refused !== undefined,
    skipped: page.skipped,
    notModified: answer.status === 304,
    validators: page.validators,
  };
}
