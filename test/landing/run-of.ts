import { isAscii } from 'node:buffer';
import type { Pool } from 'pg';
import { stageRecords } from '../../records/stage-records.ts';
import { start, writeCheckpoint } from '../../core/checkpoint.ts';
import type { Counts } from '../../core/counts.ts';
import { keyNumber } from '../../core/key-number.ts';
import { sweeps } from '../../core/landed-stream.ts';
import { parseJson } from '../../core/json.ts';
import type { Kind } from '../../core/names.ts';
import { pageKey } from '../../core/page-key.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import type { LineOf, StagedPage } from '../../core/staged.ts';
import type { OpenedStream, Warehouse } from '../../landing/warehouse.ts';
import type { StreamReport } from '../../messages/stream-report.ts';
import { defineStream } from '../support/define-stream.ts';

/** A run of a stream, as the pull activity drives it: pages follow one another from where the run stands. */
export interface Run {
  readonly opened: OpenedStream;
  /** Stages the page that follows; each record is a JSON text or a value. `spoil`: what our checks should have refused. */
  page(records: readonly unknown[], change?: Partial<StagedPage>, spoil?: Spoil): StagedPage;
  commit(...pages: readonly StagedPage[]): Promise<Counts>;
  /** Stages an empty last page, commits it and ends the run. */
  finish(): Promise<StreamReport>;
}

/** What is written of the record with this ordinal. */
export interface Spoil extends Partial<Pick<LineOf, 'columns' | 'payload'>> {
  readonly ordinal: number;
}

export async function runOf(
  warehouse: Warehouse,
  stream: CompiledStream,
  {
    window = '2026-11-24',
    total = null,
    kind = 'nightly',
    runId = null,
  }: {
    readonly window?: string;
    readonly total?: number | null;
    readonly kind?: Kind;
    readonly runId?: string | null;
  } = {},
): Promise<Run> {
  const syncId = `sync/${stream.partner.name}/${stream.name}/${window}`;
  const opened = await warehouse.openStream({
    stream,
    syncId,
    runId,
    windowLabel: window,
    kind,
    lane: 'normal',
  });
  let before = opened.checkpointText;
  let cursor = opened.checkpoint.cursor;
  let pageNo = opened.report.pages;

  const page = (records: readonly unknown[], change: Partial<StagedPage> = {}, spoil?: Spoil): StagedPage => {
    const received = records.map(receivedRecord);
    const receivedAt = '2026-11-25T00:00:00.000Z';
    const writer = warehouse.lineWriter({ receivedAt, chars: 100, records: records.length });
    const content = stageRecords(stream, received, {
      add: (line) => writer.add(line.ordinal === spoil?.ordinal ? { ...line, ...spoil, plain: false } : line),
    });
    pageNo += 1;
    const cursorOut = `after ${pageNo}`;
    const after = writeCheckpoint({ ...start, cursor: cursorOut });
    const staged: StagedPage = {
      pageKey: pageKey({
        syncId,
        stream: stream.name,
        slice: 0,
        parents: [],
        cursor,
        definitionVersion: stream.definitionVersion,
      }),
      pageNo,
      slice: 0,
      parents: [],
      cursorIn: cursor,
      cursorOut,
      status: 200,
      requestId: null,
      bytes: 100,
      fetchedAt: receivedAt,
      before,
      after,
      highMark: null,
      askedAt: receivedAt,
      keys: sweeps(stream) ? [...content.records, ...content.rejected].map(keyNumber) : null,
      ...content,
      lines: writer.finish(),
      skipped: false,
      notModified: false,
      validators: null,
      ...change,
    };
    before = staged.after;
    cursor = cursorOut;
    return staged;
  };
  const commit = (...pages: readonly StagedPage[]): Promise<Counts> =>
    warehouse.commitPages({
      stream,
      run: opened.run,
      writer: { workflowRunId: 'run', attempt: 1 },
      pages,
      requests: pages.length,
    });
  return {
    opened,
    page,
    commit,
    finish: async () => {
      await commit(page([], { after: writeCheckpoint({ ...start, expected: total, done: true }) }));
      return warehouse.finishStream({ stream, run: opened.run });
    },
  };
}

function receivedRecord(record: unknown): { payload: string; ascii: boolean; record: unknown } {
  const payload = typeof record === 'string' ? record : JSON.stringify(record);
  return { payload, ascii: isAscii(Buffer.from(payload)), record: parseJson(payload) };
}

/** Whole runs of the given listings, one after the other, on days of their own. */
export async function runAll(
  warehouse: Warehouse,
  stream: CompiledStream,
  listings: readonly (readonly unknown[])[],
): Promise<StreamReport[]> {
  const reports: StreamReport[] = [];
  for (const [i, records] of listings.entries()) {
    const run = await runOf(warehouse, stream, { window: `2026-01-${String(i + 1).padStart(2, '0')}` });
    await run.commit(run.page(records));
    reports.push(await run.finish());
  }
  return reports;
}

/** The target's rows without the time of loading, by event. */
export async function rowsOf(pool: Pool, stream: CompiledStream): Promise<Record<string, unknown>[]> {
  const { rows } = await pool.query<{ row: Record<string, unknown> }>(
    `select to_jsonb(t) - '_loaded_at' as row from "${stream.partner.name}"."${stream.table}" t order by _event, t.*::text`,
  );
  return rows.map(({ row }) => row);
}

/** All that the ledger holds of a stream, but for the times of writing, the names and numbers of stream and pages. */
export async function ledgerOf(pool: Pool, stream: CompiledStream): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {};
  for (const [table, order, hidden] of [
    ['streams', 'stream_id', '{stream_id,created_at,partner,target_schema,definition_version}'],
    ['stream_runs', 'run_no', '{stream_id,sync_id,started_at,updated_at,finished_at,definition_version}'],
    ['pages', 'page_id', '{stream_id,page_key,committed_at}'],
    ['events', 'event', '{stream_id}'],
    ['quarantine', 'page, ordinal', '{stream_id,quarantined_at,last_seen_at,superseded_at,definition_version}'],
  ]) {
    const { rows } = await pool.query<{ row: unknown }>(
      `select to_jsonb(t) - $2::text[] as row from ${table} t
        where stream_id = (select stream_id from streams where partner = $1) order by ${order}`,
      [stream.partner.name, hidden],
    );
    found[table as string] = rows.map(({ row }) => row);
  }
  return found;
}

/** The texts that the event log keeps, in order. */
export async function payloadsOf(pool: Pool, stream: CompiledStream): Promise<string[]> {
  const { rows } = await pool.query<{ payload: string }>(
    `select payload::text as payload from events
      where stream_id = (select stream_id from streams where partner = $1) order by event`,
    [stream.partner.name],
  );
  return rows.map(({ payload }) => payload);
}

let partners = 0;
/** A stream of a partner of its own. */
export const aStream = (definition: Partial<StreamInput> = {}, name = `acme${++partners}`): CompiledStream =>
  defineStream(definition, { name });

export const order = (id: string, v: number, text = `${id} ${v}`): unknown => ({ id, v, text });

export const idAndText = async (pool: Pool, stream: CompiledStream): Promise<[unknown, unknown][]> =>
  (await rowsOf(pool, stream)).map((row) => [row['id'], row['text']]);
