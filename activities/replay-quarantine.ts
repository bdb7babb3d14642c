import { readCheckpoint, writeCheckpoint } from '../core/checkpoint.ts';
import { InvalidInput } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import { hashToUuid } from '../core/page-key.ts';
import { dayOf } from '../core/window.ts';
import { withoutFreeze } from '../definitions/contract.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { StreamReport } from '../messages/stream-report.ts';
import type { QuarantinedRecord } from '../store/quarantine/quarantine.ts';
import type { Warehouse } from '../landing/warehouse.ts';
import { withParents } from '../records/received.ts';
import { stageRecords } from '../records/stage-records.ts';

export interface ReplayInput {
  readonly stream: CompiledStream;
  readonly held: readonly QuarantinedRecord[];
  readonly nowMs: number;
}

export interface Replayed {
  readonly report: StreamReport | null;
  /** Ids of the entries whose records fit now; they are settled. */
  readonly fitted: readonly string[];
  /** Those that still do not, and why. */
  readonly refused: readonly { readonly id: string; readonly path: string; readonly reason: string }[];
}

/**
 * Sends held records the normal path again, under the present definition: same keys, same checks, same merge; each counts as
 * received when it last came. It makes a run of its own with one page, whose key is made of the records' ids and how often
 * each was seen: done twice, it lands once.
 */
export async function replayQuarantine(warehouse: Warehouse, { stream, held, nowMs }: ReplayInput): Promise<Replayed> {
  if (stream.definition.disposition === 'replace')
    throw new InvalidInput(
      `${stream.name} is a replace: its next run reads everything again, with the present definition`,
    );
  const withPayload = held.filter((record) => record.payload !== null).toSorted((a, b) => compareIds(a.id, b.id));
  const complete = withParents(stream);
  const received = withPayload.map(({ payload, parents }) => {
    return { payload: payload as string, ascii: false, record: complete(parseJson(payload as string), parents) };
  });
  const receivedAt = new Date(nowMs).toISOString();
  const chars = received.reduce((sum, { payload }) => sum + payload.length, 0);
  const writer = warehouse.lineWriter({ receivedAt, chars, records: received.length });
  const { records, rejected } = stageRecords(withoutFreeze(stream), received, writer);
  const idOf = (ordinal: number): string => (withPayload[ordinal] as QuarantinedRecord).id;
  const refused = rejected.map(({ ordinal, path, reason }) => ({ id: idOf(ordinal), path, reason }));
  const fitting = records.map(({ ordinal }) => idOf(ordinal));
  if (records.length === 0) return { report: null, fitted: fitting, refused };

  const seen = records.map(({ ordinal }) => `${idOf(ordinal)} ${(withPayload[ordinal] as QuarantinedRecord).count}`);
  const page = hashToUuid(
    JSON.stringify(['quarantine', stream.partner.name, stream.name, stream.definitionVersion, seen]),
  );
  const opened = await warehouse.openStream({
    stream,
    syncId: `replay/${stream.partner.name}/${stream.name}/quarantine/${page}`,
    runId: null,
    windowLabel: dayOf(nowMs),
    kind: 'replay',
    lane: stream.definition.lane,
  });
  if (opened.report.state !== 'done' && !readCheckpoint(opened.checkpointText).done)
    await warehouse.commitPages({
      stream,
      run: opened.run,
      writer: { workflowRunId: '', attempt: 1 },
      requests: 0,
      pages: [
        {
          pageKey: page,
          pageNo: 1,
          slice: 0,
          parents: [],
          cursorIn: null,
          cursorOut: null,
          status: 200,
          requestId: null,
          bytes: 0,
          fetchedAt: receivedAt,
          before: opened.checkpointText,
          after: writeCheckpoint({ ...opened.checkpoint, done: true }),
          highMark: null,
          askedAt: receivedAt,
          keys: null,
          records,
          lines: writer.finish(),
          rejected: [],
          skipped: false,
          notModified: false,
          validators: null,
          replays: withPayload.map(({ id }) => id),
        },
      ],
    });
  const report = await warehouse.finishStream({ stream, run: opened.run });
  const entries = await warehouse.quarantineEntries(opened.run, fitting);
  const fitted = entries.filter(({ status }) => status === 'replayed').map(({ id }) => id);
  // PostgreSQL's own word comes after our checks.
  const still = entries.filter(({ status }) => status === 'held').map(({ id, path, reason }) => ({ id, path, reason }));
  return { report, fitted, refused: [...refused, ...still] };
}

function compareIds(a: string, b: string): number {
  const [pageA = 0, ordinalA = 0] = a.split('.').map(Number);
  const [pageB = 0, ordinalB = 0] = b.split('.').map(Number);
  return pageA - pageB || ordinalA - ordinalB;
}
