import { randomUUID } from 'node:crypto';
import { Client } from 'pg';

/** The page that it writes: of records that the table has already, so that it adds no events. */
export interface KnownPage {
  readonly pageNo: number;
  readonly cursorIn: string | null;
  readonly cursorOut: string;
  readonly fetched: number;
  readonly bytes: number;
}

export interface WorkerOfBefore {
  /** Begins a run, by its workflow id. */
  begin(run: { readonly partner: string; readonly stream: string; readonly window: string }): Promise<void>;
  /** A transaction that has written a page and stays open. */
  write(page: KnownPage): Promise<void>;
  commit(): Promise<void>;
  end(): Promise<void>;
}

/**
 * A worker of commit 3ef18e3 as the database sees it: its connection, with the statements that it sends, prepared under
 * the names that it gives them.
 */
export async function workerOfBefore(url: string): Promise<WorkerOfBefore> {
  const client = new Client({
    connectionString: url,
    application_name: 'syncline worker 7',
    options: '-c search_path=syncline',
  });
  await client.connect();
  let run: RunRow;
  let syncId = '';
  return {
    async begin({ partner, stream, window }) {
      syncId = `sync/${partner}/${stream}/${window}`;
      const runId = `sync/${partner}/${window}`;
      await client.query(
        `insert into runs (run_id, partner, kind, window_label, generation, streams, workflow_run_id)
      values ($1, $2, $3, $4, $5, $6, $7)`,
        [runId, partner, 'nightly', window, 1, [stream], randomUUID()],
      );
      await client.query('begin');
      const { rows } = await client.query(
        `insert into streams as s (partner, name, target_schema, target_table, disposition, definition_version)
      values ($1, $2, $5, $3, $4, '')
      on conflict (partner, name) do update set target_table = excluded.target_table, disposition = excluded.disposition,
        watermark = case when s.target_table = excluded.target_table then s.watermark end
      returning stream_id, last_run, watermark, definition_version, (xmax = 0) as fresh`,
        [partner, stream, stream, 'merge', partner],
      );
      const [row] = rows;
      await client.query('update streams set last_run = $2 where stream_id = $1', [row.stream_id, row.last_run + 1]);
      await client.query(
        `insert into stream_runs (stream_id, run_no, sync_id, run_id, window_label, kind, lane, range_from, range_to,
        definition_version, state, checkpoint)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'running', $11)`,
        [
          ...[row.stream_id, row.last_run + 1, syncId, runId, window, 'nightly', 'normal'],
          ...[null, null, row.definition_version, checkpoint(null)],
        ],
      );
      await client.query('commit');
    },
    async write({ pageNo, cursorIn, cursorOut, fetched, bytes }) {
      run = await find(client, syncId);
      await client.query('begin');
      const standing = await client.query(
        `select s.last_event, s.last_page, r.checkpoint, r.state from streams s join stream_runs r using (stream_id)
      where s.stream_id = $1 and r.run_no = $2 for update`,
        [run.stream_id, run.run_no],
      );
      const { last_event: lastEvent, last_page: lastPage } = standing.rows[0];
      const pageId = Number(lastPage) + 1;
      const counts = { fetched, inserted: 0, updated: 0, unchanged: fetched, stale: 0, deleted: 0, waiting: 0 };
      const page = {
        ...{ page_key: randomUUID(), stream_id: run.stream_id, page_id: pageId, run_no: run.run_no, page_no: pageNo },
        ...{
          slice: 0,
          parents: null,
          cursor_in: cursorIn,
          cursor_out: cursorOut,
          status: 200,
          request_id: null,
          bytes,
        },
        ...{ ...counts, quarantined: 0, conflicts: 0, fetched_at: new Date().toISOString(), committed_at: null },
        ...{ workflow_run_id: randomUUID(), attempt: 1 },
      };
      const columns = `page_key, stream_id, page_id, run_no, page_no, slice, parents, cursor_in, cursor_out, status, request_id, bytes,
    fetched, inserted, updated, unchanged, stale, deleted, waiting, quarantined, conflicts, fetched_at, workflow_run_id, attempt`;
      await client.query({
        name: 'insert pages',
        text: `insert into pages (${columns}) select ${columns} from json_populate_recordset(null::pages, $1)`,
        values: [JSON.stringify([page])],
      });
      await client.query({
        name: 'advance stream',
        text: 'update streams set last_event = $2, last_page = $3 where stream_id = $1',
        values: [run.stream_id, lastEvent, pageId],
      });
      await client.query({
        name: 'advance run',
        text: `update stream_runs set checkpoint = $3, page_no = $4,
        fetched = fetched + $5, inserted = inserted + $6, updated = updated + $7, unchanged = unchanged + $8,
        stale = stale + $9, deleted = deleted + $10, waiting = waiting + $11, quarantined = quarantined + $12,
        conflicts = conflicts + $13, bytes = bytes + $14, skipped = skipped + $15, requests = requests + $16,
        high_mark = greatest(high_mark, $17), validators = coalesce($18, validators),
        not_modified = not_modified or $19, deferred_until = null, updated_at = now()
      where stream_id = $1 and run_no = $2`,
        values: [
          ...[run.stream_id, run.run_no, checkpoint(cursorOut), pageNo],
          ...[...Object.values(counts), 0, 0, bytes, 0, 1, null, null, false],
        ],
      });
    },
    async commit() {
      await client.query('commit');
    },
    end: () => client.end(),
  };
}

interface RunRow {
  readonly stream_id: number;
  readonly run_no: number;
}

const checkpoint = (cursor: string | null): string =>
  JSON.stringify({ slice: 0, parents: [], cursor, expected: null, done: false });

async function find(client: Client, syncId: string): Promise<RunRow> {
  const { rows } = await client.query<RunRow>({
    name: 'find run',
    text: `select s.name as stream, r.stream_id, r.run_no, r.checkpoint, r.range_from, r.range_to, r.definition_version, s.validators
      from stream_runs r join streams s using (stream_id) where r.sync_id = $1`,
    values: [syncId],
  });
  return rows[0] as RunRow;
}
